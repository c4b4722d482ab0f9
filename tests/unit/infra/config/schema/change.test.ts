import { describe, expect, it, vi } from "vitest";
import { changeText, wayOf } from "../../../../../infra/config/schema/change";
import { allKeys, changeOf, describeKey, describeSettings, describeTargets, entriesOf } from "../../../../../infra/config/schema/describe";
import { refuseChanges } from "../../../../../infra/config/errors/refuse";
import { renderReference } from "../../../../../infra/cli/reference/settings";

/** Every key of every target that has no keys below it. */
const leaves = Object.keys(describeTargets(describeSettings({ stack: "dev" }))).flatMap(target => {
    const settings = describeSettings({ stack: "dev", target });
    return allKeys(settings).flatMap(key => {
        const description = describeKey(settings, key, target);
        const object = description && (description.properties ?? description.oneOf ?? entriesOf(description)?.properties);
        return description && !object ? [{ target, key: key.join("."), change: changeOf(settings, key, target) }] : [];
    });
});

describe("a change of a setting", () => {
    it("has an answer for every key of every target", () => {
        expect(leaves.length).toBeGreaterThan(150);
        expect(leaves.filter(({ change }) => !/^(in place|replaces |no effect: |refused: |grows: |upgrades: |spreads: )/.test(change ?? ""))).toEqual([]);
    });

    it("is refused for what the program compares, and for nothing else", () => {
        const refused = (target: string, section: string) => leaves
            .filter(leaf => leaf.target === target && leaf.key.startsWith(`${section}.`) && wayOf(leaf.change))
            .map(({ key }) => key).sort();
        expect(refused("baremetal", "cluster")).toEqual([
            "cluster.endpoint", "cluster.kubernetesVersion", "cluster.loadBalancerClass", "cluster.network", "cluster.nodes.server.address", "cluster.nodes.server.role",
            "cluster.podSubnet", "cluster.serviceSubnet", "cluster.virtualAddress",
        ]);
        expect(refused("existing", "cluster")).toEqual(["cluster.loadBalancerClass", "cluster.sharedStorageClass", "cluster.storageClass"]);
        for (const target of ["eks", "gke", "aks"]) {
            expect(refused(target, "cluster")).toEqual(["cluster.kubernetesVersion", "cluster.loadBalancerClass"]);
        }
        for (const target of ["kind", "minikube"]) expect(refused(target, "cluster")).toEqual([]);
        expect([...refused("kind", "environment"), ...refused("kind", "app")]).toEqual([
            "environment.name", "app.database.storageClass", "app.database.volume", "app.web.uploads.accessMode",
            "app.web.uploads.size", "app.web.uploads.storageClass",
        ]);
    });

    it("is in the row of its key in the reference", () => {
        const reference = renderReference();
        const row = (section: string, key: string) =>
            reference.split(`## ${section}\n`)[1].split("\n## ")[0].split("\n").find(line => line.startsWith(`| \`${key}\``));
        expect(row("landfall:cluster with target: baremetal", "podSubnet")).toMatch(/\| refused: [^|]* \|$/);
        expect(row("landfall:cluster with target: kind", "podSubnet")).toMatch(/\| replaces the cluster; data stays [^|]* \|$/);
        expect(row("landfall:cluster with target: baremetal: ssh", "port")).toMatch(/\| in place \|$/);
        expect(row("landfall:cluster with target: baremetal", "kubernetesVersion")).toMatch(/one minor version at a time; an older one is refused: [^|]*snapshot[^|]* \|$/);
        expect(row("landfall:app.database", "volume")).toMatch(/\| in place if it grows and its class can; else refused: /);
        expect(changeText(undefined)).toBe("");
    });
});

