import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { buffer, logLimits } from "../../../../components/platform/logs/limits";
import { mebibytes } from "../../../../components/quantity";
import type { Registered } from "../../../../infra/cli/capture";
import { parseSettings } from "../../../../infra/config";
import { type Container, type Manifest, object, objects, pods, type PodSpec, runStack } from "../../support/program";

let resources: Registered[];
beforeAll(async () => {
    resources = await runStack("server", { logs: { keepDays: 400, volume: "10Gi" } });
});

const podOf = (owner: string): PodSpec => pods(resources).find(pod => pod.owner === owner)?.spec as PodSpec;
const collector = (): PodSpec => podOf("DaemonSet/log-collector");
const store = (): PodSpec => podOf("StatefulSet/log-store");
/** A flag's value; undefined if the program isn't given it. */
const flag = ({ args = [] }: Container, name: string) => args.find(arg => arg.startsWith(`-${name}=`))?.slice(name.length + 2);

describe("logs", () => {
    it("are kept for 30 days, but on laptops and on clusters that exist only if someone says so", () => {
        const node = { nodes: { one: { host: "192.0.2.11" } } };
        const keepDays = (cluster: object) => parseSettings({ cluster, environment: { name: "x", host: "www.example.com" } }, "s").logs.keepDays;
        expect(keepDays({ target: "baremetal", ...node })).toBe(30);
        for (const cluster of [{ target: "kind" }, { target: "minikube", nodes: 1 }]) {
            expect(parseSettings({ cluster, app: { web: { replicas: { min: 1, max: 1 }, uploads: { accessMode: "ReadWriteOnce" } } } }, "s").logs.keepDays).toBe(0);
        }
        expect(keepDays({ target: "existing", context: "x", sharedStorageClass: "y", registry: "example.org/x" })).toBe(0);
        expect(() => parseSettings({ cluster: { target: "kind" }, logs: { keepDays: -1 } }, "s")).toThrow(/landfall:logs\.keepDays/);
        expect(() => parseSettings({ cluster: { target: "kind" }, logs: { keepDays: 1, volume: "100Mi" } }, "s")).toThrow(/landfall:logs\.volume/);
        expect(() => parseSettings({ cluster: { target: "kind" }, logs: { keepDays: 1, storageClass: "gold" } }, "s")).toThrow(/landfall:logs\.storageClass/);
    });

    it("make nothing if they aren't kept", async () => {
        const names = objects(await runStack("server", { logs: { keepDays: 0 } }), "Namespace").map(({ metadata }) => metadata.name);
        expect(names.filter(name => name.includes("log"))).toEqual([]);
    });

    it("are dropped by age and by size, as the settings say", () => {
        const [container] = store().containers;
        expect(flag(container, "retentionPeriod")).toBe("400d");
        expect(Number(flag(container, "retention.maxDiskSpaceUsageBytes"))).toBe(8 * 2 ** 30);
        expect(flag(container, "delete.enable")).toBeUndefined();
        expect(object(resources, "PersistentVolumeClaim", "log-store-data").spec).toMatchObject({ resources: { requests: { storage: "10Gi" } } });
    });

    it("never fill the volume, of whatever size", () => {
        fc.assert(fc.property(fc.integer({ min: 1, max: 100_000 }), fc.constantFrom("Gi", "G", "Ti"), (amount, unit) => {
            fc.pre(mebibytes(`${amount}${unit}`) >= 1024);
            const bytes = mebibytes(`${amount}${unit}`) * 2 ** 20;
            const { kept, free, sentPerSecond } = logLimits(`${amount}${unit}`);
            expect(kept + free).toBeLessThanOrEqual(bytes + 2 ** 20);
            // The two days that are never dropped.
            expect(sentPerSecond * 2 * 86_400).toBeLessThanOrEqual(kept);
            expect(sentPerSecond).toBeGreaterThan(4096);
        }));
    });

    it("wait in a buffer that fits its volume", () => {
        const [container] = collector().containers;
        const size = collector().volumes?.find(({ name }) => name === "state")?.emptyDir?.sizeLimit ?? "0";
        expect(flag(container, "remoteWrite.maxDiskUsagePerURL")).toBe(`${buffer.most}MiB`);
        expect(mebibytes(size)).toBeGreaterThan(2 * buffer.most);
        expect(mebibytes(container.resources.limits["ephemeral-storage"])).toBeGreaterThan(mebibytes(size));
    });

    it("outlive the stack where the site's data does", async () => {
        const kept = (from: Registered[]) => from.filter(({ inputs }) => (inputs.metadata as Manifest["metadata"] | undefined)?.annotations?.["landfall.dev/kept-for"])
            .map(({ name }) => name);
        expect(kept(resources)).toEqual(expect.arrayContaining(["landfall-logs", "log-store-data"]));
        const deleted = await runStack("server", { environment: { name: "production", host: "www.example.com", volumes: "delete" } });
        expect(kept(deleted)).toEqual([]);
        expect(objects(deleted, "PersistentVolumeClaim").map(({ metadata }) => metadata.name)).toContain("log-store-data");
    });
});

