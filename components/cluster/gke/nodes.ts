import { type Cluster, NodePool as NodePoolResource } from "@pulumi/gcp/container";
import * as pulumi from "@pulumi/pulumi";
import { mixesSpot, type NodePool } from "../cloud/args";
import type { Capabilities } from "../cluster";
import type { CompleteArgs, Scope } from "./args";

/** Scope of a node's tokens: everything that its service account may do, which is little. */
export const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform";

/** Keeps databases off Spot VMs: stateless pods tolerate this taint. */
const spotTaint = { key: "cloud.google.com/gke-spot", value: "true" };

/**
 * Creates the pools, which can change without the cluster. Google names them, so a change that replaces a pool creates the
 * new one before the old one is drained, as PodDisruptionBudgets allow.
 */
export function createNodePools(
    scope: Scope, cluster: Cluster, nodeAccount: pulumi.Output<string>,
): NodePoolResource[] {
    const { name, args, options } = scope;
    return Object.entries(args.nodePools).map(([pool, settings]) =>
        new NodePoolResource(`${name}-pool-${pool}`, {
            cluster: cluster.name,
            location: args.region,
            version: cluster.masterVersion,
            nodeLocations: args.zones,
            initialNodeCount: Math.ceil(settings.min / (args.zones?.length ?? 3)),
            autoscaling: {
                totalMinNodeCount: settings.min,
                totalMaxNodeCount: settings.max,
                locationPolicy: settings.spot ? "ANY" : "BALANCED",
            },
            management: { autoRepair: true, autoUpgrade: true },
            upgradeSettings: { strategy: "SURGE", maxSurge: 1, maxUnavailable: 0 },
            nodeDrainConfigs: [{ respectPdbDuringNodePoolDeletion: true }],
            nodeConfig: nodeConfig(scope, settings, nodeAccount),
        }, { ...options, ignoreChanges: ["initialNodeCount", "nodeCount"] }));
}

/** The taint of Spot VMs, if there are other nodes for pods that don't tolerate it. */
export function interruptible({ nodePools }: CompleteArgs): Capabilities["interruptible"] {
    return mixesSpot(nodePools) ? { ...spotTaint, effect: "NoSchedule" } : undefined;
}

function nodeConfig({ args, labels }: Scope, pool: NodePool, nodeAccount: pulumi.Output<string>) {
    const isTainted = interruptible(args) !== undefined;
    return {
        machineType: pool.machineType,
        diskSizeGb: pool.diskSize,
        diskType: "pd-balanced",
        imageType: "COS_CONTAINERD",
        spot: pool.spot,
        taints: pool.spot && isTainted ? [{ ...spotTaint, effect: "NO_SCHEDULE" }] : undefined,
        labels: pool.labels,
        resourceLabels: labels,
        ...nodeSecurity(nodeAccount),
    };
}

export function nodeSecurity(serviceAccount: pulumi.Output<string>) {
    return {
        serviceAccount,
        oauthScopes: [cloudPlatform],
        shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
        // Pods get identities of their own, never the node's.
        workloadMetadataConfig: { mode: "GKE_METADATA" },
        metadata: { "disable-legacy-endpoints": "true" },
    };
}
