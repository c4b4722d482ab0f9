import type * as k8s from "@kubernetes/client-node";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Cluster, nameOf } from "./support/kubernetes";
import { names } from "./support/names";
import type { Ended } from "./support/npm";
import { patiently } from "./support/patience";
import { adminPassword, ensureUp, figure } from "./support/stack";

/** Workloads whose pods speak to the Kubernetes API; no other pod may hold a token. */
const withToken = [
    "cert-manager", "cert-manager-cainjector", "cert-manager-webhook", "contour-2", "contour-certgen",
    "local-path-provisioner", "log-collector", "metrics-server",
];

let cluster: Cluster;
let first: Ended;

beforeAll(async () => {
    first = await ensureUp();
    cluster = await Cluster.connect();
});

describe("every pod of ours", () => {
    let pods: k8s.V1Pod[];

    beforeAll(async () => {
        const namespaces = await cluster.namespaces();
        const lists = await Promise.all(namespaces.map(namespace => cluster.core.listNamespacedPod({ namespace })));
        // Without pods that are about to go, such as those that make volumes, and the one of 11-meanwhile, which is on no node.
        pods = lists.flatMap(({ items }) => items).filter(({ metadata, spec }) => !metadata?.deletionTimestamp && spec?.nodeName);
    });

    it("is there: each namespace has some", () => {
        const namespaces = [...new Set(pods.map(pod => pod.metadata?.namespace))].sort();
        expect(namespaces).toEqual(
            ["development", "landfall-certificates", "landfall-gateway", "landfall-log-collector", "landfall-logs", "landfall-metrics", "landfall-storage"]);
        // Scheduled tasks begin with the minute, which may not be over yet.
        expect([...new Set([...pods.map(workloadOf), "scheduled-tasks"])].sort()).toEqual([
            "cert-manager", "cert-manager-cainjector", "cert-manager-webhook", "contour-2", "contour-certgen", "database",
            "envoy", "local-path-provisioner", "log-collector", "log-store", "metrics-server", "scheduled-tasks", "web",
        ]);
        figure("pods of ours", pods.length);
    });

    it("runs as a user other than root", () => {
        const bad = containers(pods).filter(({ pod, container }) => {
            const user = container.securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser;
            const nonRoot = container.securityContext?.runAsNonRoot ?? pod.spec?.securityContext?.runAsNonRoot;
            return nonRoot !== true || user === undefined || user === 0;
        });
        expect(bad.map(describeContainer)).toEqual([]);
    });

    it("has a read-only root file system", () => {
        const bad = containers(pods).filter(({ container }) => !container.securityContext?.readOnlyRootFilesystem);
        expect(bad.map(describeContainer)).toEqual([]);
    });

    it("has no capability, no privilege and no way to more", () => {
        const bad = containers(pods).filter(({ container: { securityContext } }) => {
            const { add = [], drop = [] } = securityContext?.capabilities ?? {};
            return add.length > 0 || !drop.includes("ALL") || securityContext?.privileged === true
                || securityContext?.allowPrivilegeEscalation !== false;
        });
        expect(bad.map(describeContainer)).toEqual([]);
    });

    it("has the runtime's seccomp profile, and nothing of its node but logs for their collector to read", () => {
        const logs = ["/var/log/containers", "/var/log/pods"];
        const bad = containers(pods).filter(({ pod, container }) => {
            const { spec } = pod;
            const seccomp = container.securityContext?.seccompProfile ?? spec?.securityContext?.seccompProfile;
            return seccomp?.type !== "RuntimeDefault" || spec?.hostNetwork || spec?.hostPID || spec?.hostIPC
                || spec?.volumes?.some(({ name, hostPath }) => hostPath && !(workloadOf(pod) === "log-collector" && logs.includes(hostPath.path)
                    && container.volumeMounts?.every(mount => mount.name !== name || mount.readOnly)));
        });
        expect(bad.map(describeContainer)).toEqual([]);
    });

    it("has requests, and limits of CPU and memory", () => {
        const bad = containers(pods).filter(({ container: { resources } }) => {
            return !["cpu", "memory"].every(what => resources?.requests?.[what] && resources.limits?.[what]);
        });
        expect(bad.map(describeContainer)).toEqual([]);
    });

    it("holds a service account's token only where it speaks to the API", () => {
        const holders = pods.filter(pod => pod.spec?.volumes?.some(volume => {
            return volume.projected?.sources?.some(source => source.serviceAccountToken);
        }));
        expect([...new Set(holders.map(workloadOf))].sort()).toEqual(withToken);
    });

    it("and the first start show no secret", async () => {
        const secrets = await Promise.all(["web-salts", "web-credentials", "database-credentials"].map(name =>
            cluster.core.readNamespacedSecret({ name, namespace: names.environment })));
        const values = secrets.flatMap(({ data }) => Object.values(data ?? {}))
            .map(value => Buffer.from(value, "base64").toString());
        expect(values.length).toBeGreaterThanOrEqual(11); // eight keys and salts, two passwords, one of them twice
        expect(values).toContain(adminPassword());
        const { items: configMaps } = await cluster.core.listNamespacedConfigMap({ namespace: names.environment });
        const open = JSON.stringify([pods, configMaps, first.output]);
        expect(values.filter(value => open.includes(value))).toHaveLength(0);
    });
});

