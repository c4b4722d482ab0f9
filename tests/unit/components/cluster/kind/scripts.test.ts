import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type KindConfig, renderKindConfig, sharedDirectory } from "../../../../../components/cluster/kind/config";
import { FakeComputer, Result } from "../../../fixtures/cluster-fakes";

const scripts = "components/cluster/kind";
const name = "landfall-test";
const owner = "landfall/test";

// The fakes are files with a #! line.
describe.skipIf(process.platform === "win32")("kind's scripts", () => {
    let computer: FakeComputer;
    beforeEach(() => void (computer = new FakeComputer()));
    afterEach(() => computer.dispose());

    const environment = (incarnation: string, { nodes = 2 } = {}) => ({
        CLUSTER_NAME: name,
        CLUSTER_OWNER: owner,
        CLUSTER_CONFIG: renderKindConfig({
            nodes, image: "kindest/node:v1", http: 8080, https: 8443, data: `~/.landfall/${name}/volumes`,
        }),
        INCARNATION: incarnation,
        MAY_START: "true",
    });
    const run = (script: string, settings: Record<string, string>): Result =>
        computer.run(`${scripts}/${script}.ts`, settings);
    const create = (incarnation: string, size?: { nodes: number }): Result =>
        run("create", environment(incarnation, size));
    const status = (size?: { nodes: number }) => {
        const { code, stdout, stderr } = run("status", environment("unused", size));
        if (code !== 0) throw new Error(stderr);
        return JSON.parse(stdout) as { incarnation?: string; started?: boolean; warnings?: string[] };
    };
    const made = (): number => computer.calls("kind").filter(({ args }) => args[0] === "create").length;

    test("create makes the cluster and prints nothing but its kubeconfig", () => {
        const result = create("one");
        expect(result).toEqual({ code: 0, stdout: `kubeconfig of ${name}\n`, stderr: "" });
        expect(computer.state.nodes.map(node => node.role)).toEqual(["control-plane", "worker"]);
        expect(status()).toEqual({ incarnation: "one", started: false });
    });

    test("kind's own storage is removed from a new cluster only", () => {
        const removals = () => computer.calls("docker").filter(({ args }) => args[0] === "exec" && args.includes("delete"));
        create("one");
        expect(removals()).toHaveLength(1);
        expect(removals()[0].args).toEqual(expect.arrayContaining(["storageclass/standard", "namespace/local-path-storage"]));
        create("one");
        expect(removals()).toHaveLength(1);
    });

    test("a system pod that is replaced isn't waited for any longer than its successor", () => {
        computer.change(state => { state.behave.replaced = 2; });
        expect(create("one").code).toBe(0);
        const waits = computer.calls("docker").filter(({ args }) => args.includes("wait"));
        expect(waits).toHaveLength(3);
        for (const { args } of waits) expect(Number(/^--timeout=(\d+)s$/.exec(args.at(-1) ?? "")?.[1])).toBeLessThanOrEqual(10);
    });

    test("the user's kubeconfig stays as it is, and no program gets the passphrase", () => {
        create("one");
        run("delete", environment("one"));
        for (const { args, passphrase } of computer.calls()) {
            expect(passphrase).toBeUndefined();
            if (args[0] === "create" || args[0] === "delete") {
                expect(args).toContain("--kubeconfig");
                expect(fs.existsSync(args[args.indexOf("--kubeconfig") + 1])).toBe(false);
            }
        }
        expect(fs.existsSync(computer.environment.KUBECONFIG as string)).toBe(false);
    });

    test("a busy computer has three minutes where kubeadm allows one", () => {
        create("one");
        const patches = (computer.state.config as unknown as { kubeadmConfigPatches: string[] }).kubeadmConfigPatches;
        expect(patches.map(patch => JSON.parse(patch) as unknown)).toEqual(["InitConfiguration", "JoinConfiguration"].map(kind =>
            ({ kind, timeouts: expect.objectContaining({ kubernetesAPICall: "3m0s" }) as unknown })));
    });

    test("~/.landfall in the config is this user's directory, with its spaces", () => {
        create("one");
        const mounts = computer.state.config?.nodes.flatMap(node => node.extraMounts)
            .filter(({ containerPath }) => containerPath === sharedDirectory).map(({ hostPath }) => hostPath);
        const volumes = path.join(computer.home, name, "volumes");
        expect(mounts).toEqual([volumes, volumes]);
        expect(fs.statSync(volumes).isDirectory()).toBe(true);
    });

    describe("Secrets at rest", () => {
        const directory = () => path.join(computer.home, name, "encryption");
        const key = () => (JSON.parse(fs.readFileSync(path.join(directory(), "config.json"), "utf8")) as {
            resources: [{ resources: string[]; providers: [{ secretbox: { keys: [{ secret: string }] } }, object] }];
        }).resources[0];

        test("are encrypted with a key of their own, which only this user can read", () => {
            create("one");
            expect(key()).toEqual({ resources: ["secrets"], providers: [
                { secretbox: { keys: [{ name: "key1", secret: expect.any(String) as string }] } }, { identity: {} },
            ] });
            expect(Buffer.from(key().providers[0].secretbox.keys[0].secret, "base64")).toHaveLength(32);
            expect(fs.statSync(directory()).mode & 0o777).toBe(0o700);
            expect(fs.statSync(path.join(directory(), "config.json")).mode & 0o777).toBe(0o600);
        });

        test("have their key on the control plane alone, and the API server reads it there", () => {
            create("one");
            const [controlPlane, worker] = (computer.state.config as unknown as KindConfig).nodes;
            const mount = controlPlane.extraMounts.find(({ hostPath }) => hostPath === directory())!;
            expect(mount.readOnly).toBe(true);
            expect(worker.extraMounts.map(({ hostPath }) => hostPath)).not.toContain(directory());
            const patches = controlPlane.kubeadmConfigPatches!.map(patch => JSON.parse(patch) as object);
            // Both are of one kind, which kind merges: nodes without a taint, and the patches of static pods.
            expect(patches).toContainEqual({ kind: "InitConfiguration", nodeRegistration: { taints: [] } });
            expect(patches).toContainEqual({ kind: "InitConfiguration", patches: { directory: `${mount.containerPath}/patches` } });
            const apiServer = JSON.parse(fs.readFileSync(path.join(directory(), "patches/kube-apiserver+json.json"), "utf8")) as object[];
            expect(apiServer[0]).toMatchObject({ value: `--encryption-provider-config=${mount.containerPath}/config.json` });
        });

        test("keep their key while the cluster lives, and a new cluster has another", () => {
            create("one");
            const before = key();
            create("one");
            status();
            expect(key()).toEqual(before);
            create("two", { nodes: 3 });
            expect(key()).not.toEqual(before);
        });

        test("a cluster from before keeps running without", () => {
            create("one");
            fs.rmSync(directory(), { recursive: true });
            computer.change(state => { state.nodes[0].mounts = state.nodes[1].mounts; });
            expect(status()).toEqual({ incarnation: "one", started: false });
            create("one");
            expect(made()).toBe(1);
        });

        test("lose their key with the cluster, also one that couldn't be made", () => {
            create("one");
            run("delete", environment("one"));
            expect(fs.existsSync(directory())).toBe(false);
            computer.change(state => void (state.behave.kind = "fail"));
            create("two");
            expect(fs.existsSync(directory())).toBe(false);
        });
    });

    test("without a record no cluster is found, and Docker isn't asked", () => {
        computer.remove("docker");
        expect(status()).toEqual({});
    });

    test("a second create adopts a complete cluster of the same incarnation", () => {
        create("one");
        expect(create("one").stdout).toBe(`kubeconfig of ${name}\n`);
        expect(made()).toBe(1);
    });

    test("a stopped cluster is started, at program start and by create, but not by a preview", () => {
        create("one");
        const stop = (): void => computer.change(state => state.nodes.forEach(node => (node.running = false)));
        stop();
        const preview = run("status", { ...environment("unused"), MAY_START: "false" });
        expect(JSON.parse(preview.stdout)).toEqual({ incarnation: "one", started: false });
        expect(computer.state.nodes.some(node => node.running)).toBe(false);
        expect(status()).toEqual({ incarnation: "one", started: true });
        stop();
        expect(create("one").stdout).toBe(`kubeconfig of ${name}\n`);
        expect(computer.state.nodes.every(node => node.running)).toBe(true);
        expect(made()).toBe(1);
    });

    test("a node that was paused goes on, but not for a preview", () => {
        create("one");
        computer.change(state => void (state.nodes[1].paused = true));
        expect(JSON.parse(run("status", { ...environment("unused"), MAY_START: "false" }).stdout)).toEqual({ incarnation: "one", started: false });
        expect(computer.state.nodes[1].paused).toBe(true);
        expect(status()).toEqual({ incarnation: "one", started: true });
        expect(computer.state.nodes[1].paused).toBe(false);
    });

    test("a cluster deleted by hand is not found, and created again", () => {
        create("one");
        computer.change(state => void (state.nodes = []));
        expect(status()).toEqual({});
        expect(run("delete", environment("one")).code).toBe(0);
        expect(create("two").code).toBe(0);
        expect(status().incarnation).toBe("two");
    });

    test("a cluster that lost a node by hand is not found", () => {
        create("one");
        computer.change(state => void state.nodes.pop());
        expect(status()).toEqual({});
    });

    test("a changed config is not found, and create replaces the cluster", () => {
        create("one");
        expect(status({ nodes: 3 })).toEqual({});
        expect(create("two", { nodes: 3 }).code).toBe(0);
        expect(computer.state.nodes).toHaveLength(3);
        expect(status({ nodes: 3 }).incarnation).toBe("two");
    });

    test("what an interrupted run left is deleted and created again", async () => {
        computer.change(state => void (state.behave.kind = "hang"));
        await computer.interrupt(`${scripts}/create.ts`, environment("one"), "hanging");
        expect(computer.state.nodes).toHaveLength(2);
        expect(status()).toEqual({});

        computer.change(state => void (state.behave = {}));
        expect(create("two").code).toBe(0);
        expect(made()).toBe(2);
        expect(status().incarnation).toBe("two");
    });

    test("someone else's cluster of the same name is refused and not touched", () => {
        const role = "control-plane";
        const theirs = { cluster: name, name: `${name}-${role}`, role, running: true, api: true };
        computer.change(state => void state.nodes.push({ ...theirs, mounts: ["/var"], images: [] }));
        const before = computer.state.nodes;
        const result = create("one");
        expect(result.code).toBe(1);
        expect(result.stderr).toMatch(/landfall-test that Landfall did not make; it is left alone.*-test-2/s);
        expect(status()).toEqual({});
        expect(run("delete", environment("one")).code).toBe(0);
        expect(computer.state.nodes).toEqual(before);
    });

    test("a cluster made by hand in place of ours is refused and not touched", () => {
        create("one");
        computer.change(state => state.nodes.forEach(node => (node.mounts = ["/var"])));
        const before = computer.state.nodes;
        expect(status()).toEqual({});
        run("delete", environment("one"));
        expect(create("two").stderr).toMatch(/did not make/);
        expect(computer.state.nodes).toEqual(before);
    });

    test("another stack's cluster is refused and not touched", () => {
        create("one");
        const other = { ...environment("two"), CLUSTER_OWNER: "landfall/other" };
        expect(run("create", other).stderr).toMatch(/belongs to the stack landfall\/test, not to landfall\/other/);
        expect(JSON.parse(run("status", other).stdout)).toEqual({});
        expect(run("delete", other).code).toBe(0);
        expect(computer.state.nodes).toHaveLength(2);
        expect(status().incarnation).toBe("one");
    });

    test("a failed create says why, and leaves nothing", () => {
        computer.change(state => void (state.behave.kind = "fail"));
        const result = create("one");
        expect(result).toMatchObject({ code: 1, stdout: "" });
        expect(result.stderr).toMatch(/could not make the cluster landfall-test.\nkubeadm init failed\s*$/);
        expect(computer.state.nodes).toEqual([]);
        expect(status()).toEqual({});
    });

    test("a port in use is named, with the way out", () => {
        computer.change(state => void (state.behave.kind = "port"));
        expect(create("one").stderr).toMatch(/uses port 8080 or 8443 .*http: 8081, https: 8444/);
    });

    test("Linux's limit of file watches is named, with the way out", () => {
        computer.change(state => void (state.behave.kind = "files"));
        expect(create("one").stderr).toMatch(/sysctl fs\.inotify\.max_user_watches=524288\n.*sysctl fs\.inotify\.max_user_instances=512/);
    });

    test("a cluster doesn't count as deleted because Docker is off", () => {
        create("one");
        computer.change(state => void (state.behave.docker = "down"));
        expect(() => status()).toThrow(/Docker does not answer/);
        expect(run("delete", environment("one")).code).toBe(1);
        expect(create("two").stderr).toMatch(/Docker does not answer/);
        expect(made()).toBe(1);
    });

    test("a cluster is looked up with a single call of Docker", () => {
        create("one");
        const before = computer.calls("docker").length;
        expect(status()).toEqual({ incarnation: "one", started: false });
        expect(computer.calls("docker").slice(before).map(({ args }) => args[1])).toEqual(["ls"]);
    });

    test("the user is warned of certificates two months before they expire", () => {
        create("one");
        computer.change(state => state.nodes.forEach(node => (node.days = 305)));
        const certified = (days: string) => {
            const { stdout } = spawnSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null",
                "-subj", "/CN=a", "-days", days], { encoding: "utf8" });
            computer.change(state => void (state.behave.certificate = stdout));
            return status();
        };
        expect(certified("300")).toEqual({ incarnation: "one", started: false });
        expect(certified("31").warnings).toEqual([
            expect.stringMatching(/certificates of the cluster landfall-test expire in (30|31) days.*kind delete cluster --name landfall-test/)]);
    });

    test("a missing program is named, with where to get it", () => {
        computer.remove("kind");
        const { PATH } = computer.environment;
        const bin = (PATH as string).split(path.delimiter)[0];
        const result = computer.run(`${scripts}/create.ts`, { ...environment("one"), PATH: bin });
        expect(result.stderr).toMatch(/kind was not found on PATH. Install kind: https:/);
    });

    test("delete removes the cluster and all traces of it, also a second time", () => {
        create("one");
        fs.rmSync(path.join(computer.home, name, "volumes"), { recursive: true });
        expect(run("delete", environment("one"))).toEqual({ code: 0, stdout: "", stderr: "" });
        expect(run("delete", environment("one")).code).toBe(0);
        expect(computer.state.nodes).toEqual([]);
        expect(fs.existsSync(computer.home)).toBe(false);
    });

    test("images are loaded into every node", () => {
        create("one");
        const image = { CLUSTER_NAME: name, INCARNATION: "one", IMAGE: "landfall.local/web:1" };
        expect(run("load-image", image).code).toBe(0);
        const loaded = ["landfall.local/web:1"];
        expect(computer.state.nodes.map(node => node.images)).toEqual([loaded, loaded]);
    });

    test("images are loaded where Docker's store lacks an index's other platforms", () => {
        create("one");
        computer.change(state => void (state.behave.kind = "digest"));
        const image = { CLUSTER_NAME: name, INCARNATION: "one", IMAGE: "landfall.local/web:1" };
        expect(run("load-image", image).code).toBe(0);
        const loaded = ["archive of landfall.local/web:1 for linux/arm64"];
        expect(computer.state.nodes.map(node => node.images)).toEqual([loaded, loaded]);
    });
});
