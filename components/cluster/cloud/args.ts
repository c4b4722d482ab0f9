import type { Transform } from "../../transform";
import type { LoadBalancerArgs } from "../cluster";
import type { Comparisons } from "../compare";

/**
 * Settings that EKS, GKE and AKS share. Plain values, not `pulumi.Input`s: they are checked before any resource is
 * created.
 */
export interface CloudArgs extends LoadBalancerArgs {
    /** Name of the cluster. A change replaces everything. @example "landfall-prod" */
    name: string;
    /** What the other defaults are for; each target's `sizes` lists them. A later change keeps the cluster. */
    size: "development" | "production";
    /** Minor version of Kubernetes. It goes up one at a time, and never down. @example "1.35" */
    kubernetesVersion: string;
    /** Networks that may reach the API server, besides the nodes. @example ["203.0.113.0/24"] */
    authorizedNetworks: string[];
    /** Address range of the cluster's own network. A change replaces everything. @example "10.20.0.0/16" */
    network: string;
    /**
     * Whether nodes come from `nodePools`, or the cloud chooses the machines: EKS Auto Mode, GKE Autopilot, AKS node
     * auto-provisioning.
     */
    provisioning: "pools" | "auto";
    /** Node pools by name; none with `provisioning: "auto"`. @default set by `size` */
    nodePools?: Record<string, NodePool>;
    /** When the cloud may upgrade nodes and what it runs itself. */
    maintenance: Maintenance;
    /** Whether the cluster and its keys are protected from deletion. @default true if `size` is production */
    deletionProtection?: boolean;
    /** Tags on everything that the cloud can tag, besides `project` and `stack`. @example { "cost-center": "web" } */
    tags: Record<string, string>;
    /** What happens to the volumes' data when the cluster is destroyed. @default "retain" */
    volumes?: "delete" | "retain";
    /** Refuses what can't be changed in place. @default nothing is compared */
    comparisons?: Comparisons;
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/** A group of nodes of one kind that scales with the load. */
export interface NodePool {
    /** Machine type, by the cloud's own name. @example "m6i.large", "e2-standard-4" or "Standard_D4as_v5" */
    machineType: string;
    /** Smallest number of nodes, over all zones. Only 0 if another pool has room for the system's pods. */
    min: number;
    /** Largest number of nodes, over all zones. */
    max: number;
    /** Size of each node's disk, in GiB. @example 50 */
    diskSize: number;
    /** Whether to use spot machines, which are much cheaper and may be reclaimed at short notice. A change replaces the pool. */
    spot: boolean;
    /** Labels of the nodes. @example { tier: "web" } */
    labels: Record<string, string>;
}

/**
 * Seconds for which an autoscaler that removes a node waits for the node's pods. They say themselves how long they need, and by
 * default it cuts a transfer off after ten minutes. So it is longer than any of them may ask for.
 */
export const mostGraceSeconds = 86_400;

/** Whether only some of the pools are of spot machines: their taint keeps pods off that don't tolerate it, and those need other nodes. */
export function mixesSpot(pools: Record<string, Pick<NodePool, "spot">>): boolean {
    return new Set(Object.values(pools).map(({ spot }) => spot)).size > 1;
}

export const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;

/** A weekly window. */
interface Maintenance {
    /** Day of the week, UTC. */
    day: typeof days[number];
    /** Start of the window, UTC. @example "02:00" */
    start: string;
    /** Length of the window, in hours: 4 to 24; on GKE, at least 12. @example 4 */
    hours: number;
}

/**
 * What images are built for on any computer: the processor of the default pools. Pools of Arm machines need images that
 * `landfall:app` names and that exist for both.
 */
export const nodePlatform = "linux/amd64";

/** Tags in the form of annotations and StorageClass parameters: `project=landfall,stack=prod`. */
export function tagList(tags: Record<string, string>): string {
    return Object.entries(tags).map(([key, value]) => `${key}=${value}`).join(",");
}