describe.each(["web", "database"])("inside the %s", workload => {
    let pod: k8s.V1Pod;

    beforeEach(async () => {
        pod = await cluster.readyPod(workload);
    });

    it("there is no root", async () => {
        const { code, stdout } = await cluster.exec(pod, "id", "-u");
        expect(code).toBe(0);
        expect(Number(stdout)).toBeGreaterThanOrEqual(10000);
    });

    it("nothing of the image can be changed", async () => {
        for (const directory of ["/", "/etc", "/usr/local/bin", ...(workload === "web" ? ["/var/www/html"] : [])]) {
            const { code, stderr } = await cluster.exec(pod, "touch", `${directory}/intruder`);
            expect(code, directory).not.toBe(0);
            expect(stderr).toMatch(/Read-only file system|Permission denied/);
        }
        expect((await cluster.exec(pod, "touch", "/intruder")).stderr).toContain("Read-only file system");
    });

    it("/tmp can be written", async () => {
        const { code, stdout, stderr } = await cluster.exec(
            pod, "sh", "-c", "echo kept >/tmp/e2e && cat /tmp/e2e && rm /tmp/e2e");
        expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "kept\n", stderr: "" });
    });

    it("the kernel agrees: no capability, no new privileges, a seccomp filter", async () => {
        const { stdout } = await cluster.exec(pod, "cat", "/proc/1/status");
        const lines = [...stdout.matchAll(/^(\w+):\s*(.+)$/gm)];
        const status = Object.fromEntries(lines.map(([, key, value]) => [key, value]));
        for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
            expect(status[set], set).toBe("0000000000000000");
        }
        expect(status).toMatchObject({ NoNewPrivs: "1", Seccomp: "2" });
    });

    it("there is no token of a service account", async () => {
        const { code } = await cluster.exec(pod, "ls", "/var/run/secrets/kubernetes.io");
        expect(code).not.toBe(0);
    });
});

