import type { AksArgs, NodePool } from "./args";

/** What `size` decides. */
export interface Size {
    /** Tier of the control plane: `Standard` has a service level agreement and scales. */
    tier: "Free" | "Standard";
    /** The nodes that run the cluster's own parts, and nothing else. */
    systemNodes: { machineType: string; count: number; diskSize: number };
    nodePools: Record<string, NodePool>;
    deletionProtection: boolean;
    encryptionAtHost: boolean;
    /** Days that logs are kept. */
    logRetention: number;
    /** Copies of data: in three zones, or in one. */
    redundancy: "ZRS" | "LRS";
    /** Kind of the disks of volumes. */
    disks: "Premium" | "StandardSSD";
    registry: "Basic" | "Premium";
    /** Nodes that are added while a pool is upgraded. */
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
        logRetention: 30,
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
        logRetention: 365,
        redundancy: "ZRS",
        disks: "Premium",
        registry: "Premium",
        surge: "33%",
    },
};

/** Settings with nothing left to decide. */
export type AksSettings = Required<Omit<AksArgs, "tenant" | "dnsZone" | "nodePools" | "comparisons" | "transform">>
    & Pick<AksArgs, "tenant" | "dnsZone"> & { nodePools: Record<string, NodePool>; sized: Size };

/** Completes the settings with what their size says; pools are nobody's where Azure chooses the machines. */
export function withDefaults(args: AksArgs): AksSettings {
    const sized = sizes[args.size];
    return {
        ...args,
        zones: [...new Set(args.zones)].sort(),
        viewers: args.viewers ?? [],
        nodePools: args.provisioning === "auto" ? {} : args.nodePools ?? sized.nodePools,
        deletionProtection: args.deletionProtection ?? sized.deletionProtection,
        encryptionAtHost: args.encryptionAtHost ?? sized.encryptionAtHost,
        volumes: args.volumes ?? "retain",
        sized,
    };
}
