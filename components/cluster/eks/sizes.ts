import type { NodePool } from "./args";

/** What a size decides where the settings leave it open. */
export interface Defaults {
    /** Whether each zone has a NAT gateway of its own, or one serves all. */
    natPerZone: boolean;
    /** How long the control plane's and the network's logs are kept; CloudWatch takes certain numbers only. */
    logRetentionDays: number;
    /** Logs of the control plane that are kept. */
    logTypes: LogType[];
    deletionProtection: boolean;
    /** Whether AWS may move traffic away from a zone in trouble, and the shared file system is backed up every day. */
    resilient: boolean;
    nodePools: Record<string, NodePool>;
}

export const logTypes = ["api", "audit", "authenticator", "controllerManager", "scheduler"] as const;
export type LogType = typeof logTypes[number];

export const sizes: Record<"development" | "production", Defaults> = {
    development: {
        natPerZone: false,
        logRetentionDays: 30,
        logTypes: ["audit", "authenticator"],
        deletionProtection: false,
        resilient: false,
        nodePools: {
            main: { machineType: "t3.large", min: 1, max: 4, diskSize: 50, spot: false, labels: {} },
        },
    },
    production: {
        natPerZone: true,
        logRetentionDays: 365,
        logTypes: [...logTypes],
        deletionProtection: true,
        resilient: true,
        nodePools: {
            // One node a zone at least: a database's volume stays in its zone, where there has to be a node for it.
            main: { machineType: "m6i.large", min: 3, max: 30, diskSize: 50, spot: false, labels: {} },
        },
    },
};
