import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { type Transform, transformedBy } from "../transform";
import { containerDefaults, defaultQuota } from "./defaults";
import { gatewayAccessLabel } from "./labels";
import { allowDns, denyAll, networkPolicy } from "./network";
import { classesOf, classesOfOthers, EnvironmentClasses, Priority } from "./priority";
import { restrictedNamespaceLabels } from "./security";
import type { Sleep } from "./sleep";

/** What the pods of an environment may use together. */
export interface Quota {
    /** Sum of the pods' CPU limits, for example `8`. */
    cpu: pulumi.Input<string>;
    /** Sum of the pods' memory limits, for example `16Gi`. */
    memory: pulumi.Input<string>;
    /** Sum of the volumes' sizes, for example `50Gi`. */
    storage: pulumi.Input<string>;
    /** Sum of the pods' limits on what they write to their nodes' disks: logs and scratch space. @default "60Gi" */
    ephemeralStorage?: pulumi.Input<string>;
    /** Largest number of pods, for example `60`. */
    pods: pulumi.Input<number>;
}

/**
 * Most objects of each kind. The API server's store holds those of all environments, and is slow for all if one fills it.
 * Applications need far fewer.
 */
const mostObjects = 200;
const counted = [
    "configmaps", "secrets", "services", "persistentvolumeclaims", "deployments.apps", "statefulsets.apps", "jobs.batch",
    "cronjobs.batch",
];

/** What the cluster must contain before any workload is created. The Platform is one. */
export interface Foundation {
    /** StorageClasses. Claims are created after them. */
    readonly storageClasses: pulumi.Resource[];
    /** The source of the pods' metrics. Autoscalers are created after it. */
    readonly metrics: pulumi.Resource[];
    /** PriorityClasses. Pods are created after them. */
    readonly priorityClasses: pulumi.Resource[];
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
    /**
     * Whether its images outlive the environment: with `delete`, pass `imageOwner` to each ContainerImage.
     * @default "retain"
     */
    images?: "delete" | "retain";
    /** What its pods may use together. A pod that would exceed it isn't started. @default 16 CPUs, 16Gi, 50Gi, 60 pods */
    quota?: Quota;
    /**
     * Which of the cluster's environments are scheduled first. Pods of a lower priority make room for those of a higher one.
     * Only with `platform`, whose PriorityClasses give it a meaning.
     * @default "normal"
     */
    priority?: Priority;
    /**
     * Minutes without a request after which its workloads stop, until the next request. An Activator, created after all of
     * them, does both. @default never
     */
    sleepAfter?: number;
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
    /** Name of the namespace, known once the namespace, its quotas, limits and policies, and the PriorityClasses exist. */
    readonly namespace: pulumi.Output<string>;
    readonly volumes: "delete" | "retain";
    /** `owner` of its images, which are deleted with it; undefined if they stay. */
    readonly imageOwner?: string;
    readonly priority: Priority;
    /** PriorityClasses of its pods; undefined without a platform. */
    readonly priorityClasses?: EnvironmentClasses;
    /** What sleeps in it; undefined if it never does. */
    readonly sleep?: Sleep;

    constructor(name: string, args: EnvironmentArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:workload:Environment", name, {}, transformedBy(args.transform, opts));
        this.cluster = args.cluster;
        this.platform = args.platform ?? { storageClasses: [], metrics: [], priorityClasses: [] };
        this.volumes = args.volumes ?? "retain";
        this.namespaceName = args.namespace;
        this.imageOwner = args.images === "delete" ? args.namespace : undefined;
        this.sleep = args.sleepAfter === undefined ? undefined : { after: args.sleepAfter, workloads: [], services: [] };
        this.priority = normalisePriority(args);
        this.priorityClasses = args.platform && classesOf(this.priority);
        const options = inCluster(args.cluster, this);

        const namespace = new kubernetes.core.v1.Namespace(`${name}-namespace`, {
            metadata: { name: args.namespace, labels: { ...restrictedNamespaceLabels, ...gatewayAccessLabel } },
        }, { ...options, retainOnDelete: this.volumes === "retain" });
        const inside = namespace.metadata.name;
        const fences = [
            createQuota(name, inside, args.quota ?? defaultQuota, options),
            ...(args.platform ? [denyClassesOfOthers(name, inside, this.priority, options)] : []),
            createLimitRange(name, inside, options),
            networkPolicy(`${name}-deny-all`, inside, denyAll, options, "deny-all"),
            networkPolicy(`${name}-allow-dns`, inside, allowDns(args.cluster.capabilities), options, "allow-dns"),
        ];
        // No pod may start before these exist. URNs, because a preview doesn't know the IDs of new objects.
        const before = [...this.platform.priorityClasses, ...fences].map(({ urn }) => urn);
        this.namespace = pulumi.all([inside, ...before]).apply(([first]) => first);
        this.registerOutputs({ namespace: this.namespace });
    }
}

function normalisePriority({ namespace, platform, priority }: EnvironmentArgs): Priority {
    if (platform === undefined && priority !== undefined) {
        throw new pulumi.RunError(`The environment "${namespace}" can't have the priority ${priority} without a platform, which creates `
            + `the PriorityClasses. Nothing was changed in it. Pass { platform: new Platform(…) } too.`);
    }
    return priority ?? "normal";
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
                "limits.ephemeral-storage": quota.ephemeralStorage ?? defaultQuota.ephemeralStorage,
                "requests.storage": quota.storage,
                "pods": pulumi.output(quota.pods).apply(String),
                // Only the gateway may have external addresses.
                "services.loadbalancers": "0",
                "services.nodeports": "0",
                ...Object.fromEntries(counted.map(kind => [`count/${kind}`, String(mostObjects)])),
            },
        },
    }, options);
}

/** Keeps pods of the environment from preempting others by a PriorityClass that isn't the environment's. */
function denyClassesOfOthers(
    name: string, namespace: pulumi.Output<string>, priority: Priority, options: pulumi.CustomResourceOptions,
): pulumi.CustomResource {
    return new kubernetes.core.v1.ResourceQuota(`${name}-priorities`, {
        metadata: { name: "priorities", namespace },
        spec: {
            hard: { pods: "0" },
            scopeSelector: {
                matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: classesOfOthers(priority) }],
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
                defaultRequest: containerDefaults.request,
                default: containerDefaults.limit,
            }],
        },
    }, options);
}
