import type { AppSettings } from "../schema";
import { Violation } from "../schema/rule";
import { type BareMetalSettings, type ClusterSettings, sharesPlatform } from "../targets";
import type { LogsSettings } from "./logs";

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
