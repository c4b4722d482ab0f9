import type { ResourceGroup } from "@pulumi/azure-native/resources";
import type * as pulumi from "@pulumi/pulumi";
import type { CloudArgs, NodePool } from "../cloud/args";

/**
 * Settings of a cluster on Azure Kubernetes Service. The name, at most 40 characters long, is also the resource group's. A
 * change of a pool's machines, disks or zones replaces the pool.
 */
export interface AksArgs extends CloudArgs {
    /** Subscription that pays. Nothing is created in any other. @example "00000000-1111-2222-3333-444444444444" */
    subscription: string;
    /** Directory (tenant) of the subscription. @default that of the person or pipeline that is logged in */
    tenant?: string;
    /** Region. A change replaces everything. @example "westeurope" */
    location: string;
    /** Zones of the nodes. A change replaces the pools. @example ["1", "2", "3"] */
    zones: string[];
    /**
     * Object ids of people, groups and pipelines that may do everything in the cluster; whoever runs the program must be
     * among them.
     */
    admins: string[];
    /** Object ids of people, groups and pipelines that may view everything except Secrets. @default none */
    viewers?: string[];
    /** Network of the pods. Every node uses a /24. A change replaces the cluster. @example "10.128.0.0/14" */
    podSubnet: string;
    /** Network of the Services. A change replaces the cluster. @example "172.20.0.0/16" */
    serviceSubnet: string;
    /**
     * Whether a node's host also encrypts the node's caches and temporary disk. The subscription needs the feature
     * Microsoft.Compute/EncryptionAtHost. @default true if `size` is production
     */
    encryptionAtHost?: boolean;
    /** Resource id of the DNS zone in which external-dns keeps records. @default none: external-dns is not installed */
    dnsZone?: string;
    /** Seconds that the slowest pod may take to stop. A drain of a node waits longer. @default what an upload of 64 MiB needs */
    graceSeconds?: number;
}

/** The resource id of a DNS zone: subscription, resource group and zone. */
export const dnsZonePattern = new RegExp(
    "^/subscriptions/([0-9a-f-]{36})/resourceGroups/([\\w.()-]{1,90})"
    + "/providers/Microsoft\\.Network/dnsZones/([\\w-]+(?:\\.[\\w-]+)+)$",
);

/** What `size` sets. */
export interface Size {
    /** Tier of the control plane. `Standard` has a service level agreement and scales. */
    tier: "Free" | "Standard";
    /** The nodes that only run the cluster's own parts. */
    systemNodes: { machineType: string; count: number; diskSize: number };
    nodePools: Record<string, NodePool>;
    deletionProtection: boolean;
    encryptionAtHost: boolean;
    /** Days that logs are kept. */
    logRetentionDays: number;
    /** Whether data has copies in three zones, or in one. */
    redundancy: "ZRS" | "LRS";
    /** Kind of the volumes' disks. */
    disks: "Premium" | "StandardSSD";
    registry: "Basic" | "Premium";
    /** Additional nodes while a pool is upgraded. */
    surge: string;
}

export const sizes: Record<AksArgs["size"], Size> = {
    development: {
        tier: "Free",
        systemNodes: { machineType: "Standard_D2as_v5", count: 1, diskSize: 64 },
        nodePools: {
            web: { machineType: "Standard_D2as_v5", min: 1, max: 3, diskSize: 64, spot: false, labels: {} },
        },
        deletionProtection: false,
        encryptionAtHost: false,
        logRetentionDays: 30,
        redundancy: "LRS",
        disks: "StandardSSD",
        registry: "Basic",
        surge: "1",
    },
    production: {
        tier: "Standard",
        systemNodes: { machineType: "Standard_D4as_v5", count: 3, diskSize: 64 },
        nodePools: {
            web: { machineType: "Standard_D4as_v5", min: 3, max: 30, diskSize: 64, spot: false, labels: {} },
        },
        deletionProtection: true,
        encryptionAtHost: true,
        logRetentionDays: 365,
        redundancy: "ZRS",
        disks: "Premium",
        registry: "Premium",
        surge: "33%",
    },
};

/** The settings with their defaults. */
export type CompleteArgs =
    AksArgs & Required<Pick<AksArgs, "viewers" | "nodePools" | "deletionProtection" | "encryptionAtHost">>;

export function completeArgs(args: AksArgs): CompleteArgs {
    const defaults = sizes[args.size];
    return {
        ...args,
        zones: [...new Set(args.zones)].sort(),
        viewers: args.viewers ?? [],
        nodePools: args.provisioning === "auto" ? {} : args.nodePools ?? defaults.nodePools,
        deletionProtection: args.deletionProtection ?? defaults.deletionProtection,
        encryptionAtHost: args.encryptionAtHost ?? defaults.encryptionAtHost,
    };
}

/** What every part of the target is created with. */
export interface Scope {
    /** Name of the component, with which its children's names begin. */
    name: string;
    args: CompleteArgs;
    /** What `args.size` sets. */
    defaults: Size;
    /** Tags of everything. */
    tags: Record<string, string>;
    /** The cluster's resource group. */
    group: ResourceGroup;
    /** Six characters that make a name unique in the world, and new after a destroy. */
    suffix: pulumi.Output<string>;
    /** Whether data outlives the cluster. */
    retained: boolean;
    options: pulumi.CustomResourceOptions & { parent: pulumi.Resource };
}
