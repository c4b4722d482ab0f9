import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MinikubeStartArgs, minikubeStartArgs } from "../../components/cluster/minikube/start";
import { parseSettings } from "../../infra/config";
import { buildTools, ensureDocker } from "../../infra/offline/kit";
import { execute } from "./support/execute";

describe("minikube", () => {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-minikube-"));
    let minikube: string;

    beforeAll(async () => {
        minikube = path.join(await buildTools(console.log, ["minikube"]), "minikube");
        await ensureDocker(console.log);
    });

    afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

    it.each<[string, Record<string, unknown>]>([
        ["the least that a user writes", {}],
        ["all settings", {
            name: "landfall-e2e-minikube", driver: "docker", nodes: 2, kubernetesVersion: "v1.34.0", cpus: 2,
            memory: "3Gi", http: 18081, https: 18444,
        }],
    ])("accepts our arguments for %s", async (_, settings) => {
        const { code, output } = await dryRun(minikubeStartArgs(cluster(settings)));
        expect(output).toMatch(/dry-run/);
        expect({ code, output }).toEqual({ code: 0, output });
    });

    it.each<[string, RegExp, (args: string[]) => string[]]>([
        ["an unknown flag", /unknown flag: --port-mapping/, args => args.map(arg => {
            return arg === "--ports" ? "--port-mapping" : arg;
        })],
        ["a quantity as Kubernetes writes it", /Unable to parse memory '4Gi'/, args => args.map((arg, i) => {
            return args[i - 1] === "--memory" ? "4Gi" : arg;
        })],
        ["an unknown driver", /driver .*hyperdrive.* is not supported/, args => args.map((arg, i) => {
            return args[i - 1] === "--driver" ? "hyperdrive" : arg;
        })],
    ])("refuses %s", async (_, message, change) => {
        const { code, output } = await dryRun(change(minikubeStartArgs(cluster({}))));
        expect(code).not.toBe(0);
        expect(output).toMatch(message);
    });

    /** The settings as the program completes them. */
    function cluster(settings: Record<string, unknown>): MinikubeStartArgs {
        const { cluster } = parseSettings({ cluster: { target: "minikube", ...settings } }, "e2e");
        if (cluster.target !== "minikube") throw new Error(`The target is ${cluster.target}`);
        return cluster;
    }

    async function dryRun(args: string[]): Promise<{ code: number; output: string }> {
        // Root needs --force for the docker driver, whatever else is asked.
        const all = [...args, "--dry-run", ...(process.getuid?.() === 0 ? ["--force"] : [])];
        const env = { MINIKUBE_HOME: home, TMPDIR: home, MINIKUBE_IN_STYLE: "false" };
        const { code, stdout, stderr } = await execute(minikube, all, { env });
        return { code, output: `${stdout}${stderr}` };
    }
});
