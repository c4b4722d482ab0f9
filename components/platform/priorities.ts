import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Capabilities } from "../cluster/cluster";
import { platformPriorityClass, priorityClasses } from "../workload/priority";

/**
 * Creates the PriorityClasses of the platform and of environments. Pods with a higher value are scheduled first and evicted
 * last. On a full cluster of the stack's own, they also preempt others with a lower value.
 */
export function createPriorityClasses(
    { mayPreempt = true }: Pick<Capabilities, "mayPreempt">, options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
    return Object.entries(priorityClasses).map(([name, value]) => new kubernetes.scheduling.v1.PriorityClass(name, {
        metadata: { name },
        value,
        // The default for pods without a class is not the stack's to choose.
        globalDefault: false,
        preemptionPolicy: mayPreempt ? "PreemptLowerPriority" : "Never",
        description: name === platformPriorityClass ? "Landfall's platform, for example its gateway."
            : `Pods of Landfall's environments: ${name.replace("landfall-", "").replace("-", " priority, ")}.`,
    }, options));
}
