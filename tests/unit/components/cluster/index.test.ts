import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ClusterArgs, ClusterContext } from "../../../../components/cluster";
import { versions } from "../../../../components/versions";
import type { Registered } from "../../../../infra/cli/capture";
import { FakeComputer } from "../../fixtures/cluster-fakes";
import { captureCluster } from "../../support/cluster";

const kind: ClusterArgs = { target: "kind", name: "test", nodes: 2, image: "node@sha256:0", http: 8080, https: 8443 };
const minikube: ClusterArgs = {
    target: "minikube", name: "test", nodes: 1, cpus: 2, memory: "4Gi", http: 8080, https: 8443,
};

let computer: FakeComputer;
beforeEach(() => {
    computer = new FakeComputer();
    for (const [name, value] of Object.entries(computer.environment)) vi.stubEnv(name, value);
    vi.stubEnv("LANDFALL_RENDER", undefined);
    vi.stubEnv("LANDFALL_PLACEHOLDERS", "1");
});
afterEach(() => {
    vi.unstubAllEnvs();
    computer.dispose();
});

describe.skipIf(process.platform === "win32")("a cluster on this computer", () => {
    describe.each<[string, ClusterArgs]>([["kind", kind], ["minikube", minikube]])("%s", (target, args) => {
        const environmentOf = (nodes: Registered) => nodes.inputs.environment as Record<string, string>;

        test("gives its kubeconfig as a secret, and its provider no other", async () => {
            const { find, cluster } = await captureCluster(args);
            expect(await pulumi.isSecret(cluster.kubeconfig)).toBe(true);
            const provider = find("cluster-provider");
            expect(provider.secrets).toContain("kubeconfig");
            expect(provider.inputs.kubeconfig).toContain("cluster-nodes");
            expect(provider.inputs.kubeconfig).not.toContain(process.env.KUBECONFIG);
            expect(provider.inputs.enableServerSideApply).toBe("true");
            expect(find("cluster-nodes").additionalSecretOutputs).toEqual(["stdout", "stderr"]);
            expect(find("cluster-nodes").inputs.logging).toBe("none");
        });

        test("keeps its identity while it is there, and gets another when it is not", async () => {
            const first = await captureCluster(args);
            const nodes = first.find("cluster-nodes");
            const identity = (one: typeof first): unknown => one.find("cluster-provider").inputs.clusterIdentifier;
            expect(identity(first)).toMatch(/^[0-9a-f]{8}-/);
            expect(nodes.inputs.triggers).toEqual([identity(first)]);
            expect(nodes.deleteBeforeReplace).toBe(true);

            const created = computer.run(String(nodes.inputs.create), environmentOf(nodes));
            expect(created.stderr).toBe("");
            const second = await captureCluster(args);
            expect(identity(second)).toBe(identity(first));
            expect(second.find("cluster-nodes").inputs).toEqual(nodes.inputs);

            computer.run(String(nodes.inputs.delete), environmentOf(nodes));
            expect(identity(await captureCluster(args))).not.toBe(identity(first));
        });

        test("asks this computer nothing when it is only rendered, and renders the same twice", async () => {
            vi.stubEnv("LANDFALL_RENDER", "1");
            const first = await captureCluster(args);
            const nodes = first.find("cluster-nodes");
            computer.run(String(nodes.inputs.create), environmentOf(nodes));
            const calls = computer.calls().length;
            expect((await captureCluster(args)).resources).toEqual(first.resources);
            expect(computer.calls()).toHaveLength(calls);
        });

        test("gets only relative paths, so that its state fits any computer", async () => {
            const { resources } = await captureCluster(args);
            const commands = resources.filter(({ type }) => type === "command:local:Command");
            expect(commands.length).toBeGreaterThan(1);
            for (const { inputs } of commands) {
                expect(inputs.interpreter).toEqual(["node", "--require", "tsx/cjs"]);
                expect(fs.existsSync(String(inputs.create))).toBe(true);
                expect(fs.existsSync(String(inputs.delete))).toBe(true);
                expect(JSON.stringify(inputs)).not.toContain(process.cwd());
                expect(JSON.stringify(inputs)).not.toContain(os.homedir());
            }
        });

        test("takes with it all that is in it", async () => {
            const { cluster, find } = await captureCluster(args);
            const urn = await new Promise(resolve => cluster.deletedWith?.urn.apply(resolve));
            expect(urn).toBe(find("cluster-nodes").urn);
            expect(find("cluster-nodes").parent).toBe(find("cluster").urn);
            expect(find("cluster").type.toLowerCase()).toBe(`landfall:cluster:${target}`);
        });

        test("says so where Docker is off, instead of creating the cluster again", async () => {
            const nodes = (await captureCluster(args)).find("cluster-nodes");
            computer.run(String(nodes.inputs.create), environmentOf(nodes));
            computer.change(state => {
                state.behave.docker = "down";
                for (const profile of Object.values(state.profiles)) profile.gone = true;
            });
            await expect(captureCluster(args)).rejects.toThrow(/docker does not answer/i);
        });
    });

    test("kind's volumes are kept unless the environment deletes them, and outlive the nodes", async () => {
        const policy = async (context?: ClusterContext) =>
            (await captureCluster(kind, context)).find("cluster-volumes").inputs.environment;
        expect(await policy()).toMatchObject({ ON_DELETE: "retain", VOLUMES: "~/.landfall/test/volumes" });
        expect(await policy({ volumes: "delete" })).toMatchObject({ ON_DELETE: "delete" });
        const { find } = await captureCluster(kind);
        expect(find("cluster-volumes").inputs.triggers).toBeUndefined();
        expect(find("cluster-nodes").dependsOn).toContain(find("cluster-volumes").urn);
    });

    test("kind offers one class for all volumes, and the gateway on 127.0.0.1", async () => {
        const { cluster: { capabilities } } = await captureCluster(kind);
        expect(capabilities).toMatchObject({
            storageClass: "landfall-local",
            sharedStorageClass: "landfall-local",
            sharedDirectory: "/var/landfall/volumes",
            metrics: "install",
            networkPolicy: "enforced",
            loadBalancing: {
                type: "NodePort", host: "127.0.0.1", publishedHttps: 8443,
                nodes: { labels: { "node-role.kubernetes.io/control-plane": "" }, count: 1 },
            },
        });
    });

    test("images are loaded again into a new incarnation", async () => {
        const { cluster: { capabilities }, find } = await captureCluster(kind);
        if (capabilities.images.method !== "load") throw new Error("kind must load images");
        expect(capabilities.images.environment.INCARNATION).toBe(find("cluster-provider").inputs.clusterIdentifier);
        expect(fs.existsSync(path.resolve(capabilities.images.script))).toBe(true);
    });

    test("minikube makes the version that all laptops have, and says the same of it ever after", async () => {
        const first = (await captureCluster(minikube)).find("cluster-nodes").inputs;
        expect(first.environment).toMatchObject({ CLUSTER_KUBERNETES: versions.kubernetes });
        computer.run(String(first.create), first.environment as Record<string, string>);
        expect((await captureCluster(minikube)).find("cluster-nodes").inputs).toEqual(first);
    });

    test("a cluster that minikube made of its own version is left as it is", async () => {
        const first = (await captureCluster(minikube)).find("cluster-nodes").inputs;
        const { CLUSTER_KUBERNETES, ...unpinned } = first.environment as Record<string, string>;
        computer.run(String(first.create), unpinned);
        expect((await captureCluster(minikube)).find("cluster-nodes").inputs).toEqual({ ...first, environment: unpinned });
    });

    test("minikube has a shared class on one node only", async () => {
        expect((await captureCluster(minikube)).cluster.capabilities.sharedStorageClass).toBe("standard");
        expect((await captureCluster({ ...minikube, nodes: 2 })).cluster.capabilities.sharedStorageClass).toBeUndefined();
    });

    test("the kit's nodes of minikube have images by tag", async () => {
        const byTag = async (...flags: string[]) => (await captureCluster({ ...minikube, flags })).cluster.capabilities.imagesByTag;
        expect(await byTag("--force", "--base-image=landfall/minikube-node:v1.36.4-a")).toBe(true);
        expect(await byTag("--base-image=example.com/kicbase:1")).toBe(false);
    });

    test("minikube's gateway is where the driver puts it", async () => {
        const where = async (driver?: string) => (await captureCluster({ ...minikube, driver })).cluster.capabilities.loadBalancing;
        expect(await where()).toMatchObject({ host: "127.0.0.1", publishedHttps: 8443 });
        expect(await where("podman")).toMatchObject({ host: "127.0.0.1", publishedHttps: 8443 });
        expect(await where("none")).toMatchObject({ host: "127.0.0.1", publishedHttps: 30443 });
        expect(await where("kvm2")).toMatchObject({ host: "$(minikube ip --profile test)", publishedHttps: 30443 });
    });

    test("minikube's machine is reached at its own address, once it is there", async () => {
        const machine: ClusterArgs = { ...minikube, driver: "kvm2" };
        const nodes = (await captureCluster(machine)).find("cluster-nodes");
        computer.run(String(nodes.inputs.create), nodes.inputs.environment as Record<string, string>);
        expect((await captureCluster(machine)).cluster.capabilities.loadBalancing).toMatchObject({ host: "198.18.0.7" });
    });
});
