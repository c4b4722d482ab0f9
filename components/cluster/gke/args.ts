import type { Transform } from "../../transform";
import type { Comparisons } from "../compare";

/** Plain values, not `pulumi.Input`s: they are checked before any resource is made. */
export interface GkeArgs {
    /** Name of the cluster, at most 24 characters. A change makes the cluster anew. @example "landfall-prod" */
    name: string;
    /** Id of the project, which must be there and have billing. A change makes everything anew. @example "acme-prod" */
    project: string;
    /** Region of all that is made. A change makes everything anew. @example "europe-west3" */
    region: string;
    /** Zones of the nodes. @default three of the region, chosen by GKE @example ["europe-west3-a", "europe-west3-b"] */
    zones?: string[];
    /** What the defaults are for; see sizes.ts. A change later on keeps the cluster. */
    size: "development" | "production";
    /** Minor version of Kubernetes; goes up one at a time. @example "1.35" */
    kubernetesVersion: string;
    /** From where the API server's public address answers, besides the nodes. @example ["203.0.113.0/24"] */
    authorizedNetworks: string[];
    /** Addresses of the cluster's own network. A change makes everything anew. @example "10.20.0.0/16" */
    network: string;
    /** Whether nodes come from `nodePools`, or GKE chooses them (Autopilot). A change makes the cluster anew. */
    provisioning: "pools" | "auto";
    /** Groups of nodes by name, with provisioning "pools". @default as `size` says */
    nodePools?: Record<string, NodePoolArgs>;
    /** The weekly window for upgrades and repairs, UTC; GKE wants at least 12 hours of a weekly one. */
    maintenance: { day: string; start: string; hours: number };
    /** Whether the cluster and its keys refuse to be deleted. @default with size "production" */
    deletionProtection?: boolean;
    /** Labels of everything that can have some. @example { "cost-center": "web" } */
    tags: Record<string, string>;
    /** IAM principals that may do everything in the cluster. @example ["group:platform@example.com"] */
    admins: string[];
    /** IAM principals that may look at everything but Secrets. @example ["user:jane@example.com"] */
    viewers: string[];
    /** Managed zone of Cloud DNS in the project, to keep records in. @default none @example "example-com" */
    dnsZone?: string;
    /** What becomes of the volumes' data when the cluster is destroyed. @default "retain" */
    volumes?: "delete" | "retain";
    /** Refuses what can't be changed in place. @default nothing is compared */
    comparisons?: Comparisons;
    /** Last word on each resource's arguments, for what is not modelled here. */
    transform?: Transform;
}

export interface NodePoolArgs {
    /** Of a family that attaches regional disks: E2, N1, N2, N2D. @example "e2-standard-4" */
    machineType: string;
    /** Nodes at the least, over all zones. */
    min: number;
    /** Nodes at the most, over all zones. */
    max: number;
    /** GiB of each node's disk. */
    diskSize: number;
    /** Whether they are Spot VMs. A change makes the pool anew. */
    spot: boolean;
    labels: Record<string, string>;
}
