import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { PublishedNodes } from "../cluster/cluster";
import { Metadata, selectorLabels } from "../workload/labels";
import { podSecurityContext } from "../workload/security";
import { lostNodeTolerations } from "../workload/tolerations";

/**
 * Of a liveness probe: slow is not gone. On a busy node an answer takes seconds, and restarting what is slow makes the
 * node busier and what depends on it fail. A program that has hung for a minute is restarted.
 */
export const patience = { timeoutSeconds: 10, periodSeconds: 10, failureThreshold: 6 };

/** So many pods that their mean use is `cpu`; chosen by an autoscaler that is made after `after`. */
interface Autoscaling {
    min: number;
    max: number;
    cpu: number;
    after: pulumi.Resource[];
}

export interface PlatformDeploymentArgs {
    /**
     * How many pods; more than one are spread over nodes and keep all but one through a node's drain. Between two
     * numbers an autoscaler chooses. @example { min: 2, max: 7, cpu: 1, after: [metrics] }
     */
    replicas: number | Autoscaling;
    /** Nodes that must each have a pod, by label, and no other has one. @default any node */
    nodes?: PublishedNodes;
    /** Seconds that a pod must be ready before an update stops the next. @default 0 */
    minReadySeconds?: number;
    /** Numeric user and group that the pods run as. */
    uid: number;
    /** Labels of the pods, besides those that select them. */
    podLabels?: Record<string, string>;
    podAnnotations?: Record<string, pulumi.Input<string>>;
    /** The rest of the pods' spec. */
    pod: kubernetes.types.input.core.v1.PodSpec;
}

/** Creates a Deployment of the platform, which is updated without a moment of fewer pods. */
export function createDeployment(
    metadata: Metadata, args: PlatformDeploymentArgs, options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.Deployment {
    const { name, labels } = metadata;
    const selector = { matchLabels: selectorLabels(name) };
    const { replicas, nodes } = args;
    if (replicas !== 1) {
        const spec = { maxUnavailable: 1, selector };
        new kubernetes.policy.v1.PodDisruptionBudget(name, { metadata, spec }, options);
    }
    if (typeof replicas !== "number") createAutoscaler(metadata, replicas, { ...options, dependsOn: replicas.after });
    return new kubernetes.apps.v1.Deployment(name, {
        metadata,
        spec: {
            // Else they are the autoscaler's.
            replicas: typeof replicas === "number" ? replicas : undefined,
            minReadySeconds: args.minReadySeconds,
            selector,
            strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
            template: {
                metadata: { labels: { ...labels, ...args.podLabels }, annotations: args.podAnnotations },
                spec: {
                    securityContext: podSecurityContext(args.uid),
                    nodeSelector: nodes?.labels,
                    tolerations: [...lostNodeTolerations, ...(nodes ? controlPlaneTolerations : [])],
                    topologySpreadConstraints: [{
                        topologyKey: "kubernetes.io/hostname",
                        maxSkew: 1,
                        // Better two on one node than one too few, unless each node must have one.
                        whenUnsatisfiable: (nodes?.count ?? 1) > 1 ? "DoNotSchedule" : "ScheduleAnyway",
                        labelSelector: selector,
                        // Each revision by itself, so that an update ends as spread as it began.
                        matchLabelKeys: ["pod-template-hash"],
                    }],
                    ...args.pod,
                },
            },
        },
    }, options);
}

/** The nodes that clients reach may be the control plane's, which else takes no pods where there are workers. */
const controlPlaneTolerations = [
    { key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" },
];

function createAutoscaler(
    metadata: Metadata, { min, max, cpu }: Autoscaling, options: pulumi.CustomResourceOptions,
): void {
    new kubernetes.autoscaling.v2.HorizontalPodAutoscaler(metadata.name, {
        metadata,
        spec: {
            scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: metadata.name },
            minReplicas: min,
            maxReplicas: max,
            metrics: [{
                type: "Resource",
                resource: { name: "cpu", target: { type: "AverageValue", averageValue: String(cpu) } },
            }],
            behavior: {
                // As fast as what is behind it, which a crowd makes grow within seconds.
                scaleUp: {
                    stabilizationWindowSeconds: 0,
                    policies: [{ type: "Percent", value: 200, periodSeconds: 15 }],
                },
                // One at a time: each asks its clients to connect again.
                scaleDown: {
                    stabilizationWindowSeconds: 300,
                    policies: [{ type: "Pods", value: 1, periodSeconds: 60 }],
                },
            },
        },
    }, options);
}
