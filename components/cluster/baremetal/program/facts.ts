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

/** What scripts know of the cluster; which of them is given what is in `ScriptFacts`. */
export interface ClusterFacts {
    name: string;
    /** Project and stack. */
    owner: string;
    /** New for a cluster that is created again. */
    incarnation: string;
    version: string;
    /** Directory of volumes that are deleted when a machine is reset. Left out, volumes are kept. */
    volumes?: string;
    /** Where a machine keeps volumes. */
    volumesDirectory: string;
    bundle?: string;
    /** Host and port of the API. */
    endpoint: string;
    virtualAddress?: string;
    /** The machines that share the virtual address, in order of preference. */
    controlPlanes: { name: string; address: string }[];
    /** The gateway's address, which moves between these nodes. */
    gatewayAddress?: string;
    gatewayNodes: { name: string; address: string }[];
    /** Address of all Services of type LoadBalancer. Left out where they get none, or addresses of a pool. */
    serviceAddress?: string;
    network: "kube-router" | "none";
    podSubnet: string;
    serviceSubnet: string;
    /** Whether control-plane nodes run no other pods. */
    tainted: boolean;
    ignorePreflightErrors: string[];
    /** How many days before they expire the control plane's certificates are renewed. */
    renewBefore: number;
    /** What the settings say to rotate. */
    rotate: BareMetalRotations;
    /** For the script that rotates one of them: its text. */
    rotation?: string;
    /** Number of the administrator's kubeconfig; a higher one makes the cluster sign another. */
    generation?: number;
    /** When snapshots are taken, how many are kept, and which one is restored. */
    schedule?: string;
    keep?: { hourly: number; daily: number; weekly: number };
    restore?: string;
    /** Number of nodes. */
    size: number;
    /** Names the patches; another text installs them again. Left out, machines aren't patched. */
    patches?: string;
    /** Whether a patched machine is rebooted only if needed. */
    reboot: "needed" | "always";
    /** Version of containerd from package repositories; a bundle brings its own. */
    runtime: string;
    repositories: typeof import("../../../versions").packageRepositories;
}

/** A node together with its incarnation, which is new for a machine that was installed again. */
export interface KnownNode extends NodeFacts {
    incarnation: string;
}

type Has<Name extends keyof ClusterFacts> = Required<Pick<ClusterFacts, Name>>;
type May<Name extends keyof ClusterFacts> = Partial<Pick<ClusterFacts, Name>>;

/**
 * What each script of operator/ finds in its environment, by the script's name: CLUSTER, NODE and NODES, as JSON. `nodes` are
 * all nodes, or those of the control plane. A script gets only what it uses, so that nothing else makes it run again; `May`
 * has what depends on the settings or on the node's role.
 */
export interface ScriptFacts {
    "status": { cluster: Has<"owner">; nodes: NodeFacts[] };
    "preflight": { cluster: Has<"owner" | "version" | "network" | "podSubnet"> & May<"bundle" | "volumes">; nodes: NodeFacts[] };
    "install": {
        cluster: Has<"owner" | "incarnation" | "version" | "network" | "volumesDirectory"> & May<
            "volumes" | "bundle" | "tainted" | "repositories" | "runtime" | "gatewayAddress" | "gatewayNodes" | "virtualAddress" |
            "controlPlanes" | "serviceAddress" | "renewBefore">;
        node: KnownNode;
        nodes: KnownNode[];
    };
    /** Deletes what either of them made, with the same environment. */
    "reset": ScriptFacts["preflight"] | ScriptFacts["install"];
    "join": {
        cluster: Has<"name" | "endpoint" | "ignorePreflightErrors" | "volumesDirectory"> &
            May<"podSubnet" | "serviceSubnet" | "tainted" | "virtualAddress">;
        node: KnownNode;
        nodes: NodeFacts[];
    };
    "leave": ScriptFacts["join"];
    "network": { cluster: object; nodes: NodeFacts[] };
    "upgrade": {
        cluster: Has<"version" | "ignorePreflightErrors" | "size"> & May<"virtualAddress" | "bundle" | "repositories" | "runtime">;
        node: NodeFacts;
        nodes: NodeFacts[];
    };
    "rotate": {
        cluster: Has<"rotation"> & May<"virtualAddress"> & { rotates: "certificates" | "encryption-key" };
        nodes: NodeFacts[];
    };
    "patch": { cluster: Has<"patches" | "reboot" | "size"> & May<"bundle" | "tainted">; node: NodeFacts; nodes: NodeFacts[] };
    /** It runs after upgrades and patches, so it gets what they depend on. */
    "spread": { cluster: Has<"version"> & May<"patches">; nodes: NodeFacts[] };
    "snapshot": { cluster: Has<"name" | "schedule" | "keep">; nodes: KnownNode[] };
    "end-snapshots": ScriptFacts["snapshot"];
    "restore": { cluster: Has<"name" | "version" | "tainted" | "restore">; nodes: KnownNode[] };
    "kubeconfig": { cluster: Has<"name" | "endpoint" | "generation"> & May<"rotation">; nodes: NodeFacts[] };
    "load-image": { nodes: NodeFacts[] };
    "unload-images": ScriptFacts["load-image"];
}

/** A secret of the restic repository, in the environment as a whole. */
export interface SnapshotRepository {
    repository: string;
    password: string;
    /** Credentials of the storage, as lines NAME=VALUE. */
    environment?: string;
}

/** How the machines are reached, without the private key. */
export interface SshFacts {
    key?: string;
    knownHosts?: string;
    bastion?: Bastion;
}

export interface Bastion {
    host: string;
    port: number;
    user: string;
}

/** What the control plane knows about the administrator's kubeconfig; times in seconds since 1970. */
export interface Administrator {
    /** Counts the kubeconfigs: a new one is signed before the last one expires. */
    generation: number;
    signed: number;
    ends: number;
}
