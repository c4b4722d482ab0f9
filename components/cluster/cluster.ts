import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** How the gateway is reached from outside the cluster. */
export type LoadBalancing = {
    /**
     * Seconds until whatever chooses among the proxies notices that one is stopping or has started. Until then clients
     * still reach a stopping proxy, and don't reach a new one. @example 65
     */
    drainSeconds: number;
    /**
     * Whether the gateway sees each client's own address. Docker replaces it by the address of its bridge, and a node that
     * forwards to the proxy on another node replaces it by its own.
     */
    seesClients: boolean;
} & (
    /**
     * A Service of type LoadBalancer gets an address, either from the target or from these ranges and networks, which
     * Platform gives to MetalLB. The annotations are for the controller of that Service; the class chooses the controller if
     * there are several.
     */
    | {
        type: "LoadBalancer";
        annotations?: Record<string, pulumi.Input<string>>;
        loadBalancerClass?: string;
        addressPool?: string[];
    }
    /** The gateway listens on these ports of every node. Clients reach it at `host`, with HTTPS on `publishedHttps`. */
    | {
        type: "NodePort";
        http: number;
        https: number;
        host: string;
        publishedHttps: number;
        /** The nodes that clients reach. If they are known, each runs a proxy, which sees the clients' own addresses. */
        nodes?: PublishedNodes;
    }
);

/** Settings of the gateway's Service of type LoadBalancer. */
export interface LoadBalancerArgs {
    /**
     * Annotations for the controller of load balancers, in addition to the target's own, over which they prevail.
     * @example { "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal" }
     */
    loadBalancerAnnotations?: Record<string, string>;
    /** Class that chooses the controller. An existing load balancer can't change it. @default the target's @example "example.com/internal" */
    loadBalancerClass?: string;
}

/** A target's load balancing with the user's settings. Without a load balancer, they don't apply. */
export function withLoadBalancerArgs(
    balancing: LoadBalancing, { loadBalancerAnnotations = {}, loadBalancerClass }: LoadBalancerArgs,
): LoadBalancing {
    if (balancing.type !== "LoadBalancer") return balancing;
    return {
        ...balancing,
        ...(Object.keys(loadBalancerAnnotations).length > 0
            && { annotations: { ...balancing.annotations, ...loadBalancerAnnotations } }),
        ...(loadBalancerClass !== undefined && { loadBalancerClass }),
    };
}

/** Labels that select nodes, and the number of these nodes. */
export interface PublishedNodes {
    labels: Record<string, string>;
    count: number;
}

/** How a load balancer notices that a node no longer runs a proxy. */
interface HealthCheck {
    /** Seconds between two checks. */
    interval: number;
    /** Failed checks in a row until it counts the node as down. */
    failures: number;
    /** Seconds until all parts of the load balancer act on it. */
    spread: number;
}

/** Ports of every node on which the gateway answers, on targets without load balancers. */
export const gatewayPorts = { http: 30080, https: 30443 };

/** Seconds until every node has applied a change of a Service's endpoints. */
export const serviceSeconds = 5;

/** Seconds until a load balancer with this health check no longer uses a node whose proxy is stopping. */
export function noticedAfter({ interval, failures, spread }: HealthCheck): number {
    return serviceSeconds + interval * failures + spread;
}

/** How an image that the program builds reaches the nodes. */
export type ImageDelivery = {
    /** Platform of the nodes, if it isn't this computer's. @example "linux/amd64" */
    platform?: string;
} & (
    /**
     * A Node script of the library loads it. It gets IMAGE and these values in its environment. Another, `unload`, removes
     * all images of a repository: instead of IMAGE it gets REPOSITORY, an image's name without its tag.
     */
    | { method: "load"; script: string; unload?: string; environment: Record<string, pulumi.Input<string>> }
    /**
     * It is pushed to this registry, for example `ghcr.io/example`, and pulled by digest. Its name becomes a repository in
     * the registry. With `naming: "tag"` the registry is a single repository, and tags begin with the image's name.
     * Without credentials, those that `docker login` stored on this computer are used.
     */
    | {
        method: "push";
        registry: pulumi.Input<string>;
        /** Registry for images that are deleted with their environment, if `registry` doesn't allow that. @default the same */
        disposable?: pulumi.Input<string>;
        naming?: "repository" | "tag";
        credentials?: RegistryCredentials;
    }
);

/** A login that expires within a day. */
export interface RegistryCredentials {
    username: pulumi.Input<string>;
    password: pulumi.Output<string>;
}

/** A StorageClass that Platform creates for a driver that the target includes. */
export interface StorageClass {
    name: string;
    /** CSI driver. @example "ebs.csi.aws.com" */
    provisioner: string;
    parameters: Record<string, pulumi.Input<string>>;
    mountOptions?: string[];
    /** Whether a volume is created where its first pod runs, or immediately. @default "WaitForFirstConsumer" */
    volumeBindingMode?: "WaitForFirstConsumer" | "Immediate";
    /** Whether claims without a class get this one. @default false */
    isDefault?: boolean;
}

