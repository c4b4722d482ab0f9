import * as z from "zod";
import { versions } from "../../../components/versions";
import { days } from "../../../components/cluster/cloud/args";
import type { Change } from "../schema/change";
import { clusterName, Context } from "../schema/defaults";
import { byName, choice, dnsLabel, flag, listOf, matching, network, whole } from "../schema/fields";
import { rule, Violation } from "../schema/rule";

export const sizes = ["development", "production"] as const;
type Size = typeof sizes[number];

/** What the clouds call a machine type, how it looks, and the examples. */
interface MachineTypes {
    /** @example "an EC2 instance type" */
    what: string;
    pattern: RegExp;
    example: string;
}

/** Effects of changes that differ between the clouds. */
type CloudEffects = Record<"provisioning" | "machineType" | "diskSize", Change>;

export const replacesAll: Change = "replaces everything, without moving the data; refused while `deletionProtection` is on";
/** The stack's resources don't exist there. */
export const bound: Change = "in place only before the first `pulumi up`; after that, another one needs a stack of its own";
export const newPool: Change = "replaces the node pool: new nodes are created before the old ones are drained";

/** The keys that all clouds share; `leastHours` is the shortest weekly maintenance window that the cloud accepts. */
export function cloudKeys(
    context: Context, what: string, longestName: number, machineTypes: MachineTypes, effects: CloudEffects,
    leastHours = 4,
) {
    return {
        name: dnsLabel(longestName).default(clusterName(context, longestName)).meta({
            description: `Name of the ${what}.`, example: "landfall-prod", defaultText: "`landfall-<stack>`",
            change: replacesAll,
        }),
        size: choice(...sizes).default("production").meta({
            description: "What the other defaults are for. `production` is spread over three zones and protected from deletion; "
                + "`development` is cheap.", example: "development",
            change: "in place; node pools follow its defaults",
        }),
        kubernetesVersion: matching("a minor version in quotes, such as \"1.36\"", /^1\.\d{2}$/)
            .default(versions.cloudKubernetes).meta({
                description: "Kubernetes minor version.", example: "1.36",
                change: "upgrades: a cluster can't go back. Keep it, or create another cluster as a stack of its own and move the data",
            }),
        authorizedNetworks: listOf("IPv4 networks such as 203.0.113.0/24", network(0, 32), 1).meta({
            description: "Networks that may reach the API server, besides the nodes: offices, pipelines.",
            example: ["203.0.113.0/24"],
        }),
        network: network(8, 18).default("10.20.0.0/16").meta({
            description: "Address range of the cluster's own network.", example: "10.40.0.0/16", change: replacesAll,
        }),
        provisioning: choice("pools", "auto").default("pools").meta({
            description: "Whether nodes come from the node pools below, or the cloud chooses the machines.",
            example: "auto", change: effects.provisioning,
        }),
        nodePools: byName(
            "1 to 12 lower-case letters and digits, beginning with a letter", /^[a-z][a-z0-9]{0,11}$/, "web",
            nodePool(machineTypes, effects),
        ).optional().meta({
            description: "Groups of nodes that scale with the load. Not with `provisioning: auto`.",
            example: { web: { machineType: machineTypes.example, min: 3, max: 30 } },
            defaultText: "set by `size`",
        }),
        maintenance: z.strictObject({
            day: choice(...days).default("Sunday").meta({ description: "Day of the week, UTC.", example: "Tuesday" }),
            start: matching("a time of day HH:MM", /^([01]\d|2[0-3]):[0-5]\d$/).default("02:00").meta({
                description: "Start of the window, UTC.", example: "03:30",
            }),
            hours: whole(leastHours, 24).default(leastHours).meta({
                description: "Length of the window, in hours.", example: leastHours + 2,
            }),
        }).prefault({}).meta({
            description: "Weekly window in which the cloud may upgrade nodes and repair what it runs.",
            example: { day: "Tuesday", start: "03:30" },
        }),
        deletionProtection: flag().optional().meta({
            description: "Whether the cluster and its keys are protected from deletion. To destroy them, set this to false and run "
                + "`pulumi up` first.", example: false, defaultText: "true if size is production",
        }),
        tags: byName(
            "1 to 63 lower-case letters, digits, \"_\" and \"-\", beginning with a letter; not project or stack, nor beginning with a "
                + "cloud's own goog, microsoft, azure or windows",
            /^(?!(project|stack)$|goog|microsoft|azure|windows)[a-z][a-z0-9_-]{0,62}$/,
            "cost-center", matching("lower-case letters, digits, \"_\" and \"-\", at most 63", /^[a-z0-9_-]{0,63}$/),
        ).default({}).meta({
            description: "Tags on everything that the cloud can label, besides `project` and `stack`.",
            example: { "cost-center": "web" },
        }),
    };
}

