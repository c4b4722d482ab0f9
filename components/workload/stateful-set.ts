import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Environment } from "./environment";
import { Metadata, selectorLabels } from "./labels";

/** For the autoscaler of node pools: it must not evict the pod to save the node. */
export const staysPut = { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" };

interface SinglePod {
    spec: kubernetes.types.input.core.v1.PodSpec;
    /** Checksum of what the pod reads when it starts. @default it reads nothing that changes */
    checksum?: pulumi.Output<string>;
    /** @default the platform's */
    environment?: Pick<Environment, "priority" | "sleep">;
}

/** Creates a StatefulSet of one pod. It never runs two pods of one name, not even while one is replaced or its node is lost. */
export function createStatefulSet(
    metadata: Metadata & { annotations?: Record<string, pulumi.Input<string>> }, { spec, checksum, environment }: SinglePod, options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.StatefulSet {
    // An environment of low priority saves nodes, and a site whose pod moves is away for a minute.
    const stays = environment !== undefined && environment.priority !== "low";
    const annotations = { ...stays && staysPut, ...checksum && { "landfall.dev/config": checksum } };
    return new kubernetes.apps.v1.StatefulSet(metadata.name, {
        metadata,
        spec: {
            serviceName: metadata.name,
            // One by default. In an environment that sleeps, the activator sets them.
            ...(environment?.sleep === undefined && { replicas: 1 }),
            // With OrderedReady, the default, the controller waits for a pod that never becomes ready, so no correction replaces it.
            podManagementPolicy: "Parallel",
            selector: { matchLabels: selectorLabels(metadata.name) },
            template: { metadata: { labels: metadata.labels, ...Object.keys(annotations).length > 0 && { annotations } }, spec },
        },
        // The field is immutable. Existing StatefulSets keep theirs rather than being replaced.
    }, pulumi.mergeOptions(options, { ignoreChanges: ["spec.podManagementPolicy"] }));
}