/** Settings of a platform controller that calls the cloud's API. It gets an identity from the cloud, never a key. */
export interface CloudController {
    /** Arguments in addition to those that are the same on all clouds. */
    args: pulumi.Input<string>[];
    environment?: Record<string, pulumi.Input<string>>;
    /** Path → content of files that it reads. They contain no secrets. */
    files?: Record<string, pulumi.Input<string>>;
    serviceAccountAnnotations?: Record<string, pulumi.Input<string>>;
    podLabels?: Record<string, string>;
}

/** ServiceAccounts of the platform's controllers that call the cloud, so that a target can grant them rights. */
export const controllerAccounts = {
    clusterAutoscaler: { namespace: "landfall-autoscaler", serviceAccount: "cluster-autoscaler" },
    externalDns: { namespace: "landfall-dns", serviceAccount: "external-dns" },
};

/** Software that others installed in the cluster, and that Landfall uses as it is. */
export interface PresentSoftware {
    /** @example "v1.18.2" */
    version: string;
    /** Identifies its CRDs: if they are deleted and made again, all objects of their kinds are gone. */
    id: string;
}

/** What others installed in the cluster. Platform installs whatever isn't here. */
export interface Present {
    gatewayApi?: PresentSoftware;
    certManager?: PresentSoftware & {
        /** Whether the pods that answer challenges may have resources of their own. */
        solverResources: boolean;
        /** Who can sign certificates with the features that it runs with. */
        issuers: ("ca" | "acme")[];
    };
    metrics?: {
        /** Undefined if it isn't metrics-server, or its version can't be read. */
        version?: string;
    };
}

/** What differs between targets, as data, so that no component needs the name of the target. */
export interface Capabilities {
    /** StorageClass for volumes that one pod writes. @default the cluster's default class */
    storageClass?: string;
    /** StorageClass for volumes that pods on several nodes write (ReadWriteMany). @default none */
    sharedStorageClass?: string;
    /** A directory that all nodes share. Platform then creates the class `sharedStorageClass` for it. */
    sharedDirectory?: string;
    /** A directory on each node. Platform then creates the class `storageClass` for it, whose volumes stay on their node. */
    localDirectory?: string;
    /** The cluster's, if it has such a directory. It distinguishes its volumes from those of an earlier cluster. */
    incarnation?: string;
    /** Classes that Platform creates for drivers of the cluster. */
    storageClasses?: StorageClass[];
    loadBalancing: LoadBalancing;
    /** What others installed, in a cluster that isn't the stack's own. @default nothing */
    present?: Present;
    /** Whether the target includes metrics-server, or Platform installs it. */
    metrics: "builtin" | "install";
    /** Whether the kubelets' certificates are self-signed, as in a cluster on a laptop. */
    kubeletInsecureTls: boolean;
    /**
     * Ports on which the API server may listen, in addition to 443 of its Service. Network policies apply to the port behind
     * the Service. @example [6443]
     */
    apiServerPorts: number[];
    /** Addresses of DNS if it doesn't run in pods, so that policies can allow it. @example ["172.20.0.10/32"] */
    dnsAddresses?: string[];
    /** Settings of the cluster autoscaler if Platform installs it. Some targets have one built in. */
    clusterAutoscaler?: CloudController;
    /** Settings of external-dns, which manages the DNS records of the gateway's hosts, if Platform installs it. */
    externalDns?: CloudController;
    /** Taint of nodes that the cloud may reclaim at short notice, if the target sets one. Stateless pods tolerate it. */
    interruptible?: { key: string; value: string; effect: "NoSchedule" };
    /** Whether the cluster's network enforces NetworkPolicy. If it doesn't, Platform warns. */
    networkPolicy: "enforced" | "unenforced" | "unknown";
    /**
     * Whether pods may preempt others with a lower priority, which may be anybody's.
     * @default true: the cluster is the stack's own
     */
    mayPreempt?: boolean;
    images: ImageDelivery;
    /**
     * Whether other projects' images come from the kit or a bundle, and so are known by tag without their registry's digests.
     * @default false: nodes pull them by digest
     */
    imagesByTag?: boolean;
}

/** A Kubernetes cluster, wherever it comes from. Each target has one component that implements it. */
export interface Cluster {
    /** Secret kubeconfig, YAML. */
    readonly kubeconfig: pulumi.Output<string>;
    /** Provider of every resource in the cluster. Its `clusterIdentifier` is unique to the incarnation of the cluster. */
    readonly provider: kubernetes.Provider;
    readonly capabilities: Capabilities;
    /** The resource whose deletion also deletes everything in the cluster. Undefined if the cluster outlives the stack. */
    readonly deletedWith?: pulumi.Resource;
}