describe("the logs' collector", () => {
    it("runs on every node, alone in the one namespace whose level admits it", () => {
        expect(collector().tolerations).toContainEqual({ operator: "Exists", effect: "NoSchedule" });
        const inside = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"].flatMap(kind => objects(resources, kind))
            .filter(({ metadata }) => metadata.namespace === "landfall-log-collector");
        expect(inside.map(({ metadata }) => metadata.name)).toEqual(["log-collector"]);
        expect(object(resources, "Namespace", "landfall-logs").metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
    });

    it("reads the logs' directories, writes to none of the node's, and has no privilege", () => {
        const { volumes = [], containers: [container], securityContext, hostNetwork, hostPID } = collector();
        const directories = volumes.filter(({ hostPath }) => hostPath !== undefined);
        expect(directories.map(({ hostPath }) => (hostPath as { path: string }).path)).toEqual(["/var/log/containers", "/var/log/pods"]);
        for (const { name } of directories) {
            expect(container.volumeMounts?.find(mount => mount.name === name)?.readOnly, name).toBe(true);
        }
        expect([hostNetwork, hostPID]).toEqual([undefined, undefined]);
        expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532, runAsGroup: 0, seccompProfile: { type: "RuntimeDefault" } });
        expect(container.securityContext).toMatchObject({
            allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] },
        });
    });

    it("may read what pods are, and neither logs nor Secrets", () => {
        const { rules } = object<{ rules: { resources: string[]; verbs: string[] }[] }>(resources, "ClusterRole", "landfall:log-collector");
        expect(rules.flatMap(rule => rule.resources).sort()).toEqual(["namespaces", "nodes", "pods"]);
        expect(rules.flatMap(rule => rule.verbs).filter(verb => !["get", "list", "watch"].includes(verb))).toEqual([]);
    });

    it("doesn't collect its own lines, and takes the runtime's time", () => {
        const [container] = collector().containers;
        expect(flag(container, "kubernetesCollector.excludeFilter")).toBe("kubernetes.pod_namespace:=landfall-log-collector");
        expect([flag(container, "kubernetesCollector.timeField"), flag(container, "kubernetesCollector.msgField")]).toEqual(["-", "-"]);
    });
});

describe("the logs' store", () => {
    it("is reached by the collector alone, with a password", () => {
        const policies = objects<Manifest>(resources, "NetworkPolicy").filter(({ metadata }) => metadata.namespace === "landfall-logs");
        const open = policies.filter(({ spec }) => spec.ingress !== undefined);
        expect(open.map(({ metadata }) => metadata.name)).toEqual(["log-collector-to-log-store-ingress"]);
        expect(JSON.stringify(open[0].spec)).toContain('"kubernetes.io/metadata.name":"landfall-log-collector"');
        const [container] = store().containers;
        const file = flag(container, "httpAuth.password") ?? "";
        expect(file).toMatch(/^file:\/\//);
        expect(flag(collector().containers[0], "remoteWrite.basicAuth.passwordFile")).toBe(file.slice("file://".length));
        expect(flag(container, "httpAuth.username")).toBe(flag(collector().containers[0], "remoteWrite.basicAuth.username"));
        // Whoever may list pods sees these.
        expect(JSON.stringify([store(), collector()])).not.toMatch(/password=(?!file:)/);
    });

    it("gets no token, and no address outside", () => {
        expect(store().automountServiceAccountToken).toBe(false);
        expect(object(resources, "Service", "log-store").spec.type ?? "ClusterIP").toBe("ClusterIP");
    });
});
