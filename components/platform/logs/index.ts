import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { Cluster } from "../../cluster/cluster";
import { inCluster } from "../../cluster/options";
import { objectLabels } from "../../workload/labels";
import { allowConnection } from "../../workload/network";
import { restrictedNamespaceLabels } from "../../workload/security";
import { namespaces } from "../namespaces";
import { createNamespace } from "../objects";
import { createCollector } from "./collector";
import { logLimits } from "./limits";
import { collectorName, passwordKey, storeName, storePort } from "./names";
import { createStore } from "./store";

export interface LogsArgs {
    /** Days that lines are kept, at least 1. The oldest go first, and earlier if the volume is full. @example 30 */
    keepDays: number;
    /** Size of the volume, at least 1Gi. It can grow if its StorageClass allows that, and never shrinks. @example "10Gi" */
    volume: string;
    /** StorageClass of the volume. @default the cluster's class for volumes of one pod */
    storageClass?: string;
    /** Whether the volume outlives the stack. @default "retain" */
    volumes?: "delete" | "retain";
}

/** What exists before the store and the collectors. */
type Before = Record<"storageClasses" | "priorityClasses", pulumi.Resource[]>;

/**
 * Keeps the logs of all pods for a time, also of those that are gone. A collector on each node reads the files that the
 * container runtime writes, and sends them to one store, a server with a volume.
 *
 * The other way would be to read through the API server: the collector would need no directory of the node, and no namespace
 * without Pod Security. But it would need the right to read the logs of every pod, it would put all logs through the API
 * server, and it would lose what pods write that end before it asks, which are the ones that people look for.
 */
export function createLogs(
    cluster: Cluster, { storageClasses, priorityClasses }: Before, args: LogsArgs, parent: pulumi.Resource,
): void {
    const { capabilities } = cluster;
    const options = { ...inCluster(cluster, parent), dependsOn: priorityClasses };
    const volumes = args.volumes ?? "retain";
    const password = new random.RandomPassword(`${storeName}-password`, { length: 32, special: false }, { parent }).result;
    const limits = logLimits(args.volume);

    const storeNamespace = createNamespace(
        namespaces.logs, restrictedNamespaceLabels, capabilities, options, { retainOnDelete: volumes === "retain" });
    // Directories of the node are only admitted at this level. The collector has none of the other rights that it gives.
    const collectorNamespace = createNamespace(
        namespaces.logCollector, { "pod-security.kubernetes.io/enforce": "privileged" }, capabilities, options);
    allowConnection(parent,
        { name: collectorName, namespace: collectorNamespace, cluster },
        { name: storeName, namespace: storeNamespace, port: storePort, cluster });

    const place = {
        cluster, namespace: storeNamespace, namespaceName: namespaces.logs, volumes, platform: { storageClasses },
    };
    createStore(place, { ...args, limits, secret: createSecret(storeName, storeNamespace, password, options) }, parent);
    createCollector(cluster, {
        namespace: collectorNamespace, limits, secret: createSecret(collectorName, collectorNamespace, password, options),
    }, options);
}

/** Without a password, any pod could read all logs and forge lines where the network doesn't enforce policies. */
function createSecret(
    name: string, namespace: pulumi.Output<string>, password: pulumi.Output<string>, options: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Secret {
    const metadata = { name, namespace, labels: objectLabels(name) };
    return new kubernetes.core.v1.Secret(name, { metadata, stringData: { [passwordKey]: password } }, options);
}
