import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { digest } from "../../../../../../components/cluster/baremetal/program/scripts";
import { type InstallFacts, type InstallNode, installTasks } from "../../../../../../components/cluster/baremetal/machine/install";
import type { Registered } from "../../../../../../infra/cli/capture";
import type { BareMetal } from "../../../../support/baremetal";
import { captureCluster } from "../../../../support/cluster";

const server: BareMetal = { target: "baremetal", name: "server", nodes: { server: { host: "203.0.113.11" } } };
const available: BareMetal = {
    target: "baremetal",
    name: "prod",
    virtualAddress: "198.18.40.100",
    nodes: {
        web: { host: "198.18.40.21", role: "worker" },
        one: { host: "198.18.40.11" },
        two: { host: "198.18.40.12" },
        three: { host: "198.18.40.13" },
        more: { host: "198.18.40.22", role: "worker" },
    },
    bundle: "./bundle",
    ssh: { user: "admin", key: "~/.ssh/id" },
};

/** Makes a cluster and nothing else; returns what was registered, and what the cluster offers. */
async function run(args: BareMetal) {
    const { resources, cluster, find: findByName } = await captureCluster(args);
    const find = (name: string): Registered => findByName(`cluster-${name}`);
    const told = (name: string, key: string): unknown =>
        JSON.parse((find(name).inputs.environment as Record<string, string>)[key]);
    /** Names of what comes before a resource, directly or not. */
    const before = (name: string): string[] => {
        const direct = resources.filter(({ urn }) => find(name).dependsOn.includes(urn))
            .map(resource => resource.name.replace("cluster-", ""));
        return [...new Set([...direct, ...direct.flatMap(before)])];
    };
    return { resources, find, told, before, cluster, capabilities: cluster.capabilities };
}