describe("the namespaces' fences", () => {
    const fenced = ["development", "landfall-certificates", "landfall-gateway", "landfall-logs", "landfall-metrics"];

    it.each(fenced)("%s admits a restricted pod, and none that is more", async namespace => {
        await expect(dryRun(namespace, {})).resolves.toBeDefined();
        for (const more of [
            { privileged: true, allowPrivilegeEscalation: true },
            { runAsNonRoot: false, runAsUser: 0 },
            { capabilities: { drop: ["ALL"], add: ["SYS_ADMIN"] } },
            { allowPrivilegeEscalation: true },
        ]) {
            await expect(dryRun(namespace, more)).rejects.toThrow(/violates PodSecurity .{0,4}restricted:latest/);
        }
    });

    it("the environment has a quota, and it counts", async () => {
        const quota = await cluster.core.readNamespacedResourceQuota({ name: "quota", namespace: names.environment });
        expect(Object.keys(quota.status?.hard ?? {}).filter(key => !key.startsWith("count/")).sort()).toEqual([
            "limits.cpu", "limits.ephemeral-storage", "limits.memory", "pods", "requests.storage", "services.loadbalancers",
            "services.nodeports",
        ]);
        expect(Number(quota.status?.used?.["count/secrets"])).toBeGreaterThan(0);
        expect(Number(quota.status?.used?.pods)).toBeGreaterThanOrEqual(3);
        const greedy = dryRun(names.environment, {}, { cpu: "1000", memory: "64Mi" });
        await expect(greedy).rejects.toThrow("exceeded quota: quota");
    });

    it("every pod has the priority of its environment or above, and none may have another environment's", async () => {
        const { items } = await cluster.core.listNamespacedPod({ namespace: names.environment });
        const priorities = items.map(pod => [workloadOf(pod), pod.spec?.priorityClassName, pod.spec?.priority]);
        expect(priorities).toContainEqual(["web", "landfall-low", -10]);
        expect(priorities).toContainEqual(["database", "landfall-low-database", -9]);
        const gateway = await cluster.core.listNamespacedPod({ namespace: "landfall-gateway" });
        expect(new Set(gateway.items.map(({ spec }) => spec?.priority))).toEqual(new Set([1_000_000]));
        for (const name of ["landfall-high", "landfall-platform", "system-cluster-critical"]) {
            await expect(dryRun(names.environment, {}, undefined, name)).rejects.toThrow("exceeded quota: priorities");
        }
        await expect(dryRun(names.environment, {}, undefined, "landfall-low")).resolves.toBeDefined();
    });

    it("an account of the environment may read nothing, there or elsewhere", async () => {
        // Another's may, so the answer isn't always no.
        const contour = { name: "contour", namespace: "landfall-gateway" };
        expect(await cluster.mayList(contour, "services", names.environment)).toBe(true);
        for (const namespace of [names.environment, "landfall-gateway", "landfall-certificates", "kube-system"]) {
            for (const resource of ["secrets", "configmaps", "pods"]) {
                const may = await cluster.mayList({ name: "default", namespace: names.environment }, resource, namespace);
                expect(may, `list ${resource} in ${namespace}`).toBe(false);
            }
        }
    });

    it("the environment gives limits to a container that states none", async () => {
        const { spec } = await dryRun(names.environment, {});
        expect(spec?.containers[0].resources?.limits).toMatchObject({ cpu: "500m", memory: "256Mi" });
    });
});

/** Has the server admit a pod, without making it. */
function dryRun(
    namespace: string, more: k8s.V1SecurityContext, limits?: Record<string, string>, priorityClassName?: string,
): Promise<k8s.V1Pod> {
    const resources = limits ?? (namespace === names.environment ? undefined : { cpu: "10m", memory: "16Mi" });
    return patiently(() => cluster.core.createNamespacedPod({
        namespace,
        dryRun: "All",
        body: {
            metadata: { name: "stranger" },
            spec: {
                priorityClassName,
                containers: [{
                    name: "stranger",
                    image: "landfall.local/stranger:none",
                    ...(resources && { resources: { limits: resources } }),
                    securityContext: {
                        allowPrivilegeEscalation: false, runAsNonRoot: true, runAsUser: 10000,
                        capabilities: { drop: ["ALL"] }, seccompProfile: { type: "RuntimeDefault" }, ...more,
                    },
                }],
            },
        },
    }));
}

type PodContainer = { pod: k8s.V1Pod; container: k8s.V1Container };

function containers(pods: k8s.V1Pod[]): PodContainer[] {
    return pods.flatMap(pod => [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
        .map(container => ({ pod, container })));
}

function describeContainer({ pod, container }: PodContainer): string {
    return `${pod.metadata?.namespace}/${nameOf(pod)}: ${container.name}`;
}

function workloadOf(pod: k8s.V1Pod): string {
    return pod.metadata?.labels?.["app.kubernetes.io/name"] ?? nameOf(pod);
}
