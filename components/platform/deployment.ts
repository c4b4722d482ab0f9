import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Metadata, selectorLabels } from "../workload/labels";
import { podSecurityContext } from "../workload/security";
import { lostNodeTolerations } from "../workload/tolerations";

export interface PlatformDeploymentArgs {
    /** How many pods; more than one are spread over nodes and keep all but one through a node's drain. */
    replicas: number;
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
    if (args.replicas > 1) {
        const spec = { maxUnavailable: 1, selector };
        new kubernetes.policy.v1.PodDisruptionBudget(name, { metadata, spec }, options);
    }
    return new kubernetes.apps.v1.Deployment(name, {
        metadata,
        spec: {
            replicas: args.replicas,
            selector,
            strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
            template: {
                metadata: { labels: { ...labels, ...args.podLabels }, annotations: args.podAnnotations },
                spec: {
                    securityContext: podSecurityContext(args.uid),
                    tolerations: lostNodeTolerations,
                    topologySpreadConstraints: [{
                        topologyKey: "kubernetes.io/hostname",
                        maxSkew: 1,
                        whenUnsatisfiable: "ScheduleAnyway",
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
