import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { type Transform, transformedBy } from "../transform";
import { defaultQuota } from "./defaults";
import { gatewayAccessLabel } from "./labels";
import { allowDns, denyAll, networkPolicy } from "./network";
import { restrictedNamespaceLabels } from "./security";

/** What the pods of an environment may use together. */
export interface Quota {
    /** Sum of the pods' CPU limits, for example `8`. */
    cpu: pulumi.Input<string>;
    /** Sum of the pods' memory limits, for example `16Gi`. */
    memory: pulumi.Input<string>;
    /** Sum of the volumes' sizes, for example `50Gi`. */
    storage: pulumi.Input<string>;
    /** Largest number of pods, for example `60`. */
    pods: pulumi.Input<number>;
}

/** What the cluster must contain before any workload is created. The Platform is one. */
export interface Foundation {
    /** StorageClasses. Claims are created after them. */
    readonly storageClasses: pulumi.Resource[];
    /** The source of the pods' metrics. Autoscalers are created after it. */
    readonly metrics: pulumi.Resource[];
}

export interface EnvironmentArgs {
    /** The cluster it is in. */
    cluster: Cluster;
    /** What its workloads need in the cluster. @default the cluster already includes everything */
    platform?: Foundation;
    /**
     * Namespace, a DNS label of at most 63 characters. It belongs to the environment: an existing namespace is refused.
     * @example "production"
     */
    namespace: string;
    /**
     * Whether the data outlives the environment: `retain` keeps the namespace and its volumes on destroy.
     * @default "retain"
     */
    volumes?: "delete" | "retain";
    /** What its pods may use together. A pod that would exceed it isn't started. @default 16 CPUs, 16Gi, 50Gi, 60 pods */
    quota?: Quota;
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/**
 * A namespace with Pod Security `restricted`, a quota, and default limits for containers.
 * All traffic but DNS is denied until a component declares a connection.
 *
 * @example new Environment("environment", { cluster, namespace: "development", volumes: "delete" })
 */
export class Environment extends pulumi.ComponentResource {
    readonly cluster: Cluster;
    readonly platform: Foundation;
    /** Name of the namespace, before it exists. */
    readonly namespaceName: string;
    /** Name of the namespace, known once the namespace, its quota, limits and policies exist. */
    readonly namespace: pulumi.Output<string>;
    readonly volumes: "delete" | "retain";

    constructor(name: string, args: EnvironmentArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:workload:Environment", name, {}, transformedBy(args.transform, opts));
        this.cluster = args.cluster;
        this.platform = args.platform ?? { storageClasses: [], metrics: [] };
        this.volumes = args.volumes ?? "retain";
        this.namespaceName = args.namespace;
        const options = inCluster(args.cluster, this);

        const namespace = new kubernetes.core.v1.Namespace(`${name}-namespace`, {
            metadata: { name: args.namespace, labels: { ...restrictedNamespaceLabels, ...gatewayAccessLabel } },
        }, { ...options, retainOnDelete: this.volumes === "retain" });
        const inside = namespace.metadata.name;
        const fences = [
            createQuota(name, inside, args.quota ?? defaultQuota, options),
            createLimitRange(name, inside, options),
            networkPolicy(`${name}-deny-all`, inside, denyAll, options, "deny-all"),
            networkPolicy(`${name}-allow-dns`, inside, allowDns(args.cluster.capabilities), options, "allow-dns"),
        ];
        // No pod may start before the quota, limits and policies exist.
        this.namespace = pulumi.all([inside, ...fences.map(fence => fence.id)]).apply(([first]) => first as string);
        this.registerOutputs({ namespace: this.namespace });
    }
}

function createQuota(
    name: string, namespace: pulumi.Output<string>, quota: Quota, options: pulumi.CustomResourceOptions,
): pulumi.CustomResource {
    return new kubernetes.core.v1.ResourceQuota(`${name}-quota`, {
        metadata: { name: "quota", namespace },
        spec: {
            hard: {
                "limits.cpu": quota.cpu,
                "limits.memory": quota.memory,
                "requests.storage": quota.storage,
                "pods": pulumi.output(quota.pods).apply(String),
                // Only the gateway may have external addresses.
                "services.loadbalancers": "0",
                "services.nodeports": "0",
            },
        },
    }, options);
}

function createLimitRange(
    name: string, namespace: pulumi.Output<string>, options: pulumi.CustomResourceOptions,
): pulumi.CustomResource {
    return new kubernetes.core.v1.LimitRange(`${name}-limits`, {
        metadata: { name: "limits", namespace },
        spec: {
            limits: [{
                type: "Container",
                defaultRequest: { "cpu": "50m", "memory": "64Mi", "ephemeral-storage": "64Mi" },
                default: { "cpu": "500m", "memory": "256Mi", "ephemeral-storage": "512Mi" },
            }],
        },
    }, options);
}
