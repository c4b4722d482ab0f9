import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Metadata, selectorLabels } from "./labels";
import { surgePercent } from "./limits";

/** The spec of the pods, and a checksum of what they read when they start. */
export interface Pod {
    spec: kubernetes.types.input.core.v1.PodSpec;
    checksum: pulumi.Output<string>;
}

/** How many pods the autoscaler runs. */
interface Scale {
    replicas: { min: number; max: number };
    targetCpu: number;
}

/**
 * Spreads the pods over zones and nodes, each revision separately, so they are still spread after a rolling update. Zones
 * use affinity: if nodes lack a spread constraint's label, as on a laptop, the scheduler ignores all constraints.
 */
export function spread(
    name: string,
): Pick<kubernetes.types.input.core.v1.PodSpec, "affinity" | "topologySpreadConstraints"> {
    const revision = { labelSelector: { matchLabels: selectorLabels(name) }, matchLabelKeys: ["pod-template-hash"] };
    return {
        affinity: {
            podAntiAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                    { weight: 100, podAffinityTerm: { topologyKey: "topology.kubernetes.io/zone", ...revision } },
                ],
            },
        },
        topologySpreadConstraints: [
            // ScheduleAnyway, because one full node must not prevent scaling up.
            { topologyKey: "kubernetes.io/hostname", maxSkew: 1, whenUnsatisfiable: "ScheduleAnyway", ...revision },
        ],
    };
}

/** Creates the Deployment. The autoscaler sets the number of replicas. */
export function createDeployment(
    metadata: Metadata, pod: Pod, options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.Deployment {
    return new kubernetes.apps.v1.Deployment(metadata.name, {
        metadata,
        spec: {
            selector: { matchLabels: selectorLabels(metadata.name) },
            strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: `${surgePercent}%` } },
            minReadySeconds: 3,
            revisionHistoryLimit: 5,
            template: {
                metadata: { labels: metadata.labels, annotations: { "landfall.dev/config": pod.checksum } },
                spec: pod.spec,
            },
        },
    }, options);
}

/** Creates the autoscaler. It adds pods at once, and removes them slowly. */
export function createAutoscaler(metadata: Metadata, args: Scale, options: pulumi.CustomResourceOptions): void {
    new kubernetes.autoscaling.v2.HorizontalPodAutoscaler(metadata.name, {
        metadata,
        spec: {
            scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: metadata.name },
            minReplicas: args.replicas.min,
            maxReplicas: args.replicas.max,
            metrics: [{
                type: "Resource",
                resource: { name: "cpu", target: { type: "Utilization", averageUtilization: args.targetCpu } },
            }],
            behavior: {
                // A mention on the radio brings a crowd within seconds, so the replicas may triple every 15 s.
                scaleUp: {
                    stabilizationWindowSeconds: 0,
                    selectPolicy: "Max",
                    policies: [
                        { type: "Percent", value: 200, periodSeconds: 15 },
                        { type: "Pods", value: 4, periodSeconds: 15 },
                    ],
                },
                // The crowd leaves slowly and may return: after five quiet minutes, up to a quarter goes each minute.
                scaleDown: {
                    stabilizationWindowSeconds: 300,
                    policies: [{ type: "Percent", value: 25, periodSeconds: 60 }],
                },
            },
        },
    }, options);
}

/** Creates the PodDisruptionBudget: a drain of nodes takes one pod at a time. */
export function createDisruptionBudget(metadata: Metadata, options: pulumi.CustomResourceOptions): void {
    new kubernetes.policy.v1.PodDisruptionBudget(metadata.name, {
        metadata,
        spec: {
            maxUnavailable: 1,
            selector: { matchLabels: selectorLabels(metadata.name) },
            // A pod that never became ready must not block a node's drain.
            unhealthyPodEvictionPolicy: "AlwaysAllow",
        },
    }, options);
}
