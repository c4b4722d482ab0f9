import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** How the gateway is reached from outside the cluster. */
export type LoadBalancing =
    /** The target turns a Service of type LoadBalancer into an address by itself. */
    | { type: "LoadBalancer" }
    /** The gateway listens on these ports of every node; `publishedHttp` is what answers on 127.0.0.1 or `host`. */
    | { type: "NodePort"; http: number; https: number; host: string; publishedHttp: number; publishedHttps: number };

/** How an image that the program builds reaches the nodes. */
export type ImageDelivery =
    /** A Node script, run as `node <script>` with IMAGE and these values in its environment, loads it. */
    | { method: "load"; script: string; environment: Record<string, string> }
    /** It is pushed to this registry, for example `ghcr.io/example`, and pulled by digest. */
    | { method: "push"; registry: string };

/** What differs between targets, as data. No component asks for a target's name. */
export interface Capabilities {
    /** StorageClass for a volume that one pod writes; the cluster's default class where it is left out. */
    storageClass?: string;
    /** StorageClass (ReadWriteMany) for a volume that pods on many nodes write; left out where there is none. */
    sharedStorageClass?: string;
    /** A directory that all nodes share; Platform then makes the class `sharedStorageClass` on it. */
    sharedDirectory?: string;
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
    /** Whether the target enforces NetworkPolicy. */
    networkPolicy: "enforced" | "unenforced" | "unknown";
    images: ImageDelivery;
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
