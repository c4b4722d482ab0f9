import type { Provider } from "@pulumi/gcp/provider";
import type * as pulumi from "@pulumi/pulumi";
import type { CloudArgs, NodePool } from "../cloud/args";

/**
 * Settings of a cluster on Google Kubernetes Engine. The name is at most 24 characters long. A pool's machine type is of a
 * family that attaches disks in two zones: E2, N1, N2 or N2D.
 */
export interface GkeArgs extends CloudArgs {
    /** Id of an existing project with billing. A change replaces everything. @example "acme-prod" */
    project: string;
    /** A change replaces everything. @example "europe-west3" */
    region: string;
    /** Zones of the nodes. @default three of the region that GKE chooses @example ["europe-west3-a", "europe-west3-b"] */
    zones?: string[];
    /** IAM principals that may do everything in the cluster. @example ["group:platform@example.com"] */
    admins: string[];
    /** IAM principals that may view everything in the cluster except Secrets. @example ["user:jane@example.com"] */
    viewers: string[];
    /** Cloud DNS managed zone of the project in which external-dns keeps records. @default none @example "example-com" */
    dnsZone?: string;
}

/** What `size` sets. */
export interface Size {
    deletionProtection: boolean;
    nodePools: Record<string, NodePool>;
    /** How eagerly nodes with little load are removed. */
    autoscalingProfile: "BALANCED" | "OPTIMIZE_UTILIZATION";
    /** Whether disks are in two zones, so that a database continues in the other one if a zone fails. */
    regionalDisks: boolean;
    /** Tier of Filestore: cheap, in one zone; or over three zones, encrypted with the cluster's own key. */
    sharedTier: "basic_hdd" | "regional";
    /** Share of the network's connections that is logged, and the interval over which they are aggregated. */
    flowLogs: { flowSampling: number; aggregationInterval: string };
    /** Days that the control plane's logs are kept. Google keeps the audit log of changes for 400 days in any case. */
    logRetentionDays: number;
}

const node = { diskSize: 50, spot: false, labels: {} };

export const sizes: Record<GkeArgs["size"], Size> = {
    development: {
        deletionProtection: false,
        // GKE's own pods and ours fill more than one such node, even when idle.
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

/** The settings with their defaults. */
export type CompleteArgs = GkeArgs & Required<Pick<GkeArgs, "nodePools" | "deletionProtection">>;

export function completeArgs(args: GkeArgs): CompleteArgs {
    const { nodePools, deletionProtection } = sizes[args.size];
    return {
        ...args,
        nodePools: args.provisioning === "auto" ? {} : args.nodePools ?? nodePools,
        deletionProtection: args.deletionProtection ?? deletionProtection,
    };
}

/** What every part of the target is created with. */
export interface Scope {
    /** Name of the component, with which its children's names begin. */
    name: string;
    args: CompleteArgs;
    /** What `args.size` sets. */
    defaults: Size;
    /** Labels of everything. */
    labels: Record<string, string>;
    /** Name for whatever can't have the same name again after it was destroyed. */
    uniqueName: pulumi.Output<string>;
    /** The project's number, which the names of Google's own service accounts in it contain. */
    projectNumber: pulumi.Output<string>;
    /** Whether data outlives the cluster. */
    retained: boolean;
    /** Everything depends on the APIs that it uses. */
    options: pulumi.CustomResourceOptions & { parent: pulumi.Resource; provider: Provider; dependsOn: pulumi.Resource[] };
}
