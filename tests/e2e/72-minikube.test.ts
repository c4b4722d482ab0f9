import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MinikubeStartArgs, minikubeStartArgs } from "../../components/cluster/minikube/start";
import { parseSettings } from "../../infra/config";
import { buildKit, buildTools, ensureDocker, type Kit } from "../../infra/offline/kit";
import { debian } from "../../infra/offline/kit/components";
import { run } from "../../infra/offline/kit/run";
import { versions } from "../../components/versions";
import { execute } from "./support/execute";
import { root } from "./support/names";
import { nodeArguments } from "../../components/project";
import { patiently } from "./support/patience";
import { figure } from "./support/stack";
import { timed, until } from "./support/wait";

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

    async function dryRun(args: string[]): Promise<{ code: number; output: string }> {
        // Root needs --force for the docker driver, whatever else is asked.
        const all = [...args, "--dry-run", ...(process.getuid?.() === 0 ? ["--force"] : [])];
        const env = { MINIKUBE_HOME: home, TMPDIR: home, MINIKUBE_IN_STYLE: "false" };
        for (let tries = 1; ; tries++) {
            const { code, stdout, stderr } = await execute(minikube, all, { env });
            const output = `${stdout}${stderr}`;
            // It gives Docker a few seconds to answer.
            if (code === 0 || tries === 5 || !/DEADLINE|deadline exceeded|timed out/.test(output)) return { code, output };
        }
    }
});

describe("a cluster of the kit's by minikube", () => {
    const profile = "landfall-e2e-minikube";
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-minikube-"));
    const kubeconfig = path.join(home, "kubeconfig");
    const image = "landfall.local/minikube-e2e:1"; // named as those that the program builds
    const own = "landfall.local/gone_minikube-e2e";
    let kit: Kit;
    let env: Record<string, string>;

    beforeAll(async () => {
        kit = await buildKit(console.log, "minikube");
        const settings = { name: profile, memory: "2Gi", http: 18081, https: 18444, ...kit.settings };
        env = {
            ...kit.env,
            LANDFALL_HOME: home,
            MINIKUBE_HOME: home,
            CLUSTER_NAME: profile,
            CLUSTER_OWNER: "landfall/e2e",
            CLUSTER_CONFIG: JSON.stringify(minikubeStartArgs(cluster(settings))),
            INCARNATION: "one",
            REVISION: "0",
            MAY_START: "true",
        };
        figure("minikube's cluster", `${await timed(async () => fs.writeFileSync(kubeconfig, await script("create")))} s`);
    });

    afterAll(async () => {
        if (env) await script("delete");
        await execute("docker", ["rmi", image, `${own}:1`]);
        fs.rmSync(home, { recursive: true, force: true });
    });

    it("has a node of the kit's version, and all that minikube puts on it runs", async () => {
        const version = "jsonpath={.items[*].status.nodeInfo.kubeletVersion}";
        expect(await patiently(() => kubectl(["get", "nodes", "--output", version]))).toBe(versions.kubernetes);
        // One that is replaced while it is waited for is gone.
        await until("the pods of kube-system", () =>
            kubectl(["wait", "--for=condition=Ready", "pods", "--all", "--namespace=kube-system", "--timeout=180s"]), 600);
        await until("the node's metrics", async () => (await kubectl(["top", "nodes"])).includes(profile), 600);
        expect(JSON.parse(await script("status"))).toMatchObject({ incarnation: "one", started: false });
    });

    it("runs an image of this computer, with a volume on the node's disk", async () => {
        await run("docker", ["tag", debian.image, image]);
        await script("load-image", { IMAGE: image });
        await patiently(() => kubectl(["apply", "--filename=-"], JSON.stringify({
            apiVersion: "v1",
            kind: "List",
            items: [{
                apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "data" },
                spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
            }, {
                apiVersion: "v1", kind: "Pod", metadata: { name: "writer" },
                spec: {
                    containers: [{
                        name: "writer", image, imagePullPolicy: "Never",
                        command: ["sh", "-c", "until getent hosts kubernetes.default; do sleep 1; done; findmnt --noheadings -o FSTYPE -T /data"],
                        volumeMounts: [{ name: "data", mountPath: "/data" }],
                    }],
                    restartPolicy: "Never",
                    volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
                },
            }],
        })));
        await patiently(() => kubectl(["wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/writer", "--timeout=600s"]));
        const written = await patiently(() => kubectl(["logs", "writer"]));
        expect(written).toMatch(/kubernetes\.default\.svc\.cluster\.local/);
        expect(written).not.toContain("tmpfs");
    });

    it("removes the images of an environment that is gone, and no other name of the same image", async () => {
        await run("docker", ["tag", debian.image, `${own}:1`]);
        await script("load-image", { IMAGE: `${own}:1` });
        const images = async () => (await run("minikube", ["image", "ls", "--profile", profile], { env })).split("\n").filter(name => name.startsWith("landfall.local/")).sort();
        expect(await images()).toEqual([`${own}:1`, image]);
        await script("unload-images", { REPOSITORY: own });
        expect(await images()).toEqual([image]);
    });

    it("is gone once it is deleted", async () => {
        await script("delete");
        const left = ["container", "volume"].map(what =>
            run("docker", [what, "ls", ...(what === "container" ? ["--all"] : []), "--quiet", "--filter", `name=${profile}`]));
        expect(await Promise.all(left)).toEqual(["", ""]);
    });

    /** Runs a script of the target as the program does, and returns what it prints. */
    function script(name: string, more: Record<string, string> = {}): Promise<string> {
        const file = path.join(root, `components/cluster/minikube/${name}.ts`);
        return run(process.execPath, [...nodeArguments(file), file], { env: { ...env, ...more } });
    }

    function kubectl(args: string[], input?: string): Promise<string> {
        return run("kubectl", ["--kubeconfig", kubeconfig, ...args], { env, input });
    }
});

/** The settings as the program completes them. */
function cluster(settings: Record<string, unknown>): MinikubeStartArgs {
    // Of several nodes none can share its volumes.
    const app = { web: { replicas: { min: 1, max: 1 }, uploads: { accessMode: "ReadWriteOnce" } } };
    const { cluster } = parseSettings({ cluster: { target: "minikube", ...settings }, app }, "e2e");
    if (cluster.target !== "minikube") throw new Error(`The target is ${cluster.target}`);
    return cluster;
}
