import { formatQuantity, mebibytes, quantity } from "../../../components/quantity";
import { podsInRollout } from "../../../components/workload/limits";
import { connectionsOf, leastMemoryOfDatabase, leastWebMemory, limitsOf, taskLimits } from "../../limits";
import { Violation } from "../schema/rule";
import type { BareMetalSettings, ClusterSettings } from "../targets";
import type { AppSettings } from "./app";
import type { EnvironmentSettings } from "./environment";

/** The quota must hold the application at full scale during a rolling update. Otherwise pods are silently not created. */
export function quotaHoldsApp(
    { environment, app }: { environment: EnvironmentSettings; app: AppSettings },
): Violation | undefined {
    const { quota } = environment;
    const { web, database } = app;
    const webPods = podsInRollout(web.replicas.max);
    const sum = (resource: "cpu" | "memory") => quantity(web[resource].limit) * BigInt(webPods)
        + quantity(database[resource].limit) + quantity(taskLimits[resource].limit) * BigInt(taskLimits.pods);
    const needs = {
        cpu: { amount: sum("cpu"), from: ["replicas.max", "cpu.limit"] },
        memory: { amount: sum("memory"), from: ["replicas.max", "memory.limit"] },
        storage: { amount: quantity(web.uploads.size) + quantity(database.volume), from: ["uploads.size"] },
        pods: { amount: quantity(String(webPods + 1 + taskLimits.pods)), from: ["replicas.max"] },
    };
    const short = (Object.keys(needs) as (keyof typeof needs)[])
        .filter(key => needs[key].amount > quantity(String(quota[key])));
    if (short.length === 0) {
        return undefined;
    }
    const enough = Object.fromEntries(short.map(key => {
        const amount = formatQuantity(needs[key].amount);
        return [key, key === "pods" ? Number(amount) : amount];
    }));
    const from = [...new Set(short.flatMap(key => needs[key].from))].map(key => `app.web.${key}`);
    const rollout = short.some(key => key !== "storage") ? `${webPods} web pods (max and a quarter, for rolling ` +
        "updates), the database and scheduled tasks" : "the uploads and the database";
    return {
        keys: [...short.map(key => `environment.quota.${key}`), ...from],
        problem: `can't hold the application at its largest: ${rollout}`,
        allowed: `at least ${Object.entries(enough).map(([key, amount]) => `${key}: ${amount}`).join(", ")}; ` +
            `or lower ${from.map(key => `{${key}}`).join(" or ")}`,
        example: { environment: { quota: enough } },
    };
}

/** Every PHP process has a connection. If the database refuses one, the visitor sees an error page. */
export function databaseHoldsConnections({ app }: { app: AppSettings }): Violation | undefined {
    const { web, database } = app;
    const least = leastMemoryOfDatabase(app);
    if (mebibytes(web.memory.limit) < leastWebMemory(web) || mebibytes(database.memory.limit) >= least) return undefined;
    const limits = limitsOf(app);
    return {
        keys: ["app.database.memory.limit", "app.web.replicas.max", "app.web.memory.limit"],
        problem: `can't hold the ${connectionsOf(limits)} connections that ${limits.web.pods} web pods (max and a quarter, for rolling updates) and ` +
            "scheduled tasks may open",
        allowed: `at least ${least}Mi; or lower {app.web.replicas.max} or {app.web.memory.limit}`,
        example: { app: { database: { memory: { limit: `${least}Mi` } } } },
    };
}

/** The classes of a laptop's cluster. One that is added by hand is too late for the first run. */
const laptopClasses: Record<string, { all: string[]; shared: string[] }> = {
    kind: { all: ["landfall-local"], shared: ["landfall-local"] },
    minikube: { all: ["standard", "csi-hostpath-sc"], shared: ["standard"] },
};

