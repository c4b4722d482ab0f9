import * as pulumi from "@pulumi/pulumi";
import { packageRepositories, versions } from "../../../versions";
import type { BareMetalArgs, BareMetalSnapshots } from "../args";
import type { Bastion, ClusterFacts, NodeFacts, SshFacts } from "./facts";
import type { Secrets } from "./scripts";

/** Where a machine keeps volumes. */
export const volumesDirectory = "/var/lib/landfall-volumes";

/** The wanted cluster, with all defaults. */
export interface DescribedCluster {
    /** Control-plane nodes come first. */
    nodes: NodeFacts[];
    controlPlanes: NodeFacts[];
    facts: Omit<ClusterFacts, "incarnation">;
    ssh: SshFacts;
    secrets: Secrets;
    networkManifest?: string;
    snapshots?: DescribedSnapshots;
}

type DescribedSnapshots = BareMetalSnapshots & { schedule: string; keep: { hourly: number; daily: number; weekly: number } };

export function describeCluster(args: BareMetalArgs): DescribedCluster {
    const { port = 22, user = "root", key, privateKey, knownHosts, bastion } = args.ssh ?? {};
    const all = Object.entries(args.nodes).map(([name, node]): NodeFacts => ({
        name,
        host: node.host,
        port: node.port ?? port,
        user: node.user ?? user,
        hostKey: node.hostKey,
        address: node.address ?? node.host,
        role: node.role ?? "control-plane",
    }));
    const controlPlanes = all.filter(({ role }) => role === "control-plane");
    const nodes = [...controlPlanes, ...all.filter(({ role }) => role === "worker")];
    return {
        nodes,
        controlPlanes,
        facts: factsOf(args, nodes, controlPlanes),
        ssh: { key, knownHosts, bastion: bastionOf(bastion, port, user) },
        secrets: { SSH_PRIVATE_KEY: privateKey },
        networkManifest: args.networkManifest,
        snapshots: args.snapshots && {
            schedule: "hourly", ...args.snapshots, keep: { hourly: 24, daily: 7, weekly: 4, ...args.snapshots.keep },
        },
    };
}

/** Parses `[USER@]HOST[:PORT]`. */
function bastionOf(bastion: string | undefined, port: number, user: string): Bastion | undefined {
    const [, own, host, ownPort] = /^(?:(.*)@)?([^:]*)(?::(\d+))?$/.exec(bastion ?? "") ?? [];
    return host ? { host, port: ownPort ? Number(ownPort) : port, user: own ?? user } : undefined;
}

function factsOf(args: BareMetalArgs, nodes: NodeFacts[], controlPlanes: NodeFacts[]): DescribedCluster["facts"] {
    const { networkManifest, network = networkManifest === undefined ? "kube-router" : "none" } = args;
    return {
        name: args.name,
        owner: `${pulumi.getProject()}/${pulumi.getStack()}`,
        version: args.kubernetesVersion ?? versions.kubernetes,
        volumes: args.volumes === "delete" ? volumesDirectory : undefined,
        volumesDirectory,
        bundle: args.bundle,
        endpoint: args.endpoint ?? `${args.virtualAddress ?? controlPlanes[0].host}:6443`,
        virtualAddress: args.virtualAddress,
        controlPlanes: controlPlanes.map(({ name, address }) => ({ name, address })),
        gatewayAddress: args.gatewayAddress,
        gatewayNodes: nodes.map(({ name, address }) => ({ name, address })),
        serviceAddress: args.gatewayAddress ?? (nodes.length === 1 && !args.addressPool ? nodes[0].address : undefined),
        network,
        podSubnet: args.podSubnet ?? "10.244.0.0/16",
        serviceSubnet: args.serviceSubnet ?? "10.96.0.0/16",
        tainted: nodes.length > controlPlanes.length,
        ignorePreflightErrors: args.ignorePreflightErrors ?? [],
        renewBefore: 60,
        rotate: args.rotate ?? {},
        size: nodes.length,
        patches: args.patches,
        reboot: args.reboot ?? "needed",
        runtime: versions.containerd,
        repositories: packageRepositories,
    };
}
