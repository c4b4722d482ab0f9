import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { PublishedNodes } from "../cluster/cluster";
import { Metadata, selectorLabels } from "../workload/labels";
import { platformPriorityClass } from "../workload/priority";
import { createDisruptionBudget, spread } from "../workload/replicas";
import { podSecurityContext } from "../workload/security";
import { lostNodeTolerations } from "../workload/tolerations";

/**
 * For a liveness probe. On a busy node an answer takes seconds. Restarting a slow program would make the node busier, and
 * programs that depend on it would fail. A program that hangs for a minute is restarted.
 */
export const patience = { timeoutSeconds: 10, periodSeconds: 10, failureThreshold: 6 };

/** An autoscaler chooses the number of pods so that their mean use is `cpu`. It is created after `after`. */
interface Autoscaling {
    min: number;
    max: number;
    cpu: number;
    after: pulumi.Resource[];
}

export interface PlatformDeploymentArgs {
    /**
     * How many pods. If there are several, they are spread over nodes, and a node's drain takes one at a time. With a range,
     * an autoscaler chooses the number. @example { min: 2, max: 7, cpu: 1, after: [metrics] }
     */
    replicas: number | Autoscaling;
    /** Labels of the nodes that must each have a pod; no other node gets one. @default any node */
    nodes?: PublishedNodes;
    /** Seconds that a new pod must be ready before the update stops the next. @default 0 */
    minReadySeconds?: number;
    /** Numeric user and group that the pods run as. */
    uid: number;
    /** Labels of the pods, in addition to those that select them. */
    podLabels?: Record<string, string>;
    podAnnotations?: Record<string, pulumi.Input<string>>;
    /** The rest of the pods' spec. */
    pod: kubernetes.types.input.core.v1.PodSpec;
}

/** Creates a Deployment of the platform. Updates never reduce the number of pods. */
export function createDeployment(
    metadata: Metadata, args: PlatformDeploymentArgs, options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.Deployment {
    const { name, labels } = metadata;
    const selector = { matchLabels: selectorLabels(name) };
    const { replicas, nodes } = args;
    if (replicas !== 1) createDisruptionBudget(metadata, options);
    if (typeof replicas !== "number") createAutoscaler(metadata, replicas, { ...options, dependsOn: replicas.after });
    return new kubernetes.apps.v1.Deployment(name, {
        metadata,
        spec: {
            // Otherwise the autoscaler sets them.
            replicas: typeof replicas === "number" ? replicas : undefined,
            minReadySeconds: args.minReadySeconds,
            selector,
            strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
            template: {
                metadata: { labels: { ...labels, ...args.podLabels }, annotations: args.podAnnotations },
                spec: {
                    securityContext: podSecurityContext(args.uid),
                    priorityClassName: platformPriorityClass,
                    nodeSelector: nodes?.labels,
                    tolerations: [...lostNodeTolerations, ...(nodes ? controlPlaneTolerations : [])],
                    ...replicas !== 1 && { affinity: spread(name).affinity },
                    topologySpreadConstraints: [{
                        topologyKey: "kubernetes.io/hostname",
                        maxSkew: 1,
                        // Two pods on one node are better than one too few, unless each node must have one.
                        whenUnsatisfiable: (nodes?.count ?? 1) > 1 ? "DoNotSchedule" : "ScheduleAnyway",
                        labelSelector: selector,
                        // Each revision separately, so the pods are still spread after an update.
                        matchLabelKeys: ["pod-template-hash"],
                    }],
                    ...args.pod,
                },
            },
        },
    }, options);
}

/** The nodes that clients reach may be control-plane nodes, which accept no other pods if there are workers. */
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
                // As fast as the services behind it, which a crowd scales up within seconds.
                scaleUp: {
                    stabilizationWindowSeconds: 0,
                    policies: [{ type: "Percent", value: 200, periodSeconds: 15 }],
                },
                // One at a time, because the clients of each must reconnect.
                scaleDown: {
                    stabilizationWindowSeconds: 300,
                    policies: [{ type: "Pods", value: 1, periodSeconds: 60 }],
                },
            },
        },
    }, options);
}
