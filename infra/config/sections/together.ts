import { formatQuantity, mebibytes, quantity } from "../../../components/quantity";
import { ephemeralStorage } from "../../../components/scratch";
import { containerDefaults } from "../../../components/workload/defaults";
import { activatorLimits, type ActivatorLimits } from "../../../components/workload/limits";
import { connectionsOf, leastMemoryOfDatabase, leastWebMemory, limitsOf, trafficOf } from "../../limits";
import { Violation } from "../schema/rule";
import { type BareMetalSettings, type ClusterSettings, sharesPlatform } from "../targets";
import { usesDatabase } from "../../services/limits";
import type { AppSettings } from "../schema";
import type { WordPressSettings } from "./app";
import type { EnvironmentSettings } from "./environment";
import type { GatewaySettings } from "./gateway";
import type { LogsSettings } from "./logs";
import { databaseHoldsServices, needsOfServices } from "./services-together";

type Quota = EnvironmentSettings["quota"];

/** Pods that people may run beside the application, with the limits that containers get if they don't say. */
const peoplesPods = 4;

/** What the application uses at full scale during a rolling update, in billionths. */
export interface Needs {
    amounts: Record<keyof Quota, bigint>;
    /** The settings that determine each. */
    causes: Record<keyof Quota, string[]>;
    /** The pods during a rolling update, and the volumes, in words. */
    rollout: string;
    volumes: string;
}

function needsOf(app: AppSettings, sleeps: boolean): Needs {
    const needs = app.type === "services" ? needsOfServices(app) : needsOfWordPress(app);
    return sleeps ? withActivator(needs, activatorLimits(trafficOf(app).requests)) : needs;
}

/** Two of them while it is updated. */
function withActivator(needs: Needs, { cpu, memory }: ActivatorLimits): Needs {
    const { amounts } = needs;
    const two = (amount: string): bigint => quantity(amount) * 2n;
    return {
        ...needs,
        amounts: {
            ...amounts,
            cpu: amounts.cpu + two(cpu.limit), memory: amounts.memory + two(memory.limit), pods: amounts.pods + two("1"),
            ephemeralStorage: amounts.ephemeralStorage + two(ephemeralStorage().limits["ephemeral-storage"]),
        },
        rollout: `${needs.rollout}, and the activator`,
    };
}

function needsOfWordPress(app: WordPressSettings): Needs {
    const { web, database } = app;
    const limits = limitsOf(app);
    const sum = (ofWeb: string, ofDatabase: string, ofTask: string) =>
        quantity(ofWeb) * BigInt(limits.web.pods) + quantity(ofDatabase) + quantity(ofTask) * BigInt(limits.tasks.pods);
    const scratch = (size: number) => ephemeralStorage([{ name: "tmp", emptyDir: { sizeLimit: `${size}Mi` } }]).limits["ephemeral-storage"];
    const of = (...keys: string[]) => keys.map(key => `app.web.${key}`);
    return {
        amounts: {
            cpu: sum(web.cpu.limit, database.cpu.limit, limits.tasks.cpu.limit),
            memory: sum(web.memory.limit, database.memory.limit, limits.tasks.memory.limit),
            storage: quantity(web.uploads.size) + quantity(database.volume),
            ephemeralStorage: sum(scratch(limits.web.scratch), scratch(limits.database.temporaryVolume), scratch(limits.tasks.scratch)),
            pods: quantity(String(limits.web.pods + 1 + limits.tasks.pods)),
        },
        causes: {
            cpu: of("replicas.max", "cpu.limit"), memory: of("replicas.max", "memory.limit"), storage: of("uploads.size"),
            ephemeralStorage: of("replicas.max", "uploads.maxFile"), pods: of("replicas.max"),
        },
        rollout: `${limits.web.pods} web pods (max and a quarter, for rolling updates), the database and scheduled tasks`,
        volumes: "the uploads and the database",
    };
}

