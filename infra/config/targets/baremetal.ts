import * as z from "zod";
import { versions } from "../../../components/versions";
import { move, refused, spreads, upgrades } from "../schema/change";
import { clusterName, Context } from "../schema/defaults";
import {
    address, byName, choice, dnsLabel, hostAndPort, hostname, line, listOf, machineAddress, matching, network, platform, port, portablePath, target,
} from "../schema/fields";
import { rule, Violation } from "../schema/rule";
import { addressPool, balancedBy, freePool, onePool } from "./address-pool";
import {
    addressesKnown, differentMachines, keysThroughBastion, nodesOutside, oddControlPlane, oneEndpoint, oneKey,
    ownGatewayAddress, ownNetwork, podsOfNodes, reachableMachines,
} from "./baremetal-rules";
import { snapshots } from "./baremetal-snapshots";
import { loadBalancerKeys } from "./load-balancer";
import { subnets, subnetsApart } from "./networks";

const machine = () => z.union([hostname(), address()]).meta({ allowed: "a host name or an IPv4 address" });
const userName = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}";
const user = () => matching(
    "the name of a user: 1 to 64 letters, digits, \"_\", \".\" and \"-\", not beginning with \"-\" or \".\"",
    new RegExp(`^${userName}$`), /[A-Za-z0-9_.-]/,
);
const fingerprint = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8";
const hostKey = () => matching(
    "a fingerprint SHA256:…, as ssh-keygen -lf shows it, or the key itself: ssh-ed25519 AAAA…",
    /^(SHA256:[A-Za-z0-9+/]{43}|(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2})$/,
);

/** kubeadm creates the cluster, its nodes and its certificates with these. */
const made = refused("a cluster keeps what it was created with. Keep it, or make another cluster on other machines as a stack of "
    + "its own, move the data, and destroy this one");
const olderVersion = upgrades("Kubernetes can't be downgraded. Keep it, or destroy the cluster and begin another one "
    + "of the older version, empty or from a snapshot that was taken with it (`snapshots.restore`)");
const severalMachines = spreads(`pods on another machine would find empty volumes. ${move}; or create the other cluster as a `
    + "stack of its own and move the data");
const otherNode = refused("a node keeps it. Take its line out of `nodes`, run `pulumi up`, and add it again, changed; the only "
    + "control-plane node can't be removed");

