import { formatQuantity, mebibytes, quantity } from "../../../components/quantity";
import { ephemeralStorage } from "../../../components/scratch";
import { containerDefaults } from "../../../components/workload/defaults";
import { connectionsOf, leastMemoryOfDatabase, leastWebMemory, limitsOf } from "../../limits";
import { Violation } from "../schema/rule";
import type { BareMetalSettings, ClusterSettings } from "../targets";
import type { AppSettings } from "./app";
import type { EnvironmentSettings } from "./environment";
import type { LogsSettings } from "./logs";

type Quota = EnvironmentSettings["quota"];
type Amounts = Record<keyof Quota, bigint>;

/** Pods that people may run beside the application, with the limits that containers get if they don't say. */
const peoplesPods = 4;

/** What the application uses at full scale during a rolling update. */
function needsOf(app: AppSettings): Amounts {
    const { web, database } = app;
    const limits = limitsOf(app);
    const sum = (ofWeb: string, ofDatabase: string, ofTask: string) =>
        quantity(ofWeb) * BigInt(limits.web.pods) + quantity(ofDatabase) + quantity(ofTask) * BigInt(limits.tasks.pods);
    const scratch = (size: number) => ephemeralStorage([{ name: "tmp", emptyDir: { sizeLimit: `${size}Mi` } }]).limits["ephemeral-storage"];
    return {
        cpu: sum(web.cpu.limit, database.cpu.limit, limits.tasks.cpu.limit),
        memory: sum(web.memory.limit, database.memory.limit, limits.tasks.memory.limit),
        storage: quantity(web.uploads.size) + quantity(database.volume),
        ephemeralStorage: sum(scratch(limits.web.scratch), scratch(limits.database.temporaryVolume), scratch(limits.tasks.scratch)),
        pods: quantity(String(limits.web.pods + 1 + limits.tasks.pods)),
    };
}

/** The quota with its defaults. */
export function completeQuota(given: Quota, app: AppSettings): { [K in keyof Quota]-?: NonNullable<Quota[K]> } {
    const { cpu, memory, storage, ephemeralStorage, pods } = needsOf(app);
    const { limit } = containerDefaults;
    const besides = (need: bigint, one: string): string => formatQuantity(need + quantity(one) * BigInt(peoplesPods));
    return {
        cpu: given.cpu ?? besides(cpu, limit.cpu),
        memory: given.memory ?? besides(memory, limit.memory),
        // A volume can be restored beside the one that it replaces.
        storage: given.storage ?? formatQuantity(storage * 2n),
        ephemeralStorage: given.ephemeralStorage ?? besides(ephemeralStorage, limit["ephemeral-storage"]),
        pods: given.pods ?? Number(besides(pods, "1")),
    };
}

/** The settings that determine what the application needs. */
const causes: Record<keyof Quota, string[]> = {
    cpu: ["replicas.max", "cpu.limit"], memory: ["replicas.max", "memory.limit"], storage: ["uploads.size"],
    ephemeralStorage: ["replicas.max", "uploads.maxFile"], pods: ["replicas.max"],
};

/** The quota must hold the application at full scale during a rolling update. Otherwise pods are silently not created. */
export function quotaHoldsApp(
    { environment: { quota }, app }: { environment: { quota: Quota }; app: AppSettings },
): Violation | undefined {
    const needs = needsOf(app);
    const short = (Object.keys(needs) as (keyof Quota)[])
        .filter(key => quota[key] !== undefined && needs[key] > quantity(String(quota[key])));
    if (short.length === 0) {
        return undefined;
    }
    const enough = Object.fromEntries(short.map(key => {
        const amount = formatQuantity(needs[key]);
        return [key, key === "pods" ? Number(amount) : amount];
    }));
    const from = [...new Set(short.flatMap(key => causes[key]))].map(key => `app.web.${key}`);
    const rollout = short.some(key => key !== "storage") ? `${limitsOf(app).web.pods} web pods (max and a quarter, for rolling ` +
        "updates), the database and scheduled tasks" : "the uploads and the database";
    return {
        keys: [...short.map(key => `environment.quota.${key}`), ...from],
        problem: `can't hold the application at its largest: ${rollout}`,
        allowed: `at least ${Object.entries(enough).map(([key, amount]) => `${key}: ${amount}`).join(", ")}; ` +
            `or lower ${from.map(key => `{${key}}`).join(" or ")}`,
        example: { environment: { quota: enough } },
    };
}

/**
 * WordPress writes its one address into every page, mail and feed, and its cookies and scripts are valid there only. On a page
 * under another name, fonts and scripts would come from a foreign origin, and a login would end elsewhere.
 */
export function wordPressHasOneAddress(
    { environment, app }: { environment: EnvironmentSettings; app: AppSettings & { type?: string } },
): Violation | undefined {
    const { aliases, host } = environment;
    return aliases.length === 0 || (app.type ?? "wordpress") !== "wordpress" ? undefined : {
        keys: ["environment.aliases", "environment.host"],
        problem: "can't be served by WordPress, which has one address for its links, logins and scripts",
        allowed: "no aliases; {environment.redirects} lead to {environment.host}",
        example: { environment: { host, redirects: aliases } },
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
export function hasClasses(
    { cluster, app, logs }: { cluster: ClusterSettings; app: AppSettings; logs: LogsSettings },
): Violation | undefined {
    const classes = Object.hasOwn(laptopClasses, cluster.target) ? laptopClasses[cluster.target] : undefined;
    if (classes === undefined) return undefined;
    const { storageClass, accessMode } = app.web.uploads;
    const wrong = ([
        ["app.database.storageClass", app.database.storageClass, classes.all],
        ["logs.storageClass", logs.storageClass, classes.all],
        ["app.web.uploads.storageClass", storageClass, accessMode === "ReadWriteMany" ? classes.shared : classes.all],
    ] as const).find(([, name, has]) => name !== undefined && !has.includes(name));
    return wrong && {
        keys: [wrong[0], "cluster.target"],
        problem: classes.all.includes(wrong[1] ?? "") ? "has no volumes that pods on many nodes write" : `is no class that a cluster of ${cluster.target} has`,
        allowed: `leave it out; or ${wrong[2].join(" or ")}`,
        example: wrong[0] === "logs.storageClass" ? { logs: { keepDays: 7 } } : { app: { web: { replicas: { min: 1, max: 5 } } } },
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

/** A cluster's logs are kept by its platform, which may be another stack's. */
export function keepsOwnLogs({ cluster, logs }: { cluster: ClusterSettings; logs: LogsSettings }): Violation | undefined {
    return cluster.target !== "existing" || !cluster.sharedPlatform || logs.keepDays === 0 ? undefined : {
        keys: ["logs.keepDays", "cluster.sharedPlatform"],
        problem: "has no effect: the platform keeps the logs of the whole cluster, and another stack made it",
        allowed: "leave it out here, and set it in the stack that made the platform",
        example: { cluster: { target: "existing", stack: "organization/landfall/dev" } },
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