describe("what stands", () => {
    const said = (target: string, standing: Record<string, unknown>, wanted: Record<string, unknown>, settings: object = {}) => {
        const values = Object.fromEntries(Object.entries(standing).map(([key, value]) =>
            [key, typeof value === "object" && value !== null ? value : { value }])) as never;
        try {
            refuseChanges({ cluster: { target }, ...settings }, values, wanted);
        } catch (error) {
            // The SDK puts the property that waits for it before a message, each time that it comes by.
            (error as Error).message = `error serializing property "x": ${(error as Error).message}`;
            return (error as Error).message;
        }
        return undefined;
    };
    vi.stubEnv("PULUMI_NODEJS_STACK", "prod");

    it("may become what it is", () => {
        expect(said("baremetal", { "cluster.podSubnet": "172.20.0.0/14", "cluster.nodes.one.role": "worker" },
            { "cluster.podSubnet": "172.20.0.0/14", "cluster.nodes.one.role": "worker" })).toBeUndefined();
        expect(said("kind", { "app.database.volume": "5Gi" }, { "app.database.volume": "5120Mi" })).toBeUndefined();
        expect(said("existing", { "cluster.storageClass": undefined }, { "cluster.storageClass": undefined })).toBeUndefined();
    });

    it("is reported with what was given and the way, for all keys at once", () => {
        const message = said("baremetal",
            { "cluster.podSubnet": "172.20.0.0/14", "cluster.endpoint": "api.example.org:6443", "cluster.nodes.three.role": "worker" },
            { "cluster.podSubnet": "100.64.0.0/12", "cluster.endpoint": "192.0.2.7:6443", "cluster.nodes.three.role": "control-plane" },
            { cluster: { target: "baremetal", podSubnet: "100.64.0.0/12", nodes: { three: { role: "control-plane" } } } });
        expect(message).toMatch(/^These changes are impossible in place\. What exists is left as it is\.\n\n/);
        expect(message).toMatch(
            /landfall:cluster\.podSubnet can't be .*\n +exists: 172\.20\.0\.0\/14\n +given: +100\.64\.0\.0\/12\n +way: .*make another cluster/);
        expect(message).toMatch(/landfall:cluster\.endpoint .*\n.*api\.example\.org:6443\n.*192\.0\.2\.7:6443 \(which follows from other settings\)/);
        expect(message).toMatch(/landfall:cluster\.nodes\.three\.role .*\n.*worker\n.*control-plane\n +way: .*Take its line out/);
    });

    it("grows where it can, and never shrinks", () => {
        const volume = (stands: object, wanted: string) =>
            said("eks", { "app.database.volume": stands }, { "app.database.volume": wanted }, { app: { database: { volume: wanted } } });
        expect(volume({ value: "7Gi" }, "1Ti")).toBeUndefined();
        expect(volume({ value: "7Gi" }, "7000Mi")).toMatch(/exists: 7Gi\n +given: +7000Mi\n +way: +no volume shrinks/);
        const fixed = "its class slow can't grow a volume";
        expect(volume({ value: "7Gi", fixed }, "7G")).toMatch(/exists: 7Gi\n/);
        expect(volume({ value: "7Gi", fixed }, "8Gi")).toMatch(/exists: 7Gi, and its class slow can't grow a volume\n/);
        expect(volume({ value: "7Gi", fixed }, "7168Mi")).toBeUndefined();
    });

    it("goes to the next minor version of Kubernetes at the most, and never back", () => {
        const version = (target: string, stands: string, wanted: string) => said(target,
            { "cluster.kubernetesVersion": stands }, { "cluster.kubernetesVersion": wanted }, { cluster: { target, kubernetesVersion: wanted } });
        for (const wanted of ["v1.36.4", "v1.36.12", "v1.37.0"]) expect(version("baremetal", "v1.36.4", wanted)).toBeUndefined();
        expect(version("baremetal", "v1.36.4", "v1.36.2")).toMatch(/exists: v1\.36\.4\n +given: +v1\.36\.2\n +way: .*begin another one .*snapshot/);
        expect(version("baremetal", "v1.36.4", "v1.35.9")).toMatch(/exists: v1\.36\.4\n +given: +v1\.35\.9\n +way: .*begin another one .*snapshot/);
        expect(version("baremetal", "v1.36.4", "v1.38.0")).toMatch(/exists: v1\.36\.4\n +given: +v1\.38\.0\n +way: .*take v1\.37 first/);
    });

    it("names what was left to the cluster's default, or is left out now", () => {
        expect(said("existing", { "cluster.storageClass": undefined }, { "cluster.storageClass": "gp3" }, { cluster: { target: "existing", storageClass: "gp3" } }))
            .toMatch(/exists: nothing\n +given: +gp3\n/);
        expect(said("existing", { "cluster.storageClass": "gp3" }, { "cluster.storageClass": undefined })).toMatch(/exists: gp3\n +given: +nothing\n/);
    });

    it("can't be compared by a key whose change the schema never refuses", () => {
        expect(said("kind", { "cluster.nodes": 1 }, { "cluster.nodes": 2 })).toMatch(/the schema never refuses its change/);
    });
});