/** Your own machines, which kubeadm turns into a cluster over SSH. */
export function baremetal(context: Context) {
    const keys = z.strictObject({
        target: target("baremetal", "Creates a cluster on your own machines, over SSH."),
        name: dnsLabel(40).default(clusterName(context, 40)).meta({
            description: "Name of the cluster.", example: "landfall-prod", defaultText: "`landfall-<stack>`",
            change: "in place; snapshots under the old name are no longer pruned",
        }),
        nodes: byName(
            "1 to 63 lower-case letters, digits and \"-\", beginning with a letter",
            /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, "server", node(),
        ).meta({
            description: "The machines, by the names of their nodes: one, or an odd number of control-plane nodes and any number of "
                + "workers. The first control-plane node starts the cluster.",
            example: { server: { host: "203.0.113.11" } }, change: severalMachines,
        }),
        ssh: ssh(),
        kubernetesVersion: matching("a version such as v1.36.4, from v1.34.0", /^v1\.(3[4-9]|[4-9]\d)\.\d{1,2}$/)
            .default(versions.kubernetes).meta({
                description: "Kubernetes version.", example: "v1.36.4",
                change: olderVersion,
            }),
        platform: platform(),
        bundle: portablePath("a directory, .tar, .tar.gz or .tgz on this computer").optional().meta({
            description: "Offline bundle for machines on a closed network: packages, programs and images with their checksums.",
            example: "./bundle", defaultText: "none: the machines download what they need",
        }),
        patches: line(63).optional().meta({
            description: "Any text; a new one patches the machines, one by one: with the distribution's packages, or those of the "
                + "bundle that are newer. Kubernetes stays as it is.",
            example: "2026-11", defaultText: "none: the machines are not patched",
        }),
        reboot: choice("needed", "always").default("needed").meta({
            description: "Whether a patched machine is rebooted only if needed, or always.",
            example: "always",
        }),
        virtualAddress: machineAddress().optional().meta({
            description: "A free address in the machines' network for the API. It moves to a control-plane node that answers. "
                + "Set it from the start if you may add control-plane nodes later.",
            example: "192.0.2.10", change: made,
        }),
        gatewayAddress: machineAddress().optional().meta({
            description: "A free address in the machines' network at which the gateway answers. It moves to a machine that has one "
                + "of the gateway's pods.",
            example: "192.0.2.9",
            defaultText: "the only machine's own; several machines answer on ports 30080 and 30443",
        }),
        addressPool: addressPool().optional().meta({
            description: "Instead of `gatewayAddress`: free addresses in the machines' network that MetalLB assigns to Services of "
                + "type LoadBalancer. The gateway gets the first.",
            example: ["192.0.2.100-192.0.2.110"], defaultText: "none: all such Services have the gateway's address",
        }),
        ...loadBalancerKeys({ example: { "metallb.io/loadBalancerIPs": "192.0.2.105" }, beside: { addressPool: ["192.0.2.100-192.0.2.110"] } }),
        endpoint: hostAndPort("HOST:PORT, PORT from 1 to 65535", /^(?<host>[^:/@]+):(?<port>\d+)$/).optional().meta({
            description: "Instead of `virtualAddress`: a load balancer in front of the control-plane nodes' port 6443.",
            example: "api.example.com:6443", defaultText: "`virtualAddress`, otherwise the only control-plane node",
            change: made,
        }),
        network: choice("kube-router", "none").optional().meta({
            description: "Pod network: kube-router, which enforces network policies, or none, if you bring your own.",
            example: "none", defaultText: "kube-router; none if `networkManifest` is set", change: made,
        }),
        networkManifest: portablePath("a file on this computer").optional().meta({
            description: "A pod network of your own: a manifest that is applied as soon as the API answers.",
            example: "./network.yaml", defaultText: "none",
            change: "in place; objects that only the old manifest has stay in the cluster",
        }),
        podSubnet: network(8, 24).default(subnets.podSubnet).meta({
            description: "Network of the pods. Every node uses a /24 of it.", example: "198.18.0.0/16", change: made,
        }),
        serviceSubnet: network(12, 28).default(subnets.serviceSubnet).meta({
            description: "Network of the Services.", example: "198.19.0.0/20", change: made,
        }),
        sharedDirectory: matching("an absolute path without . and ..", /^(\/(?!\.{1,2}(\/|$))[\w.-]+)+$/, /[\w./-]/).optional().meta({
            description: "A directory that all machines share, such as a mounted NFS export, for volumes that pods on many nodes "
                + "write to.",
            example: "/srv/landfall", defaultText: "a directory of its own on a single machine, none on several",
            change: "in place for volumes created later; existing ones stay where they are",
        }),
        rotate: rotate(),
        snapshots: snapshots().optional().meta({
            description: "Scheduled snapshots of etcd, kept off the nodes, and how to restore them.",
            example: { repository: "/mnt/backup/etcd" }, defaultText: "none: no snapshots are taken",
        }),
        ignorePreflightErrors: listOf(
            "names of kubeadm's checks", matching("the name of a check", /^[A-Za-z0-9.-]+$/),
        ).default([]).meta({
            description: "Findings of kubeadm's own preflight checks that you know and accept.",
            example: ["SystemVerification"],
        }),
    });
    const checked = [
        [["nodes"], differentMachines], [["nodes"], addressesKnown], [["nodes"], reachableMachines], [["podSubnet", "nodes"], podsOfNodes],
        [["nodes"], oddControlPlane],
        [["nodes", "virtualAddress", "endpoint"], oneEndpoint], [["nodes", "ssh"], keysThroughBastion], [["ssh"], oneKey],
        [["nodes", "virtualAddress", "gatewayAddress"], ownGatewayAddress],
        [["addressPool", "gatewayAddress"], onePool],
        [["nodes", "addressPool", "gatewayAddress", "loadBalancerAnnotations", "loadBalancerClass"], balancedBy],
        [["nodes", "addressPool", "virtualAddress", "endpoint", "podSubnet", "serviceSubnet"], freePool],
        [["network", "networkManifest"], ownNetwork], [["podSubnet", "serviceSubnet"], subnetsApart],
        [["nodes", "virtualAddress", "gatewayAddress", "podSubnet", "serviceSubnet"], nodesOutside],
    ] as [(keyof z.output<typeof keys> & string)[], (value: z.output<typeof keys>) => Violation | undefined][];
    return checked.reduce((schema, [names, check]) => rule(schema, names, check as () => Violation | undefined), keys)
        .transform(({ network: chosen, ...cluster }) => {
            const usual = cluster.networkManifest === undefined ? "kube-router" : "none";
            return { ...cluster, network: chosen ?? usual as "kube-router" | "none" };
        })
        .meta({
            description: "A cluster on your own machines: Debian or Ubuntu, reached over SSH, turned into upstream Kubernetes with "
                + "kubeadm. Root, or a user with sudo, logs in with a key.",
            example: { target: "baremetal", nodes: { server: { host: "203.0.113.11" } } },
            change: "in place",
        });
}

