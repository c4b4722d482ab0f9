import { formatQuantity, mebibytes, quantity } from "../../../components/quantity";
import { podsInRollout } from "../../../components/workload/limits";
import { connectionsOf, leastMemoryOfDatabase, leastWebMemory, limitsOf, taskLimits } from "../../limits";
import { Violation } from "../schema/rule";
import type { BareMetalSettings, ClusterSettings } from "../targets";
import { needsOf, usesDatabase } from "../../services/limits";
import type { AppSettings } from "../schema";
import type { WordPressSettings } from "./app";
import type { EnvironmentSettings } from "./environment";
import type { ServicesSettings } from "./services";
import { databaseHoldsServices, needsOfServices } from "./services-together";

/** The quota must hold the application at full scale during a rolling update. Otherwise pods are silently not created. */
export function quotaHoldsApp(
    { environment, app }: { environment: EnvironmentSettings; app: AppSettings },
): Violation | undefined {
    const { quota } = environment;
    const { rollout, needs } = app.type === "services" ? needsOfAll(app) : needsOfWordPress(app);
    const short = (Object.keys(needs) as (keyof typeof needs)[])
        .filter(key => needs[key].amount > quantity(String(quota[key])));
    if (short.length === 0) {
        return undefined;
    }
    const enough = Object.fromEntries(short.map(key => {
        const amount = formatQuantity(needs[key].amount);
        return [key, key === "pods" ? Number(amount) : amount];
    }));
    const from = [...new Set(short.flatMap(key => needs[key].from))];
    const what = short.some(key => key !== "storage") ? rollout : app.type === "services" ? "the volumes" : "the uploads and the database";
    return {
        keys: [...short.map(key => `environment.quota.${key}`), ...from],
        problem: `can't hold the application at its largest: ${what}`,
        allowed: `at least ${Object.entries(enough).map(([key, amount]) => `${key}: ${amount}`).join(", ")}; ` +
            `or lower ${from.map(key => `{${key}}`).join(" or ")}`,
        example: { environment: { quota: enough } },
    };
}

/** What an application needs at most, in billionths, and the settings that it follows from. */
interface Needs {
    /** What there is during a rolling update, in words. */
    rollout: string;
    needs: Record<"cpu" | "memory" | "storage" | "pods", { amount: bigint; from: string[] }>;
}

function needsOfWordPress({ web, database }: WordPressSettings): Needs {
    const webPods = podsInRollout(web.replicas.max);
    const sum = (resource: "cpu" | "memory") => quantity(web[resource].limit) * BigInt(webPods)
        + quantity(database[resource].limit) + quantity(taskLimits[resource].limit) * BigInt(taskLimits.pods);
    return {
        rollout: `${webPods} web pods (max and a quarter, for rolling updates), the database and scheduled tasks`,
        needs: {
            cpu: { amount: sum("cpu"), from: ["app.web.replicas.max", "app.web.cpu.limit"] },
            memory: { amount: sum("memory"), from: ["app.web.replicas.max", "app.web.memory.limit"] },
            storage: { amount: quantity(web.uploads.size) + quantity(database.volume), from: ["app.web.uploads.size"] },
            pods: { amount: quantity(String(webPods + 1 + taskLimits.pods)), from: ["app.web.replicas.max"] },
        },
    };
}

function needsOfAll(app: ServicesSettings): Needs {
    const { cpu, memory, storage, pods } = needsOf(app);
    const { largest, description } = needsOfServices(app);
    const from = [`app.services.${largest}.replicas.max`];
    return {
        rollout: description,
        needs: {
            cpu: { amount: cpu, from: [...from, `app.services.${largest}.cpu.limit`] },
            memory: { amount: memory, from: [...from, `app.services.${largest}.memory.limit`] },
            storage: { amount: storage, from: [`app.services.${largest}.volumes`] },
            pods: { amount: pods * 10n ** 9n, from },
        },
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
export function hasClasses({ cluster, app }: { cluster: ClusterSettings; app: AppSettings }): Violation | undefined {
    const classes = Object.hasOwn(laptopClasses, cluster.target) ? laptopClasses[cluster.target] : undefined;
    if (classes === undefined) return undefined;
    const wrong = volumesOf(app).map(({ key, storageClass, accessMode }) =>
        [`${key}.storageClass`, storageClass, accessMode === "ReadWriteMany" ? classes.shared : classes.all] as const)
        .find(([, name, has]) => name !== undefined && !has.includes(name));
    return wrong && {
        keys: [wrong[0], "cluster.target"],
        problem: classes.all.includes(wrong[1] ?? "") ? "has no volumes that pods on many nodes write" : `is no class that a cluster of ${cluster.target} has`,
        allowed: `leave it out; or ${wrong[2].join(" or ")}`,
        example: { app: app.type === "services" ? { type: app.type } : { web: { replicas: { min: 1, max: 5 } } } },
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

/** An existing cluster needs a way to get the images that the program builds. */
export function needsRegistry(
    { cluster, app }: { cluster: ClusterSettings; app: AppSettings },
): Violation | undefined {
    const images: [string, string | undefined][] = app.type === "wordpress" ? [["app.web.image", app.web.image]]
        : Object.entries(app.services).map(([name, { image }]) => [`app.services.${name}.image`, image]);
    const database: [string, string | undefined][] = app.type === "wordpress" || usesDatabase(app) ? [["app.database.image", app.database.image]] : [];
    const built = [...images, ...database].flatMap(([key, image]) => image === undefined ? [key] : []);
    return cluster.target !== "existing" || cluster.registry !== undefined || built.length === 0 ? undefined : {
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
    const shared = volumesOf(app).find(({ accessMode, storageClass }) => accessMode === "ReadWriteMany" && storageClass === undefined);
    if (cluster.target === "minikube" && cluster.nodes > 1) return needsOneNode(app);
    if (shared === undefined) return undefined;
    const key = app.type === "services" ? shared.key : `${shared.key}.accessMode`;
    const what = app.type === "services" ? "a service's volume is one" : "the uploads are a volume";
    if (cluster.target === "baremetal") return needsSharedDirectory(cluster, key, what, app);
    return cluster.target !== "existing" || cluster.sharedStorageClass !== undefined ? undefined : {
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
