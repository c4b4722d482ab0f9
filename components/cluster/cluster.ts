import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** How the gateway is reached from outside the cluster. */
export type LoadBalancing = {
    /**
     * Seconds for which clients are still sent to a proxy that is about to stop, and not yet to one that has started:
     * until whatever chooses among the proxies has noticed. @example 65
     */
    drainSeconds: number;
    /**
     * Whether the gateway sees every client at its own address. Docker shows it all at the address of its bridge, and a
     * node that passes on what is for another node's proxy shows its own.
     */
    seesClients: boolean;
} & (
    /**
     * A Service of type LoadBalancer gets an address: by the target itself, or of these ranges and networks, which
     * Platform then has MetalLB hand out. The annotations are what the controller wants to read on that Service; the
     * class chooses among several controllers.
     */
    | {
        type: "LoadBalancer";
        annotations?: Record<string, pulumi.Input<string>>;
        loadBalancerClass?: string;
        addressPool?: string[];
    }
    /** The gateway listens on these ports of every node; `publishedHttps` is what answers on 127.0.0.1 or `host`. */
    | {
        type: "NodePort";
        http: number;
        https: number;
        host: string;
        publishedHttps: number;
        /** The nodes that clients reach. Where they are known each has a proxy, which sees the clients' own addresses. */
        nodes?: PublishedNodes;
    }
);

/** Nodes that have these labels, and how many there are. */
export interface PublishedNodes {
    labels: Record<string, string>;
    count: number;
}

/** How a load balancer finds out that a node has no proxy any more. */
export interface HealthCheck {
    /** Seconds between two questions. */
    interval: number;
    /** Wrong answers before it believes them. */
    failures: number;
    /** Seconds until all parts of the load balancer act on it. */
    spread: number;
}

/** Seconds until a Service's own rules have changed on every node. */
export const serviceSeconds = 5;

/** Seconds until a load balancer that asks the nodes no longer sends to one whose proxy is about to stop. */
export function noticedAfter({ interval, failures, spread }: HealthCheck): number {
    return serviceSeconds + interval * failures + spread;
}

/** How an image that the program builds reaches the nodes. */
export type ImageDelivery = {
    /** What the nodes are, where that isn't what this computer is. @example "linux/amd64" */
    platform?: string;
} & (
    /** A Node script, run as `node <script>` with IMAGE and these values in its environment, loads it. */
    | { method: "load"; script: string; environment: Record<string, pulumi.Input<string>> }
    /**
     * It is pushed to this registry, for example `ghcr.io/example`, and pulled by digest. Its name is that of a
     * repository below the registry; with `naming: "tag"` the registry is one repository, whose tags begin with it.
     * Without credentials it is pushed with those that `docker login` left on this computer.
     */
    | {
        method: "push";
        registry: pulumi.Input<string>;
        naming?: "repository" | "tag";
        credentials?: RegistryCredentials;
    }
);

/** A login that expires within a day. */
export interface RegistryCredentials {
    username: pulumi.Input<string>;
    password: pulumi.Output<string>;
}

/** A StorageClass that Platform makes, with the driver that the target brings. */
export interface StorageClass {
    name: string;
    /** CSI driver. @example "ebs.csi.aws.com" */
    provisioner: string;
    parameters: Record<string, pulumi.Input<string>>;
    mountOptions?: string[];
    /** Whether a volume is made for a pod's node or zone, or at once. @default "WaitForFirstConsumer" */
    volumeBindingMode?: "WaitForFirstConsumer" | "Immediate";
    /** Whether claims that name no class get this one. @default false */
    isDefault?: boolean;
}

/** A controller of the platform that calls the cloud: how it finds it, and under which identity, never by a key. */
export interface CloudController {
    /** Arguments of its program, besides those that are the same everywhere. */
    args: pulumi.Input<string>[];
    environment?: Record<string, pulumi.Input<string>>;
    /** Path → content of files without secrets that it reads. */
    files?: Record<string, pulumi.Input<string>>;
    serviceAccountAnnotations?: Record<string, pulumi.Input<string>>;
    podLabels?: Record<string, string>;
}

/** ServiceAccounts of the platform's controllers that call the cloud, so that a target can grant them rights. */
export const controllerAccounts = {
    clusterAutoscaler: { namespace: "landfall-autoscaler", serviceAccount: "cluster-autoscaler" },
    externalDns: { namespace: "landfall-dns", serviceAccount: "external-dns" },
};

/** What differs between targets, as data. No component asks for a target's name. */
export interface Capabilities {
    /** StorageClass for a volume that one pod writes; the cluster's default class where it is left out. */
    storageClass?: string;
    /** StorageClass (ReadWriteMany) for a volume that pods on many nodes write; left out where there is none. */
    sharedStorageClass?: string;
    /** A directory that all nodes share; Platform then makes the class `sharedStorageClass` on it. */
    sharedDirectory?: string;
    /** A directory of each node; Platform then makes the class `storageClass` of it, whose volumes stay on their node. */
    localDirectory?: string;
    /** Of the cluster, where it has such directories: those that an earlier cluster has left are told by it. */
    incarnation?: string;
    /** Classes that Platform makes, on drivers that the cluster has. */
    storageClasses?: StorageClass[];
    loadBalancing: LoadBalancing;
    /** Whether the target brings metrics-server; Platform installs it otherwise. */
    metrics: "builtin" | "install";
    /** Whether the kubelets' certificates are self-signed, as on a laptop's cluster. */
    kubeletInsecureTls: boolean;
    /**
     * Ports where the API server may listen, besides 443 of its Service: enforcers look at the port behind the
     * Service. @example [6443]
     */
    apiServerPorts: number[];
    /** Addresses at which DNS answers where it is no pod, so that policies can open it. @example ["172.20.0.10/32"] */
    dnsAddresses?: string[];
    /** The autoscaler of the nodes, where the target has none built in and one is wanted: Platform installs it. */
    clusterAutoscaler?: CloudController;
    /** Keeps the DNS records of the gateway's hosts: Platform installs it where it is given. */
    externalDns?: CloudController;
    /** Taint of machines that may be taken away at short notice, where the target sets one: stateless pods bear it. */
    interruptible?: { key: string; value: string; effect: "NoSchedule" };
    /** Whether the cluster's network enforces NetworkPolicy: Platform warns where it doesn't. */
    networkPolicy: "enforced" | "unenforced" | "unknown";
    images: ImageDelivery;
    /**
     * Whether the nodes have other projects' images from the kit or from a bundle: under their tags, without the digests
     * that they have in registries. @default false: the nodes pull them, by digest
     */
    imagesByTag?: boolean;
}

/** A Kubernetes cluster, wherever it comes from. Implemented by one component a target. */
export interface Cluster {
    /** Secret kubeconfig, YAML. */
    readonly kubeconfig: pulumi.Output<string>;
    /** Provider of every resource in the cluster; its `clusterIdentifier` is unique per incarnation of the cluster. */
    readonly provider: kubernetes.Provider;
    readonly capabilities: Capabilities;
    /** With whose deletion all that is in the cluster goes too; left out where the cluster outlives the stack. */
    readonly deletedWith?: pulumi.Resource;
}