/** The quota with its defaults. */
export function completeQuota(given: Quota, app: AppSettings, sleeps = false): { [K in keyof Quota]-?: NonNullable<Quota[K]> } {
    const { cpu, memory, storage, ephemeralStorage, pods } = needsOf(app, sleeps).amounts;
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

/** The quota must hold the application at full scale during a rolling update. Otherwise pods are silently not created. */
export function quotaHoldsApp(
    { environment: { quota, sleepAfter }, app }: { environment: { quota: Quota; sleepAfter?: number }; app: AppSettings },
): Violation | undefined {
    const { amounts, causes, rollout, volumes } = needsOf(app, sleepAfter !== undefined);
    const short = (Object.keys(amounts) as (keyof Quota)[])
        .filter(key => quota[key] !== undefined && amounts[key] > quantity(String(quota[key])));
    if (short.length === 0) {
        return undefined;
    }
    const enough = Object.fromEntries(short.map(key => {
        const amount = formatQuantity(amounts[key]);
        return [key, key === "pods" ? Number(amount) : amount];
    }));
    const from = [...new Set(short.flatMap(key => causes[key]))];
    const what = short.some(key => key !== "storage") ? rollout : volumes;
    return {
        keys: [...short.map(key => `environment.quota.${key}`), ...from],
        problem: `can't hold the application at its largest: ${what}`,
        allowed: `at least ${Object.entries(enough).map(([key, amount]) => `${key}: ${amount}`).join(", ")}; ` +
            `or lower ${from.map(key => `{${key}}`).join(" or ")}`,
        example: { environment: { quota: enough } },
    };
}

/**
 * WordPress writes its one address into every page, mail and feed, and its cookies and scripts are valid there only. On a page
 * under another name, fonts and scripts would come from a foreign origin, and a login would end elsewhere.
 */
export function wordPressHasOneAddress({ environment, app }: { environment: EnvironmentSettings; app: AppSettings }): Violation | undefined {
    const { aliases, host } = environment;
    return aliases.length === 0 || app.type !== "wordpress" ? undefined : {
        keys: ["environment.aliases", "environment.host"],
        problem: "can't be served by WordPress, which has one address for its links, logins and scripts",
        allowed: "no aliases; {environment.redirects} lead to {environment.host}",
        example: { environment: { host, redirects: aliases } },
    };
}

/** Every PHP process has a connection. If the database refuses one, the visitor sees an error page. */
export function databaseHoldsConnections({ app }: { app: AppSettings }): Violation | undefined {
    if (app.type === "services") return databaseHoldsServices(app);
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
    { cluster, app, logs }: { cluster: ClusterSettings; app?: AppSettings; logs: LogsSettings },
): Violation | undefined {
    const classes = Object.hasOwn(laptopClasses, cluster.target) ? laptopClasses[cluster.target] : undefined;
    if (classes === undefined) return undefined;
    const volumes = [...app ? volumesOf(app) : [], { key: "logs", accessMode: "ReadWriteOnce", storageClass: logs.storageClass }];
    const wrong = volumes.map(({ key, storageClass, accessMode }) =>
        [`${key}.storageClass`, storageClass, accessMode === "ReadWriteMany" ? classes.shared : classes.all] as const)
        .find(([, name, has]) => name !== undefined && !has.includes(name));
    return wrong && {
        keys: [wrong[0], "cluster.target"],
        problem: classes.all.includes(wrong[1] ?? "") ? "has no volumes that pods on many nodes write" : `is no class that a cluster of ${cluster.target} has`,
        allowed: `leave it out; or ${wrong[2].join(" or ")}`,
        example: wrong[0] === "logs.storageClass" ? { logs: { keepDays: 7 } }
            : { app: app?.type === "services" ? { type: app.type } : { web: { replicas: { min: 1, max: 5 } } } },
    };
}

/** A volume, by the key of its settings. */
interface Volume {
    key: string;
    accessMode: string;
    storageClass?: string;
}

function volumesOf(app: AppSettings): Volume[] {
    const database = { key: "app.database", accessMode: "ReadWriteOnce", storageClass: app.database.storageClass };
    if (app.type === "wordpress") return [database, { key: "app.web.uploads", ...app.web.uploads }];
    return [database, ...Object.entries(app.services).flatMap(([name, { volumes }]) =>
        Object.values(volumes).map(volume => ({ key: `app.services.${name}.volumes`, ...volume })))];
}

/** An existing cluster needs a way to get the images that the program builds. A platform knows it, or refuses at its time. */
export function needsRegistry(
    { cluster, app, environment }: { cluster: ClusterSettings; app: AppSettings; environment: { sleepAfter?: number } },
): Violation | undefined {
    const images: [string, string | undefined][] = app.type === "wordpress" ? [["app.web.image", app.web.image]]
        : Object.entries(app.services).map(([name, { image }]) => [`app.services.${name}.image`, image]);
    const database: [string, string | undefined][] = app.type === "wordpress" || usesDatabase(app) ? [["app.database.image", app.database.image]] : [];
    const built = [...images, ...database].flatMap(([key, image]) => image === undefined ? [key] : []);
    const isKnown = cluster.target !== "existing" || cluster.registry !== undefined || sharesPlatform(cluster);
    if (!isKnown && built.length === 0 && environment.sleepAfter !== undefined) {
        return {
            keys: ["cluster.registry", "environment.sleepAfter"],
            problem: "is missing: the image of what wakes the environment has to be pushed where this cluster can pull it",
            allowed: "a registry such as ghcr.io/example; or leave out {environment.sleepAfter}",
            example: { cluster: { registry: "ghcr.io/example" } },
        };
    }
    return isKnown || built.length === 0 ? undefined : {
        keys: ["cluster.registry", ...built],
        problem: "is missing: the images that the program builds have to be pushed where this cluster can pull them",
        allowed: `a registry such as ghcr.io/example, or ready images in ${built.map(key => `{${key}}`).join(" and ")}`,
        example: { cluster: { registry: "ghcr.io/example" } },
    };
}

/** A cluster's logs and its gateway belong to its platform, which may be another stack's. */
export function hasOwnPlatform({ cluster, logs, gateway }: {
    cluster: ClusterSettings; logs: LogsSettings; gateway: GatewaySettings;
}): Violation | undefined {
    if (!sharesPlatform(cluster)) return undefined;
    const violation = (key: string, why: string): Violation => ({
        keys: [key, "cluster.sharedPlatform"],
        problem: `has no effect: ${why}, and another stack made it`,
        allowed: "leave it out here, and set it in the stack that made the platform",
        example: { cluster: { target: "existing", stack: "organization/landfall/dev" } },
    });
    if (logs.keepDays > 0) return violation("logs.keepDays", "the platform keeps the logs of the whole cluster");
    return gateway.clientConnections === undefined ? undefined
        : violation("gateway.clientConnections", "the gateway belongs to the platform");
}

/** A volume that many nodes write needs a class for that. Otherwise its claim waits forever. */
export function needsSharedClass(
    { cluster, app }: { cluster: ClusterSettings; app: AppSettings },
): Violation | undefined {
    const shared = volumesOf(app).find(({ accessMode, storageClass }) => accessMode === "ReadWriteMany" && storageClass === undefined);
    if (cluster.target === "minikube" && cluster.nodes > 1) return needsOneNode(app);
    if (shared === undefined) return undefined;
    const key = app.type === "services" ? shared.key : `${shared.key}.accessMode`;
    const what = app.type === "services" ? "a service's volume is one" : "the uploads are a volume";
    if (cluster.target === "baremetal") return needsSharedDirectory(cluster, key, what, app);
    const has = cluster.target !== "existing" || cluster.sharedStorageClass !== undefined || sharesPlatform(cluster);
    return has ? undefined : {
        keys: ["cluster.sharedStorageClass", key],
        problem: `is missing: ${what} that pods on many nodes write`,
        allowed: `a StorageClass for ReadWriteMany (see: kubectl get storageclass); or ${alone(app, key)}`,
        example: { cluster: { sharedStorageClass: "efs" } },
    };
}

/** The way to do without a shared volume. */
function alone(app: AppSettings, key: string): string {
    return app.type === "services" ? `accessMode ReadWriteOnce in {${key}}, for one pod`
        : `{${key}} ReadWriteOnce with {app.web.replicas} { min: 1, max: 1 }`;
}

/** Each of minikube's volumes is a directory of one node. */
function needsOneNode(app: AppSettings): Violation | undefined {
    const shared = volumesOf(app).find(({ accessMode }) => accessMode === "ReadWriteMany");
    if (shared === undefined) return undefined;
    const key = app.type === "services" ? shared.key : `${shared.key}.accessMode`;
    return {
        keys: ["cluster.nodes", key],
        problem: "are several, and minikube has no volumes that pods on many nodes write",
        allowed: `nodes: 1; or ${alone(app, key)}; or the target kind`,
        example: { cluster: { target: "minikube", nodes: 1 } },
    };
}

/** Machines don't see each other's disks. */
function needsSharedDirectory(cluster: BareMetalSettings, key: string, what: string, app: AppSettings): Violation | undefined {
    return cluster.sharedDirectory !== undefined || Object.keys(cluster.nodes).length === 1 ? undefined : {
        keys: ["cluster.sharedDirectory", key],
        problem: `is missing: ${what} that pods on many nodes write`,
        allowed: `a directory that is the same on all machines, such as a mounted NFS export; or ${alone(app, key)}`,
        example: { cluster: { sharedDirectory: "/srv/landfall" } },
    };
}
