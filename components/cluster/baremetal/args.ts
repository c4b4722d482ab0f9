import type { Transform } from "../../transform";
import type { Comparisons } from "../compare";

/** A machine that is, or is to become, a node. */
export interface BareMetalNode {
    /** Where SSH finds it: a name or an IPv4 address. @example "203.0.113.11" */
    host: string;
    /** Its IPv4 address on the network that the nodes share. @default `host` @example "192.0.2.11" */
    address?: string;
    /** Whether it holds a part of the control plane. Their number is odd. @default "control-plane" */
    role?: "control-plane" | "worker";
    /** Port of SSH. @default `ssh.port` */
    port?: number;
    /** Who logs in: root, or a user who may become it by sudo without a password. @default `ssh.user` */
    user?: string;
    /**
     * Its host key, or the fingerprint of it; else it must be in known_hosts.
     * @example "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8"
     */
    hostKey?: string;
}

/** How the machines are reached. */
export interface BareMetalSsh {
    /** @default "root" */
    user?: string;
    /** @default 22 */
    port?: number;
    /** File of the private key, relative to the project; by default the agent's keys are offered. @example "~/.ssh/id" */
    key?: string;
    /** Instead of it: the private key itself, which is kept secret. @example config.require("privateKey") */
    privateKey?: string;
    /** File of the known host keys. @default ssh's own, ~/.ssh/known_hosts */
    knownHosts?: string;
    /** A machine on the way to the others, whose host key is in known_hosts. @example "jump@bastion.example.com" */
    bastion?: string;
}

/** Each is any short text, such as the month: another text than before rotates once. */
export interface BareMetalRotations {
    /** The certificates of the control plane, node by node, and the administrator's. @example "2026-11" */
    certificates?: string;
    /** The key that encrypts secrets at rest. @example "2026-11" */
    encryptionKey?: string;
}

/** Snapshots of etcd, and of the keys without which they can't be read, in a restic repository. */
export interface BareMetalSnapshots {
    /** A directory that is mounted on the control-plane nodes, or sftp:…, s3:…, rest:… @example "/mnt/backup/etcd" */
    repository: string;
    /** What encrypts the repository; kept secret. @example config.require("snapshotsPassword") */
    password: string;
    /** Lines NAME=value for restic; kept secret. @example "AWS_ACCESS_KEY_ID=…\nAWS_SECRET_ACCESS_KEY=…" */
    environment?: string;
    /** A calendar event of systemd. @default "hourly" @example "*:0/15" */
    schedule?: string;
    /** Of how many hours, days and weeks the last one is kept. @default { hourly: 24, daily: 7, weekly: 4 } */
    keep?: { hourly?: number; daily?: number; weekly?: number };
    /** Has the cluster restored from this snapshot, once. @example "latest" */
    restore?: string;
}

/** Plain values, not `pulumi.Input`s: whether the cluster is there is looked up before any resource is made. */
export interface BareMetalArgs {
    /** Name of the cluster. @example "landfall-prod" */
    name: string;
    /** The machines by the names that their nodes get; the first control-plane node begins the cluster. */
    nodes: Record<string, BareMetalNode>;
    ssh?: BareMetalSsh;
    /** Goes up one minor version at a time, node by node. @default versions.kubernetes @example "v1.36.4" */
    kubernetesVersion?: string;
    /** What the machines are, where that isn't what this computer is. @default this computer's @example "linux/amd64" */
    platform?: "linux/amd64" | "linux/arm64";
    /** Offline bundle, a directory or an archive (.tar, .tar.gz, .tgz); by default packages and images are downloaded. @example "./bundle" */
    bundle?: string;
    /**
     * Has the machines patched, one after the other, whenever it is another text than before: the packages of the
     * distribution, or those of the bundle that are newer. @example "2026-11"
     */
    patches?: string;
    /** Whether a patched machine is rebooted only where it is needed, or in any case. @default "needed" */
    reboot?: "needed" | "always";
    /**
     * A free IPv4 address of the nodes' network for the API, which moves to a control-plane node that answers.
     * @example "192.0.2.10"
     */
    virtualAddress?: string;
    /** Instead of it: host and port of a load balancer in front of the API. @example "api.example.com:6443" */
    endpoint?: string;
    /**
     * A free IPv4 address of the nodes' network for the gateway, which moves to a node that has one of its pods.
     * @default the only node's own; several nodes answer on ports 30080 and 30443 @example "192.0.2.9"
     */
    gatewayAddress?: string;
    /**
     * Instead of it: free IPv4 addresses of the nodes' network, as ranges and networks, that MetalLB gives to Services
     * of type LoadBalancer. The gateway has the first of them. @example ["192.0.2.100-192.0.2.110"]
     */
    addressPool?: string[];
    /**
     * The pod network: kube-router, which enforces network policies, or none, to bring one's own.
     * @default "kube-router"
     */
    network?: "kube-router" | "none";
    /** Instead of it: a manifest that is applied as soon as the API answers. @example "./network.yaml" */
    networkManifest?: string;
    /** Range of the pods' addresses. @default "10.244.0.0/16" */
    podSubnet?: string;
    /** Range of the services' addresses. @default "10.96.0.0/16" */
    serviceSubnet?: string;
    /** A directory that is the same on all machines, such as a mounted NFS export. @example "/srv/landfall" */
    sharedDirectory?: string;
    /** Whether a machine's volumes are deleted when it is brought back to how it was found. @default "retain" */
    volumes?: "delete" | "retain";
    /** Refuses what can't be changed in place. @default nothing is compared */
    comparisons?: Comparisons;
    /** Last word on each resource's arguments, for what is not modelled here. */
    transform?: Transform;
    /** What is made anew, once for every text. */
    rotate?: BareMetalRotations;
    /** Left out, none are taken. */
    snapshots?: BareMetalSnapshots;
    /** Findings of kubeadm's own preflight that are known and accepted. @example ["SystemVerification"] */
    ignorePreflightErrors?: string[];
}
