import { Cluster, ClusterArgs, NodePool } from "@pulumi/gcp/container";
import * as pulumi from "@pulumi/pulumi";
import type { Capabilities } from "../cluster";
import { addons } from "./addons";
import type { GkeArgs, NodePoolArgs } from "./args";
import { labelsOf } from "./labels";
import { sizes } from "./sizes";

/** What a node's tokens are good for: everything that its service account may do, which is little. */
export const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform";

/** What keeps databases and the like off Spot VMs. */
const spotTaint = { key: "cloud.google.com/gke-spot", value: "true" };

/** What only clusters have whose nodes are in pools. */
export function standard(args: GkeArgs, nodeAccount: pulumi.Output<string>): Partial<ClusterArgs> {
    return {
        // GKE makes no cluster without a pool: it goes at once, and is never among ours.
        removeDefaultNodePool: true,
        initialNodeCount: 1,
        nodeConfig: { machineType: "e2-medium", diskSizeGb: 30, ...security(nodeAccount) },
        enableShieldedNodes: true,
        // Traffic between pods of one node is in the flow logs too; Autopilot always has it.
        enableIntranodeVisibility: true,
        defaultMaxPodsPerNode: 64,
        clusterAutoscaling: { enabled: false, autoscalingProfile: sizes[args.size].autoscalingProfile },
        addonsConfig: { ...addons, dnsCacheConfig: { enabled: true } },
    };
}

/**
 * Pools of their own, which come and go without the cluster. They have no names: one that is made anew stands before
 * the old one is drained, as slowly as disruption budgets want it.
 */
export function createNodePools(
    name: string, args: GkeArgs, cluster: Cluster, nodeAccount: pulumi.Output<string>,
    opts: pulumi.CustomResourceOptions,
): NodePool[] {
    return Object.entries(poolsOf(args)).map(([pool, poolArgs]) =>
        new NodePool(`${name}-pool-${pool}`, {
            cluster: cluster.name,
            location: args.region,
            version: cluster.masterVersion,
            nodeLocations: args.zones,
            initialNodeCount: Math.ceil(poolArgs.min / (args.zones?.length ?? 3)),
            autoscaling: {
                totalMinNodeCount: poolArgs.min,
                totalMaxNodeCount: poolArgs.max,
                locationPolicy: poolArgs.spot ? "ANY" : "BALANCED",
            },
            management: { autoRepair: true, autoUpgrade: true },
            upgradeSettings: { strategy: "SURGE", maxSurge: 1, maxUnavailable: 0 },
            nodeDrainConfigs: [{ respectPdbDuringNodePoolDeletion: true }],
            nodeConfig: nodeConfig(args, poolArgs, nodeAccount),
        }, { ...opts, ignoreChanges: ["initialNodeCount", "nodeCount"] }));
}

/** The taint of Spot VMs, where there are others for what doesn't bear it. */
export function interruptible(args: GkeArgs): Capabilities["interruptible"] {
    const pools = Object.values(poolsOf(args));
    const hasBoth = pools.some(({ spot }) => spot) && pools.some(({ spot }) => !spot);
    return hasBoth ? { ...spotTaint, effect: "NoSchedule" } : undefined;
}

function poolsOf(args: GkeArgs): Record<string, NodePoolArgs> {
    return args.provisioning === "auto" ? {} : args.nodePools ?? sizes[args.size].nodePools;
}

function nodeConfig(args: GkeArgs, pool: NodePoolArgs, nodeAccount: pulumi.Output<string>) {
    const isTainted = interruptible(args) !== undefined;
    return {
        machineType: pool.machineType,
        diskSizeGb: pool.diskSize,
        diskType: "pd-balanced",
        imageType: "COS_CONTAINERD",
        spot: pool.spot,
        taints: pool.spot && isTainted ? [{ ...spotTaint, effect: "NO_SCHEDULE" }] : undefined,
        labels: pool.labels,
        resourceLabels: labelsOf(args),
        ...security(nodeAccount),
    };
}

function security(serviceAccount: pulumi.Output<string>) {
    return {
        serviceAccount,
        oauthScopes: [cloudPlatform],
        shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
        // Pods get an identity of their own, never the node's.
        workloadMetadataConfig: { mode: "GKE_METADATA" },
        metadata: { "disable-legacy-endpoints": "true" },
    };
}