function node() {
    return z.strictObject({
        host: machine().meta({ description: "Host name or address for SSH.", example: "203.0.113.11" }),
        address: machineAddress().optional().meta({
            description: "Address in the network that the machines share.", example: "192.0.2.11",
            defaultText: "`host`, if that is an address", change: otherNode,
        }),
        role: choice("control-plane", "worker").default("control-plane").meta({
            description: "Whether it is part of the control plane.", example: "control-plane", change: otherNode,
        }),
        port: port().optional().meta({ description: "SSH port.", example: 2222, defaultText: "`ssh.port`" }),
        user: user().optional().meta({ description: "User who logs in.", example: "admin", defaultText: "`ssh.user`" }),
        hostKey: hostKey().optional().meta({
            description: "Host key, or its fingerprint.", example: fingerprint,
            defaultText: "the one in known_hosts",
        }),
    }).meta({
        description: "A machine.", example: { host: "203.0.113.11" }, change: "in place, node by node",
    });
}

function rotate() {
    const text = () => matching(
        "1 to 32 letters, digits, \".\", \"_\" and \"-\", beginning with a letter or digit",
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/,
    ).optional();
    return z.strictObject({
        certificates: text().meta({
            description: "The control plane's certificates, node by node, and the administrator's. They also renew automatically: the "
                + "control plane's 60 days before they expire.",
            example: "2026-11", defaultText: "none",
        }),
        encryptionKey: text().meta({
            description: "The key that encrypts secrets at rest. All secrets are rewritten with the new one.",
            example: "2026-11", defaultText: "none",
        }),
    }).prefault({}).meta({
        description: "What to rotate. Each value is any short text; a new text rotates once.",
        example: { encryptionKey: "2026-11" },
    });
}

function ssh() {
    return z.strictObject({
        user: user().default("root").meta({
            description: "User who logs in: root, or one with sudo without a password.", example: "admin",
        }),
        port: port().default(22).meta({ description: "SSH port.", example: 2222 }),
        key: portablePath("a file on this computer").optional().meta({
            description: "File with the private key.", example: "~/.ssh/id_ed25519", defaultText: "the agent's keys",
        }),
        privateKey: matching(
            "a private key without a passphrase, as ssh-keygen writes it",
            /^\s*-----BEGIN ([A-Z0-9]+ )?PRIVATE KEY-----\r?\n[A-Za-z0-9+/=\s]+-----END ([A-Z0-9]+ )?PRIVATE KEY-----\s*$/,
        ).optional().meta({
            description: "Instead of `key`: the private key itself, as a Pulumi secret.", secret: true,
            example: "~/.ssh/id_ed25519", defaultText: "none",
        }),
        knownHosts: portablePath("a file on this computer").optional().meta({
            description: "File with the known host keys.", example: "./known_hosts", defaultText: "ssh's own",
        }),
        bastion: hostAndPort(
            "[USER@]HOST[:PORT], PORT from 1 to 65535", new RegExp(`^(?:${userName}@)?(?<host>[^:/@]+)(?::(?<port>\\d+))?$`),
        ).optional().meta({
            description: "Jump host on the way to the machines. Its host key must be in known_hosts.",
            example: "jump@bastion.example.com", defaultText: "none",
        }),
    }).prefault({}).meta({ description: "How Landfall reaches the machines.", example: { user: "admin" } });
}
