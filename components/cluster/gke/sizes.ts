import type { GkeArgs, NodePoolArgs } from "./args";

/** What a size stands for; a setting of its own goes before. */
export interface Size {
    deletionProtection: boolean;
    nodePools: Record<string, NodePoolArgs>;
    /** How eagerly nodes that are little used are taken away. */
    autoscalingProfile: "BALANCED" | "OPTIMIZE_UTILIZATION";
    /** Disks in two zones, so that a database comes back in the other when one fails. */
    regionalDisks: boolean;
    /** Tier of Filestore: in one zone and cheap, or over three and encrypted by a key of one's own. */
    sharedTier: "basic_hdd" | "regional";
    /** Part of the network's connections that are logged, and over how long a time they are summed up. */
    flowLogs: { flowSampling: number; aggregationInterval: string };
    /** How long the control plane's logs are kept; the audit log of changes is kept by Google for 400 days anyway. */
    logRetentionDays: number;
}

const node = { diskSize: 50, spot: false, labels: {} };

export const sizes: Record<GkeArgs["size"], Size> = {
    development: {
        deletionProtection: false,
        // GKE's own pods and ours fill more than one such node at rest.
        nodePools: { general: { ...node, machineType: "e2-standard-2", min: 2, max: 6 } },
        autoscalingProfile: "OPTIMIZE_UTILIZATION",
        regionalDisks: false,
        sharedTier: "basic_hdd",
        flowLogs: { flowSampling: 0.1, aggregationInterval: "INTERVAL_10_MIN" },
        logRetentionDays: 30,
    },
    production: {
        deletionProtection: true,
        nodePools: { general: { ...node, machineType: "e2-standard-4", min: 3, max: 30 } },
        autoscalingProfile: "BALANCED",
        regionalDisks: true,
        sharedTier: "regional",
        flowLogs: { flowSampling: 0.5, aggregationInterval: "INTERVAL_1_MIN" },
        logRetentionDays: 365,
    },
};
