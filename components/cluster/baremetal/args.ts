import type { Transform } from "../../transform";
import type { LoadBalancerArgs } from "../cluster";
import type { Comparisons } from "../compare";

/** A machine that is a node, or becomes one. */
export interface BareMetalNode {
    /** Name or IPv4 address for SSH. @example "203.0.113.11" */
    host: string;
    /** Its IPv4 address on the network that the nodes share. @default `host` @example "192.0.2.11" */
    address?: string;
    /** Control-plane nodes must be odd in number. @default "control-plane" */
    role?: "control-plane" | "worker";
    /** SSH port. @default `ssh.port` */
    port?: number;
    /** The user who logs in: root, or one with sudo without a password. @default `ssh.user` */
    user?: string;
    /**
     * Its host key or the fingerprint of it. Left out, the key must be in known_hosts.
     * @example "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8"
     */
    hostKey?: string;
}

/** How SSH reaches the machines. */
export interface BareMetalSsh {
    /** @default "root" */
    user?: string;
    /** @default 22 */
    port?: number;
    /** File of the private key, relative to the project. @default the agent's keys @example "~/.ssh/id" */
    key?: string;
    /** Instead of `key`: the private key itself, which is kept secret. @example config.require("privateKey") */
    privateKey?: string;
    /** File of known host keys. @default ssh's own, ~/.ssh/known_hosts */
    knownHosts?: string;
    /** A jump host, whose host key must be in known_hosts. @example "jump@bastion.example.com" */
    bastion?: string;
}

/** Each is any short text, such as the month. A new text rotates once. */
export interface BareMetalRotations {
    /** The control plane's certificates, node by node, and the administrator's. @example "2026-11" */
    certificates?: string;
    /** The key that encrypts secrets at rest. @example "2026-11" */
    encryptionKey?: string;
}

/** Snapshots of etcd, and of the keys that are needed to read them, in a restic repository. */
export interface BareMetalSnapshots {
    /** A directory that is mounted on all control-plane nodes, or sftp:…, s3:…, rest:… @example "/mnt/backup/etcd" */
    repository: string;
    /** Encrypts the repository; kept secret. @example config.require("snapshotsPassword") */
    password: string;
    /** Lines NAME=value for restic; kept secret. @example "AWS_ACCESS_KEY_ID=…\nAWS_SECRET_ACCESS_KEY=…" */
    environment?: string;
    /** A systemd calendar event. @default "hourly" @example "*:0/15" */
    schedule?: string;
    /** For how many hours, days and weeks the last snapshot of each is kept. @default { hourly: 24, daily: 7, weekly: 4 } */
    keep?: { hourly?: number; daily?: number; weekly?: number };
    /** Restores the cluster from this snapshot, once. @example "latest" */
    restore?: string;
}

/** Plain values, not `pulumi.Input`s, because the cluster is looked up before any resource is registered. */
export interface BareMetalArgs extends LoadBalancerArgs {
    /** Name of the cluster. @example "landfall-prod" */
    name: string;
    /** The machines, by the names of their nodes. The first control-plane node starts the cluster. */
    nodes: Record<string, BareMetalNode>;
    ssh?: BareMetalSsh;
    /** Upgrades go one minor version at a time, node by node. @default versions.kubernetes @example "v1.36.4" */
    kubernetesVersion?: string;
    /** Platform of the machines. @default this computer's @example "linux/amd64" */
    platform?: "linux/amd64" | "linux/arm64";
    /** Offline bundle: a directory or an archive (.tar, .tar.gz, .tgz). Left out, packages and images are downloaded. @example "./bundle" */
    bundle?: string;
    /**
     * A new text patches the machines, one at a time: with the distribution's packages, or those of the bundle that are
     * newer. @example "2026-11"
     */
    patches?: string;
    /** When a patched machine is rebooted. @default "needed" */
    reboot?: "needed" | "always";
    /**
     * A free IPv4 address in the nodes' network, for the API. It moves to a control-plane node that answers.
     * @example "192.0.2.10"
     */
    virtualAddress?: string;
    /** Instead of `virtualAddress`: host and port of a load balancer in front of the API. @example "api.example.com:6443" */
    endpoint?: string;
    /**
     * A free IPv4 address in the nodes' network, for the gateway. It moves to a node that has one of the gateway's pods.
     * @default the only node's own; several nodes answer on ports 30080 and 30443 @example "192.0.2.9"
     */
    gatewayAddress?: string;
    /**
     * Instead of `gatewayAddress`: free IPv4 addresses in the nodes' network, as ranges and networks, which MetalLB assigns
     * to Services of type LoadBalancer. The gateway gets the first. @example ["192.0.2.100-192.0.2.110"]
     */
    addressPool?: string[];
    /**
     * The pod network: kube-router, which enforces network policies, or none, to bring your own.
     * @default "kube-router"
     */
    network?: "kube-router" | "none";
    /** Instead of `network`: a manifest that is applied as soon as the API answers. @example "./network.yaml" */
    networkManifest?: string;
    /** Pods' addresses. @default "10.244.0.0/16" */
    podSubnet?: string;
    /** Services' addresses. @default "10.96.0.0/16" */
    serviceSubnet?: string;
    /** A directory that all machines share, such as a mounted NFS export. @example "/srv/landfall" */
    sharedDirectory?: string;
    /** Whether resetting a machine deletes its volumes. @default "retain" */
    volumes?: "delete" | "retain";
    /** Refuses settings that can't be changed in place. @default nothing is compared */
    comparisons?: Comparisons;
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
    /** What is rotated, once for each text. */
    rotate?: BareMetalRotations;
    /** Left out, no snapshots are taken. */
    snapshots?: BareMetalSnapshots;
    /** Errors of kubeadm's own preflight checks to ignore. @example ["SystemVerification"] */
    ignorePreflightErrors?: string[];
}
