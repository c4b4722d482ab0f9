import type * as k8s from "@kubernetes/client-node";
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import * as yaml from "yaml";
import { Cluster } from "./support/kubernetes";
import { root } from "./support/names";
import { type Ended, npm, startNpm } from "./support/npm";
import { commandEnvironment } from "./support/suite";

const stack = "names-e2e";
const namespace = "development";
const suite = inject("suite");
const environment = { ...commandEnvironment(suite), LANDFALL_HOME: path.join(suite.directory, "names") };
const file = path.join(root, `Pulumi.${stack}.yaml`);
const one = { replicas: { min: 1, max: 1 }, cpu: { request: "50m", limit: "1" } };

function writeStack(front: object = {}, back: object = {}): void {
    const config = {
        "landfall:cluster": { target: "kind", name: "landfall-e2e-names", nodes: 1, http: 18890, https: 18853 },
        "landfall:environment": { name: namespace, host: "names.localhost" },
        "landfall:app": {
            type: "services", compose: "tests/e2e/fixtures/names/compose.yaml",
            services: { front: { ...one, ...front }, back: { ...one, ...back }, stranger: one },
        },
    };
    const kept = fs.existsSync(file) ? yaml.parse(fs.readFileSync(file, "utf8")) as object : {};
    fs.writeFileSync(file, yaml.stringify({ ...kept, config }));
}

const start = (): Promise<Ended> => startNpm(["start", "--", "--stack", stack], environment).ended;

describe("a service of a Compose file with several names", () => {
    let cluster: Cluster;
    let up: Ended;

    const ask = async (from: string, address: string): Promise<string> => {
        const program = "import sys, urllib.request\n"
            + "try: print(urllib.request.urlopen(sys.argv[1], timeout=5).status, end='')\nexcept Exception as error: print(error, end='')\n";
        return (await cluster.exec(await cluster.readyPod(from, namespace), "python3", "-c", program, address)).stdout;
    };

    beforeAll(async () => {
        writeStack();
        up = await start();
        if (up.code !== 0) throw new Error(`npm start ended with code ${up.code}; what it printed is above.`);
        cluster = Cluster.of(path.join(environment.LANDFALL_HOME, stack, "kubeconfig"));
    });

    afterAll(async () => {
        const { code } = await npm(["run", "-s", "down", "--", "--yes", "--stack", stack], environment);
        fs.rmSync(file, { force: true });
        expect(code).toBe(0);
    });

    it.each(["back", "store", "STORE", "api", "database", "the-back"])("answers as %s, at the port of its container and at 80", async name => {
        expect(await ask("front", `http://${name}:8000/get`)).toBe("200");
        expect(await ask("front", `http://${name}/get`)).toBe("200");
    });

    it("doesn't answer a service that isn't in its network, under any name", async () => {
        for (const name of ["back", "api"]) expect(await ask("stranger", `http://${name}:8000/get`), name).toMatch(/timed out|Connection refused/);
        expect(await ask("stranger", "http://nobody:8000/get")).toContain("Name or service not known");
    });

    it("hands a name over to the stack's own database, which has it from then on", async () => {
        writeStack({ database: true }, { networkAliases: ["api"] });
        expect((await start()).code).toBe(0);
        const { items }: k8s.V1ServiceList = await cluster.core.listNamespacedService({ namespace });
        const selected = Object.fromEntries(items.map(({ metadata, spec }) => [metadata?.name, spec?.selector?.["app.kubernetes.io/name"]]));
        expect(selected).toEqual({ api: "back", back: "back", database: "database", front: "front", stranger: "stranger" });
        const { code, stdout } = await npm(["run", "-s", "status", "--", "--stack", stack], environment);
        expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("All is well.") });
    });
});