describe("a cluster of one's own machines", () => {
    test("is checked before anything is done, and the machines are made ready side by side", async () => {
        const { before } = await run(available);
        expect(before("machines")).toEqual([]);
        for (const name of ["one", "two", "three", "web", "more"]) {
            expect(before(`${name}-machine`)).toEqual(["machines"]);
        }
    });

    test("runs again what a newer Landfall runs on its machines", async () => {
        const { told } = await run(available);
        for (const name of ["one", "web"]) {
            const read = <T>(key: string) => told(`${name}-machine`, key) as T;
            const [cluster, node] = [read<InstallFacts>("CLUSTER"), read<InstallNode>("NODE")];
            expect(read("TASKS")).toBe(digest(installTasks(cluster, node)));
        }
        expect(told("one-machine", "TASKS")).not.toBe(told("two-machine", "TASKS"));
        expect(digest([{ name: "a", script: "b" }])).not.toBe(digest([{ name: "a", script: "c" }]));
    });

    test("begins on the first control-plane node; those join one by one, then all workers at once", async () => {
        const { before } = await run(available);
        const members = (name: string) => before(`${name}-member`).filter(other => other.endsWith("-member")).sort();
        expect(members("one")).toEqual([]);
        expect(members("two")).toEqual(["one-member"]);
        expect(members("three")).toEqual(["one-member", "two-member"]);
        const controlPlane = ["one-member", "three-member", "two-member"];
        expect([members("web"), members("more")]).toEqual([controlPlane, controlPlane]);
    });

    test("is upgraded node by node, the control plane first, and then the administrator's access is renewed", async () => {
        const { before } = await run(available);
        const earlier = (name: string) => before(name).filter(other => other.endsWith("-version")).length;
        expect(["one", "two", "three", "web", "more"].map(name => earlier(`${name}-version`))).toEqual([0, 1, 2, 3, 4]);
        expect(earlier("kubeconfig")).toBe(5);
    });

    test("spreads pods again once all nodes are upgraded and patched, and so whenever that drains nodes", async () => {
        const { before, told, find } = await run({ ...available, patches: "2026-11" });
        const nodes = ["one", "two", "three", "web", "more"];
        expect(before("spread")).toEqual(expect.arrayContaining(nodes.flatMap(name => [`${name}-version`, `${name}-patches`])));
        expect(before("kubeconfig")).toContain("spread");
        expect(told("spread", "CLUSTER")).toMatchObject({ patches: "2026-11" });
        expect(told("spread", "TASKS")).toBe(told("one-version", "TASKS"));
        for (const change of [{ patches: "2026-12" }, { kubernetesVersion: "v1.37.0" }]) {
            expect((await run({ ...available, patches: "2026-11", ...change })).find("spread").inputs).not.toEqual(find("spread").inputs);
        }
        expect((await run(server)).resources.map(({ name }) => name)).not.toContain("cluster-spread");
    });

    test("goes as a whole: no node takes its leave where all of them go", async () => {
        const { resources, find, cluster } = await run(available);
        const urn = await new Promise(resolve => cluster.deletedWith?.urn.apply(resolve));
        expect(urn).toBe(find("machines").urn);
        const commands = resources.filter(({ type, name }) => type === "command:local:Command" && name !== "cluster-machines");
        expect(commands.length).toBe(17);
        for (const command of commands) expect(command.deletedWith).toBe(urn);
    });

    test("tells each script only what it needs: a new worker is no news to those that are there", async () => {
        const [without, withOne] = await Promise.all([
            run({ ...available, nodes: Object.fromEntries(Object.entries(available.nodes).filter(([name]) => name !== "more")) }),
            run(available),
        ]);
        const changed = without.resources.filter(({ name, type, inputs }) => type === "command:local:Command" &&
            JSON.stringify(inputs) !== JSON.stringify(withOne.resources.find(other => other.name === name)?.inputs));
        expect(changed.map(({ name }) => name)).toEqual(["cluster-machines"]);
    });

    test("another version changes no node but by its own upgrade", async () => {
        const [now, then] = await Promise.all([run(available), run({ ...available, kubernetesVersion: "v1.37.0" })]);
        const changed = now.resources.filter(({ name, type, inputs }) => type === "command:local:Command" &&
            JSON.stringify(inputs) !== JSON.stringify(then.resources.find(other => other.name === name)?.inputs));
        expect(changed.map(({ name }) => name.replace("cluster-", "")).filter(name => name.endsWith("-member"))).toEqual([]);
        expect(changed.filter(({ name }) => name.endsWith("-version"))).toHaveLength(5);
        for (const { inputs, name } of changed) {
            expect(inputs.triggers).toEqual(then.resources.find(other => other.name === name)?.inputs.triggers);
        }
    });

    test("gives its kubeconfig as a secret, and nothing else that is one to the state", async () => {
        const { resources, cluster, find } = await run(available);
        expect(await pulumi.isSecret(cluster.kubeconfig)).toBe(true);
        expect(find("kubeconfig").additionalSecretOutputs).toEqual(["stdout", "stderr"]);
        for (const { inputs, type } of resources.filter(resource => resource.type === "command:local:Command")) {
            expect(type).toBe("command:local:Command");
            expect(inputs.interpreter).toEqual(["node", "--require", "tsx/cjs"]);
            // What they answer, such as the kubeconfig, is never logged; what they wait for is.
            expect(["none", "stderr"]).toContain(inputs.logging);
            expect(JSON.stringify(inputs)).not.toContain(process.cwd());
            expect(JSON.stringify(inputs)).not.toContain(os.homedir());
            for (const script of [inputs.create, inputs.delete].filter(Boolean)) {
                expect(fs.existsSync(String(script))).toBe(true);
            }
        }
    });

    test("has defaults for how machines are reached, and each machine its own where it says so", async () => {
        const { told } = await run({
            ...server, nodes: { server: { host: "server.example.com", address: "192.0.2.11", port: 2222 } },
        });
        expect(told("server-machine", "NODE")).toEqual({
            name: "server", host: "server.example.com", address: "192.0.2.11", port: 2222, user: "root", role: "control-plane",
            incarnation: "00000000-0000-4000-8000-000000000000",
        });
    });

    test("has one address for the API: the virtual one, or the only node's", async () => {
        const endpoint = async (args: BareMetal) =>
            ((await run(args)).told(`${args === available ? "one" : "server"}-member`, "CLUSTER") as { endpoint: string }).endpoint;
        expect(await endpoint(server)).toBe("203.0.113.11:6443");
        expect(await endpoint(available)).toBe("198.18.40.100:6443");
    });

    test("lets pods onto the control plane only where there is no worker", async () => {
        const tainted = async (args: BareMetal, name: string) =>
            ((await run(args)).told(`${name}-member`, "CLUSTER") as { tainted: boolean }).tainted;
        expect(await tainted(server, "server")).toBe(false);
        expect(await tainted(available, "one")).toBe(true);
    });

    test("has a shared volume class on one machine, or where all have a directory in common", async () => {
        const several = { ...available, sharedDirectory: "/srv/shared" };
        expect((await run(server)).capabilities).toMatchObject({
            storageClass: "landfall-local", sharedStorageClass: "landfall-local", sharedDirectory: "/var/lib/landfall-volumes",
        });
        expect((await run(available)).capabilities.sharedStorageClass).toBeUndefined();
        expect((await run(several)).capabilities).toMatchObject({
            storageClass: "landfall-local", localDirectory: "/var/lib/landfall-volumes",
            sharedStorageClass: "landfall-shared", sharedDirectory: "/srv/shared",
        });
    });

    test("routes and enforces policies by kube-router, unless it brings a network of its own", async () => {
        const { find, capabilities, resources } = await run(available);
        const router = resources.find(({ type }) => type === "kubernetes:apps/v1:DaemonSet");
        const { template } = (router?.inputs.spec as { template: { spec: Record<string, unknown> } });
        expect(template.spec).toMatchObject({ hostNetwork: true, priorityClassName: "system-node-critical",
            tolerations: [{ operator: "Exists" }] });
        // It sees no other process, and of the machine's directories only those that a pod network needs.
        expect(template.spec.hostPID).toBeUndefined();
        const mounted = (template.spec.volumes as { hostPath?: { path: string } }[]).flatMap(({ hostPath }) => hostPath?.path ?? []);
        expect(mounted).toEqual(["/lib/modules", "/etc/cni/net.d", "/opt/cni/bin", "/run/xtables.lock"]);
        const [container] = template.spec.containers as { args: string[]; image: string }[];
        expect(container.args).toEqual(expect.arrayContaining(["--run-firewall=true", "--run-service-proxy=false"]));
        expect(container.image).toMatch(/:v\d+\.\d+\.\d+$/);
        expect(router?.deletedWith).toBe(find("machines").urn);
        expect(capabilities.networkPolicy).toBe("enforced");
        const own = await run({ ...available, network: "none" });
        expect(own.resources.filter(({ type }) => type.startsWith("kubernetes:"))).toEqual([]);
        expect(own.capabilities.networkPolicy).toBe("unknown");
    });

    test("gives the script of its own network the manifest's file, and runs it again for another content", async () => {
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-network-"));
        onTestFinished(() => fs.rmSync(directory, { recursive: true }));
        const networkManifest = path.join(directory, "network.yaml");
        const registered = async (text: string) => {
            fs.writeFileSync(networkManifest, text);
            const { environment, triggers } = (await run({ ...available, networkManifest })).find("network").inputs;
            return { environment: environment as Record<string, string>, triggers };
        };
        const long = "a: b\n".repeat(60_000);
        const [first, same, other] = [await registered(long), await registered(long), await registered(`${long}c: d\n`)];
        expect(first.environment.MANIFEST).toBe(networkManifest);
        // Windows takes fewer characters than Linux.
        for (const value of Object.values(first.environment)) expect(value.length).toBeLessThan(32_767);
        expect(same).toEqual(first);
        expect(other.environment).toEqual({ ...first.environment, DIGEST: expect.not.stringMatching(first.environment.DIGEST) as string });
        // A change would replace it.
        expect(other.triggers).toEqual(first.triggers);
    });
});