function nodePool({ what, pattern, example }: MachineTypes, effects: CloudEffects) {
    const keys = z.strictObject({
        machineType: matching(what, pattern).meta({ description: "Machine type.", example, change: effects.machineType }),
        min: whole(0, 1000).default(1).meta({ description: "Smallest number of nodes.", example: 3 }),
        max: whole(1, 1000).default(10).meta({ description: "Largest number of nodes.", example: 30 }),
        diskSize: whole(30, 2000).default(50).meta({ description: "Size of each node's disk, in GiB.", example: 100, change: effects.diskSize }),
        spot: flag().default(false).meta({
            description: "Whether to use spot machines, which are much cheaper and may be reclaimed at short notice.", example: false, change: newPool,
        }),
        labels: byName(
            "a Kubernetes label, none of Kubernetes' own under kubernetes.io and k8s.io",
            /^(?!([a-z0-9.-]*\.)?(kubernetes|k8s)\.io\/)([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/,
            "tier", matching("a Kubernetes label's value", /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/),
        ).default({}).meta({ description: "Labels of the nodes.", example: { tier: "web" } }),
    });
    return rule(keys, ["min", "max"], ({ min, max }): Violation | undefined => min <= max ? undefined : {
        keys: ["min", "max"], problem: "is more than max", allowed: "min of at most max", example: { machineType: example, min, max: min },
    }).meta({ description: "A group of nodes of one kind.", example: { machineType: example, min: 3, max: 30 } });
}

/** Pools and the cloud's own choice of machines exclude each other. */
export function poolsOrAuto(
    { provisioning, nodePools }: { provisioning: "pools" | "auto"; nodePools?: Record<string, unknown> },
): Violation | undefined {
    return provisioning === "pools" || nodePools === undefined ? undefined : {
        keys: ["nodePools", "provisioning"], problem: "have no effect if the cloud chooses the machines",
        allowed: "nodePools with {cluster.provisioning} pools, or neither", example: { provisioning: "auto" },
    };
}

/** A zone that fails must not take production down. */
export function twoZones({ size, zones }: { size: Size; zones?: string[] }): Violation | undefined {
    return size === "development" || zones === undefined || new Set(zones).size > 1 ? undefined : {
        keys: ["zones", "size"], problem: "is one zone only: its failure would take the site down",
        allowed: "two zones or more; or {cluster.size} development", example: { size: "development", zones },
    };
}

/** Whoever is named twice has one role too many. */
export function namedOnce({ admins, viewers }: { admins: string[]; viewers: string[] }): Violation | undefined {
    const all = [...admins, ...viewers];
    const twice = all.find((id, index) => all.indexOf(id) !== index);
    return twice === undefined ? undefined : {
        keys: ["viewers", "admins"], problem: `names ${twice} a second time`,
        allowed: "each in {cluster.admins} or here, once",
        example: { admins: [...new Set(admins)], viewers: viewers.filter(id => !admins.includes(id)) },
    };
}
