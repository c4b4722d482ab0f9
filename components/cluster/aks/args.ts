import type { Transform } from "../../transform";
import type { Comparisons } from "../compare";

/** A group of nodes of one kind, which grows and shrinks with the load. */
export interface NodePool {
    /** Size of the machines. A change makes new nodes, then takes the old ones. @example "Standard_D4as_v5" */
    machineType: string;
    /** Nodes at the least. @example 3 */
    min: number;
    /** Nodes at the most. @example 30 */
    max: number;
    /** GiB of each node's disk. A change makes new nodes, then takes the old ones. @example 64 */
    diskSize: number;
    /** Whether the machines are cheaper and may be taken away at short notice. A change makes new nodes. */
    spot: boolean;
    /** Labels of the nodes. @example { tier: "web" } */
    labels: Record<string, string>;
}

/** When Azure upgrades the cluster and the nodes' system. */
export interface Maintenance {
    /** Day of the week, UTC. @example "Sunday" */
    day: "Monday" | "Tuesday" | "Wednesday" | "Thursday" | "Friday" | "Saturday" | "Sunday";
    /** When it begins, UTC. @example "02:00" */
    start: string;
    /** How long it may take, 4 to 24. @example 4 */
    hours: number;
}

/** Plain values, not `pulumi.Input`s: what is wrong with them is said before any resource is made. */
export interface AksArgs {
    /** Name of the cluster and of its resource group; at most 40 characters. A change makes all anew. */
    name: string;
    /** What the other defaults are for. @example "production" */
    size: "development" | "production";
    /** Subscription that pays; nothing is made in any other. @example "00000000-1111-2222-3333-444444444444" */
    subscription: string;
    /** Directory of the subscription. @default that of the person or pipeline that is logged in */
    tenant?: string;
    /** Region. A change makes all anew. @example "westeurope" */
    location: string;
    /** Zones of the nodes. A change makes new nodes. @example ["1", "2", "3"] */
    zones: string[];
    /** Minor version of Kubernetes; it goes up one at a time. @example "1.35" */
    kubernetesVersion: string;
    /** Object ids of people, groups and pipelines that may do everything in the cluster; among them who runs this. */
    admins: string[];
    /** Object ids of people, groups and pipelines that may look at everything but Secrets. @default none */
    viewers?: string[];
    /** From where the API server may be reached, besides the nodes. @example ["203.0.113.0/24"] */
    authorizedNetworks: string[];
    /** Addresses of the virtual network. A change makes all anew. @example "10.20.0.0/16" */
    network: string;
    /** Addresses of the pods, /24 a node. A change makes the cluster anew. @example "10.128.0.0/14" */
    podSubnet: string;
    /** Addresses of the services. A change makes the cluster anew. @example "172.20.0.0/16" */
    serviceSubnet: string;
    /** Whether nodes come from the pools, or Azure chooses machines by itself. */
    provisioning: "pools" | "auto";
    /** Pools by name. @default one pool, as large as `size` says */
    nodePools?: Record<string, NodePool>;
    maintenance: Maintenance;
    /** Whether the cluster and its keys refuse to be deleted. @default true where size is production */
    deletionProtection?: boolean;
    /**
     * Whether the machine that a node runs on also encrypts the node's caches and temporary disk. The subscription
     * needs the feature Microsoft.Compute/EncryptionAtHost. @default true where size is production
     */
    encryptionAtHost?: boolean;
    /** Resource id of the DNS zone whose records external-dns keeps. @default none: external-dns is not installed */
    dnsZone?: string;
    /** Put on all that can be tagged. @example { "cost-center": "web" } */
    tags: Record<string, string>;
    /** Whether destroying the stack deletes the volumes' data. @default "retain" */
    volumes?: "delete" | "retain";
    /** Refuses what can't be changed in place. @default nothing is compared */
    comparisons?: Comparisons;
    /** Last word on each resource's arguments, for what is not modelled here. */
    transform?: Transform;
}
