import type { BareMetalRotations } from "../args";

/** A machine as the scripts know it. */
export interface NodeFacts {
    name: string;
    /** Where SSH finds it. */
    host: string;
    port: number;
    user: string;
    hostKey?: string;
    /** IPv4 address on the network that the nodes share. */
    address: string;
    role: "control-plane" | "worker";
}

/** What scripts are told of the cluster: each only what it looks at, so that nothing else makes it run again. */
export interface ClusterFacts {
    name: string;
    /** Project and stack. */
    owner: string;
    /** Of the cluster; new for one that is made anew. */
    incarnation: string;
    version: string;
    /** The directory of volumes that go when a machine is brought back; left out where they stay. */
    volumes?: string;
    /** Where a machine keeps volumes. */
    volumesDirectory: string;
    bundle?: string;
    /** Host and port of the API. */
    endpoint: string;
    virtualAddress?: string;
    /** The machines that share the virtual address, in the order in which they are to have it. */
    controlPlanes: { name: string; address: string }[];
    /** An address for the gateway that moves between these nodes. */
    gatewayAddress?: string;
    gatewayNodes: { name: string; address: string }[];
    /** What all Services of type LoadBalancer get; left out where they get none, or addresses of a pool. */
    serviceAddress?: string;
    network: "kube-router" | "none";
    podSubnet: string;
    serviceSubnet: string;
    /** Whether the control plane's nodes take no pods. */
    tainted: boolean;
    ignorePreflightErrors: string[];
    /** Days before their end at which the control plane's certificates are renewed. */
    renewBefore: number;
    /** What is rotated, and for which text. */
    rotate: BareMetalRotations;
    /** Of the one thing that a script rotates: the text. */
    rotation?: string;
    /** Which kubeconfig of the administrator's it is; another number has another signed. */
    generation?: number;
    /** When snapshots are taken, how many are kept, and which is restored. */
    schedule?: string;
    keep?: { hourly: number; daily: number; weekly: number };
    restore?: string;
    /** Number of nodes. */
    size: number;
    /** Which patches the machines are to have; left out where they aren't patched. */
    patches?: string;
    /** When a machine is rebooted after it was patched. */
    reboot: "needed" | "always";
    /** Version of the container runtime, where packages come from repositories: a bundle has its own. */
    runtime: string;
    repositories: typeof import("../../../versions").packageRepositories;
}