/** A claim for a class that doesn't exist waits forever. */
export function hasClasses({ cluster, app }: { cluster: ClusterSettings; app: AppSettings }): Violation | undefined {
    const classes = Object.hasOwn(laptopClasses, cluster.target) ? laptopClasses[cluster.target] : undefined;
    if (classes === undefined) return undefined;
    const { storageClass, accessMode } = app.web.uploads;
    const wrong = ([
        ["app.database.storageClass", app.database.storageClass, classes.all],
        ["app.web.uploads.storageClass", storageClass, accessMode === "ReadWriteMany" ? classes.shared : classes.all],
    ] as const).find(([, name, has]) => name !== undefined && !has.includes(name));
    return wrong && {
        keys: [wrong[0], "cluster.target"],
        problem: classes.all.includes(wrong[1] ?? "") ? "has no volumes that pods on many nodes write" : `is no class that a cluster of ${cluster.target} has`,
        allowed: `leave it out; or ${wrong[2].join(" or ")}`,
        example: { app: { web: { replicas: { min: 1, max: 5 } } } },
    };
}

/** An existing cluster needs a way to get the images that the program builds. A platform knows it, or refuses at its time. */
export function needsRegistry(
    { cluster, app }: { cluster: ClusterSettings; app: AppSettings },
): Violation | undefined {
    const built = [["app.web.image", app.web.image], ["app.database.image", app.database.image]]
        .flatMap(([key, image]) => key !== undefined && image === undefined ? [key] : []);
    const isKnown = cluster.target !== "existing" || cluster.registry !== undefined || cluster.sharedPlatform;
    return isKnown || built.length === 0 ? undefined : {
        keys: ["cluster.registry", ...built],
        problem: "is missing: the images that the program builds have to be pushed where this cluster can pull them",
        allowed: `a registry such as ghcr.io/example, or ready images in ${built.map(key => `{${key}}`).join(" and ")}`,
        example: { cluster: { registry: "ghcr.io/example" } },
    };
}

/** A volume that many nodes write needs a class for that. Otherwise its claim waits forever. */
export function needsSharedClass(
    { cluster, app }: { cluster: ClusterSettings; app: AppSettings },
): Violation | undefined {
    const { accessMode, storageClass } = app.web.uploads;
    if (cluster.target === "baremetal") return needsSharedDirectory(cluster, app);
    if (cluster.target === "minikube" && cluster.nodes > 1) return needsOneNode(app);
    const has = cluster.target !== "existing" || cluster.sharedStorageClass !== undefined || cluster.sharedPlatform;
    return has || accessMode !== "ReadWriteMany" || storageClass !== undefined ? undefined : {
        keys: ["cluster.sharedStorageClass", "app.web.uploads.accessMode"],
        problem: "is missing: the uploads are a volume that pods on many nodes write",
        allowed: "a StorageClass for ReadWriteMany (see: kubectl get storageclass); or {app.web.uploads.accessMode} " +
            "ReadWriteOnce with {app.web.replicas} { min: 1, max: 1 }",
        example: { cluster: { sharedStorageClass: "efs" } },
    };
}

/** Each of minikube's volumes is a directory of one node. */
function needsOneNode({ web }: AppSettings): Violation | undefined {
    return web.uploads.accessMode !== "ReadWriteMany" ? undefined : {
        keys: ["cluster.nodes", "app.web.uploads.accessMode"],
        problem: "are several, and minikube has no volumes that pods on many nodes write",
        allowed: "nodes: 1; or {app.web.uploads.accessMode} ReadWriteOnce with {app.web.replicas} { min: 1, max: 1 }; or the target kind",
        example: { cluster: { target: "minikube", nodes: 1 } },
    };
}

/** Machines don't see each other's disks. */
function needsSharedDirectory(cluster: BareMetalSettings, { web }: AppSettings): Violation | undefined {
    const { accessMode, storageClass } = web.uploads;
    const has = cluster.sharedDirectory !== undefined || Object.keys(cluster.nodes).length === 1;
    return has || accessMode !== "ReadWriteMany" || storageClass !== undefined ? undefined : {
        keys: ["cluster.sharedDirectory", "app.web.uploads.accessMode"],
        problem: "is missing: the uploads are a volume that pods on many nodes write",
        allowed: "a directory that is the same on all machines, such as a mounted NFS export; or " +
            "{app.web.uploads.accessMode} ReadWriteOnce with {app.web.replicas} { min: 1, max: 1 }",
        example: { cluster: { sharedDirectory: "/srv/landfall" } },
    };
}
