import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import * as yaml from "yaml";
import { Load } from "./support/load";
import { root } from "./support/names";
import { type Ended, npm, startNpm } from "./support/npm";
import { ask, type Site } from "./support/site";
import { figure } from "./support/stack";
import { commandEnvironment } from "./support/suite";
import { until } from "./support/wait";

const stack = "compose-e2e";
const host = "httpbin.localhost";
const ports = { http: 18886, https: 18849 };
const suite = inject("suite");
const environment = { ...commandEnvironment(suite), LANDFALL_HOME: path.join(suite.directory, "compose") };
const file = path.join(root, `Pulumi.${stack}.yaml`);

/** A cluster of its own, with the application of this Compose file. */
function writeStack(more: object = {}): void {
    fs.writeFileSync(file, yaml.stringify({
        config: {
            "landfall:cluster": { target: "kind", name: "landfall-e2e-compose", nodes: 1, ...ports },
            "landfall:environment": { name: "development", host },
            "landfall:app": {
                type: "services", compose: "tests/e2e/fixtures/httpbin/compose.yaml",
                services: { httpbin: { replicas: { min: 2, max: 4 }, ...more } },
            },
        },
    }));
}

const site: Site = {
    host, ...ports, address: `https://${host}:${ports.https}`,
    ca: () => fs.readFileSync(path.join(environment.LANDFALL_HOME, stack, "ca.crt"), "utf8"),
};

describe("a program that nobody here wrote, from its Compose file", () => {
    let up: Ended;

    beforeAll(async () => {
        writeStack();
        up = await startNpm(["start", "--", "--stack", stack], environment).ended;
        if (up.code !== 0) throw new Error(`npm start ended with code ${up.code}; what it printed is above.`);
        figure("an application from a Compose file, on a cluster of its own", `${up.seconds} s`);
    });

    afterAll(async () => {
        const { code } = await npm(["run", "down", "--", "--stack", stack, "--yes"], environment);
        fs.rmSync(file, { force: true });
        expect(code).toBe(0);
    });

    it("answers over HTTPS at the address that npm start prints, and npm start tells what the file says in vain", async () => {
        expect(up.output).toContain(`The site answers at ${site.address}`);
        expect(up.output).toContain("tests/e2e/fixtures/httpbin/compose.yaml:5: services.httpbin.ports 8000:8000: people reach port 8000 over HTTPS");
        expect(JSON.parse((await ask({ path: "/get" }, site)).text)).toMatchObject({ url: `${site.address}/get` });
    });

    it("loses no request while it is updated", async () => {
        const load = new Load("requests during an update from a Compose file", site, 300, undefined, { paths: ["/get", "/bytes/20000", "/delay/1"], perSecond: 5 });
        writeStack({ environment: { REVISION: "2" } });
        const { code, output } = await startNpm(["start", "--", "--stack", stack], environment).ended;
        expect(code).toBe(0);
        expect(output).toContain("Deployment httpbin updated");
        expect(await load.end()).toEqual([]);
    });

    it("gets more pods in a spike, and loses no request", async () => {
        const loads = ["/bytes/50000", "/headers"].map((each, index) => new Load(`requests in a spike ${index}`, site, 300, undefined, { paths: [each], perSecond: 60 }));
        await until("more pods in a spike", async () => {
            const { parts } = JSON.parse((await npm(["run", "-s", "status", "--", "--stack", stack, "--json"], environment)).stdout) as { parts: { name: string; ready: number }[] };
            return parts.some(({ name, ready }) => name === "httpbin" && ready > 2);
        }, 120);
        expect((await Promise.all(loads.map(load => load.end()))).flat()).toEqual([]);
    });
});
