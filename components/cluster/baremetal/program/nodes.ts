import type { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import { fromHome } from "../../../files";
import { scriptCommand } from "../../../script";
import { runtimeTasks } from "../machine/container-runtime";
import { installTasks } from "../machine/install";
import type { DescribedCluster } from "./describe";
import type { KnownNode, NodeFacts } from "./facts";
import type { FoundNodes } from "./lookup";
import { digest, environment, script } from "./scripts";

/** What has been registered so far. */
interface Made {
    machines: pulumi.Resource;
    members: pulumi.Resource[];
}

/**
 * Checks all machines before the first change. It comes before the nodes, so destroying it resets all machines, also those
 * of a cluster whose creation was interrupted. The nodes then need not leave first.
 */
export function createMachines(
    name: string, described: DescribedCluster, { incarnation }: FoundNodes, parent: pulumi.Resource,
): local.Command {
    const { owner, version, bundle, network, volumes, podSubnet } = described.facts;
    return scriptCommand(name, {
        create: script("preflight"),
        delete: script("reset"),
        environment: environment<"preflight">({
            cluster: { owner, version, bundle, network, volumes, podSubnet }, nodes: described.nodes,
        }, described),
        triggers: [incarnation],
        tells: true,
    }, { parent });
}

/** Prepares a machine to become a node; all machines at the same time. */
export function createMachine(
    name: string, node: NodeFacts, described: DescribedCluster, found: FoundNodes,
    machines: pulumi.Resource, parent: pulumi.Resource,
): local.Command {
    const { facts } = described;
    const known = knownNode(node, found);
    const {
        owner, version, volumes, volumesDirectory, bundle, tainted, virtualAddress, gatewayAddress, serviceAddress, network,
        repositories, runtime, renewBefore,
    } = facts;
    const cluster = {
        owner, incarnation: found.incarnation, version, network, volumes, volumesDirectory,
        ...(bundle ? { bundle, tainted } : { repositories, runtime }),
        ...(gatewayAddress && { gatewayAddress, gatewayNodes: facts.gatewayNodes }),
        ...(node.role === "control-plane" && {
            virtualAddress, controlPlanes: facts.controlPlanes, serviceAddress, renewBefore,
        }),
    };
    return scriptCommand(name, {
        create: script("install"),
        delete: script("reset"),
        environment: environment<"install">({ cluster, node: known, nodes: [known] }, described, {
            TASKS: JSON.stringify(digest(installTasks(cluster, known))),
        }),
        triggers: [found.incarnation, found.members[node.name]],
        tells: true,
    }, { parent, deletedWith: machines, dependsOn: machines });
}

/**
 * Makes a machine a node. Control-plane nodes join one at a time, because etcd accepts one new member at a time; then all
 * workers at once. `before` is what each waits for in addition.
 */
export function createMember(
    name: string, node: NodeFacts, described: DescribedCluster, found: FoundNodes,
    { machines, members, before }: Made & { before: pulumi.Resource[] }, parent: pulumi.Resource,
): local.Command {
    const { facts, controlPlanes } = described;
    const {
        name: cluster, endpoint, podSubnet, serviceSubnet, ignorePreflightErrors, tainted, virtualAddress, volumesDirectory,
    } = facts;
    const others = node.role === "control-plane" ? members : members.slice(0, controlPlanes.length);
    return scriptCommand(name, {
        create: script("join"),
        delete: script("leave"),
        environment: environment<"join">({
            cluster: {
                name: cluster, endpoint, ignorePreflightErrors, volumesDirectory,
                ...(node.role === "control-plane" && { podSubnet, serviceSubnet, tainted, virtualAddress }),
            },
            node: knownNode(node, found),
            nodes: controlPlanes,
        }, described),
        triggers: [found.incarnation, found.members[node.name]],
    }, { parent, deletedWith: machines, dependsOn: [...before, ...others.slice(-1)] });
}

/** Adds the node's incarnation, for scripts that must run again on a machine that was installed again. */
export function knownNode(node: NodeFacts, { members }: FoundNodes): KnownNode {
    return { ...node, incarnation: members[node.name] };
}

/** Applies the stack's own manifest of a pod network. */
export function createNetwork(
    name: string, described: DescribedCluster, found: FoundNodes, { machines, members }: Made, parent: pulumi.Resource,
): pulumi.Resource[] {
    const { controlPlanes, networkManifest } = described;
    if (networkManifest === undefined) return [];
    return [scriptCommand(name, {
        create: script("network"),
        environment: environment<"network">({ cluster: {}, nodes: controlPlanes }, described, {
            MANIFEST: networkManifest,
            DIGEST: manifestDigest(networkManifest),
        }),
        triggers: [found.incarnation],
    }, { parent, deletedWith: machines, dependsOn: members[0] })];
}

/** Makes the script run again when the content changes; the content itself may be too long for a variable. */
function manifestDigest(file: string): string {
    const found = path.resolve(fromHome(file));
    if (fs.existsSync(found)) return digest([fs.readFileSync(found, "utf8")]);
    throw new pulumi.RunError(`landfall:cluster.networkManifest: there is no file ${found}. Nothing was changed.`);
}

/** Upgrades the nodes one at a time; returns the last step. */
export function createVersions(
    name: string, described: DescribedCluster, { machines, members, network }: Made & { network: pulumi.Resource[] },
    parent: pulumi.Resource,
): pulumi.Resource[] {
    const { facts, nodes, controlPlanes } = described;
    const { version, bundle, repositories, runtime, ignorePreflightErrors, size, virtualAddress } = facts;
    return nodes.reduce<pulumi.Resource[]>((before, node) => [scriptCommand(`${name}-${node.name}-version`, {
        create: script("upgrade"),
        environment: environment<"upgrade">({
            cluster: {
                version, ignorePreflightErrors, size: Math.min(size, 2),
                ...(node.role === "control-plane" && { virtualAddress }),
                ...(bundle ? { bundle } : { repositories, runtime }),
            },
            node,
            nodes: controlPlanes,
        }, described, { TASKS: JSON.stringify(digest(runtimeTasks({ bundle, runtime }))) }),
        tells: true,
    }, { parent, deletedWith: machines, dependsOn: before })], [...members, ...network]);
}
