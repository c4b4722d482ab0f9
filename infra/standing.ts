import * as pulumi from "@pulumi/pulumi";
import { type Capabilities, type Comparisons, type Stands, strandedVolumes } from "../components/cluster";
import { classOf, readEnvironment, type StandingEnvironment } from "../components/workload";
import type { Settings } from "./config";
import { compareQuantities } from "../components/quantity";
import { describeKey, describeSettings } from "./config/describe";
import { refuseChanges } from "./config/refuse";

type Compared = Pick<Settings, "cluster" | "environment" | "app">;

/** Refuses, in a preview too, what can't be changed in place of the cluster or of the data in it. */
export function compareWith(settings: Compared): Comparisons {
    const below = <T>(values: Record<string, T>) =>
        Object.fromEntries(Object.entries(values).map(([key, value]) => [`cluster.${key}`, value]));
    return {
        cluster: (standing, wanted) => refuseChanges(settings, below(standing), below(wanted)),
        async objects(kubeconfig, capabilities) {
            const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
            const standing = await readEnvironment(kubeconfig, settings.environment.name, stack);
            refuseChanges(settings, ...compared(settings, standing, capabilities));
        },
    };
}

/** What stands and what is wanted, by the keys that say it. */
export function compared(
    { cluster, environment, app }: Compared, { namespace, volumes }: StandingEnvironment, capabilities: Capabilities,
): [Record<string, Stands>, Record<string, unknown>] {
    const standing: Record<string, Stands> = {};
    const wanted: Record<string, unknown> = {};
    const compare = (key: string, stands: Stands, value: unknown): void => {
        standing[key] = stands;
        wanted[key] = value;
    };
    if (namespace !== undefined && environment.volumes === "retain") {
        compare("environment.name", { value: namespace }, environment.name);
    }
    const described = describeSettings({ stack: pulumi.getStack(), target: cluster.target });
    const isSetting = (key: string) => describeKey(described, key.split("."), cluster.target) !== undefined;
    const stranded = strandedVolumes(volumes, capabilities);
    if (stranded) compare("cluster.nodes", stranded.stands, stranded.wanted);
    const { uploads } = app.web;
    const parts = {
        database: { key: "app.database", sizeKey: "volume", args: { ...app.database, size: app.database.volume, accessMode: "ReadWriteOnce" } },
        web: { key: "app.web.uploads", sizeKey: "size", args: uploads },
    } as const;
    for (const { owner, size, capacity = size, accessMode, storageClass, fixed } of volumes) {
        const part = parts[owner as keyof typeof parts] as typeof parts[keyof typeof parts] | undefined;
        if (!part) continue;
        const { key, sizeKey, args } = part;
        const shared = args.accessMode === "ReadWriteMany";
        const clusterKey = shared ? "cluster.sharedStorageClass" : "cluster.storageClass";
        const classKey = args.storageClass === undefined && isSetting(clusterKey) ? clusterKey : `${key}.storageClass`;
        // A claim that could not be given all that it asked for may ask for less, down to what it has.
        const least = compareQuantities(capacity, size) < 0 ? capacity : size;
        compare(`${key}.${sizeKey}`, { value: least, fixed }, args.size);
        compare(classKey, { value: storageClass }, classOf(capabilities, args));
        if (owner === "web") compare(`${key}.accessMode`, { value: accessMode }, args.accessMode);
    }
    return [standing, wanted];
}
