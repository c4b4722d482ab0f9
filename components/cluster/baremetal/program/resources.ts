import type { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { scriptCommand } from "../../../script";
import type { DescribedCluster } from "./describe";
import type { ClusterFacts, NodeFacts } from "./facts";
import type { FoundNodes } from "./lookup";
import { secretEnvironment, type Secrets } from "./secrets";
import { runtimeTasks } from "../machine/container-runtime";
import { installTasks } from "../machine/install";

export const scripts = "components/cluster/baremetal/operator";

/** What has been made so far. */
interface Made {
    machines: pulumi.Resource;
    members: pulumi.Resource[];
}

/**
 * Checks all machines before the first change. As it is there before the nodes, destroying it brings all machines back
 * to how they were found, also those of a cluster whose making was interrupted; the nodes then need no leave-taking.
 */
export function createMachines(
    name: string, { facts, nodes, ssh, secrets }: DescribedCluster, { incarnation }: FoundNodes, parent: pulumi.Resource,
): local.Command {
    const { owner, version, bundle, network, volumes, podSubnet } = facts;
    return scriptCommand(name, {
        create: `${scripts}/preflight.ts`,
        delete: `${scripts}/restore.ts`,
        environment: environment({ owner, version, bundle, network, volumes, podSubnet }, { NODES: nodes, SSH: ssh }, secrets),
        triggers: [incarnation],
        tells: true,
    }, { parent });
}

/** Makes a machine ready to become a node; all of them side by side. */
export function createMachine(
    name: string, node: NodeFacts, { facts, ssh, secrets }: DescribedCluster, found: FoundNodes,
    machines: pulumi.Resource, parent: pulumi.Resource,
): local.Command {
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
        create: `${scripts}/install.ts`,
        delete: `${scripts}/restore.ts`,
        environment: environment(
            cluster, { NODE: known, NODES: [known], SSH: ssh, TASKS: digest(installTasks(cluster, known)) }, secrets,
        ),
        triggers: [found.incarnation, found.members[node.name]],
        tells: true,
    }, { parent, deletedWith: machines, dependsOn: machines });
}

/**
 * Makes a machine a node: the control plane's join one after the other, as etcd takes one new member at a time, and then
 * all workers at once. `before` is what each waits for besides.
 */
export function createMember(
    name: string, node: NodeFacts, { facts, ssh, secrets, controlPlanes }: DescribedCluster, found: FoundNodes,
    { machines, members, before }: Made & { before: pulumi.Resource[] }, parent: pulumi.Resource,
): local.Command {
    const {
        name: cluster, endpoint, podSubnet, serviceSubnet, ignorePreflightErrors, tainted, virtualAddress, volumesDirectory,
    } = facts;
    const others = node.role === "control-plane" ? members : members.slice(0, controlPlanes.length);
    return scriptCommand(name, {
        create: `${scripts}/join.ts`,
        delete: `${scripts}/leave.ts`,
        environment: environment({
            name: cluster, endpoint, ignorePreflightErrors, volumesDirectory,
            ...(node.role === "control-plane" && { podSubnet, serviceSubnet, tainted, virtualAddress }),
        }, { NODE: knownNode(node, found), NODES: controlPlanes, SSH: ssh }, secrets),
        triggers: [found.incarnation, found.members[node.name]],
    }, { parent, deletedWith: machines, dependsOn: [...before, ...others.slice(-1)] });
}

/** A node as the scripts know it that look at which one it is. */
export function knownNode(node: NodeFacts, { members }: FoundNodes): NodeFacts & { incarnation: string } {
    return { ...node, incarnation: members[node.name] };
}

/** Applies the pod network that the stack brings along. */
export function createNetwork(
    name: string, { ssh, secrets, controlPlanes, networkManifest }: DescribedCluster, found: FoundNodes,
    { machines, members }: Made, parent: pulumi.Resource,
): pulumi.Resource[] {
    if (networkManifest === undefined) return [];
    return [scriptCommand(name, {
        create: `${scripts}/network.ts`,
        environment: { ...environment({}, { NODES: controlPlanes, SSH: ssh }, secrets), MANIFEST: readManifest(networkManifest) },
        triggers: [found.incarnation],
    }, { parent, deletedWith: machines, dependsOn: members[0] })];
}

/** Brings the nodes to the version, one after the other; returns the last step. */
export function createVersions(
    name: string, { facts, nodes, controlPlanes, ssh, secrets }: DescribedCluster,
    { machines, members, network }: Made & { network: pulumi.Resource[] }, parent: pulumi.Resource,
): pulumi.Resource[] {
    const { version, bundle, repositories, runtime, ignorePreflightErrors, size, virtualAddress } = facts;
    return nodes.reduce<pulumi.Resource[]>((before, node) => [scriptCommand(`${name}-${node.name}-version`, {
        create: `${scripts}/upgrade.ts`,
        environment: environment({
            version, ignorePreflightErrors, size: Math.min(size, 2),
            ...(node.role === "control-plane" && { virtualAddress }),
            ...(bundle ? { bundle } : { repositories, runtime }),
        }, { NODE: node, NODES: controlPlanes, SSH: ssh, TASKS: digest(runtimeTasks({ bundle, runtime })) }, secrets),
        tells: true,
    }, { parent, deletedWith: machines, dependsOn: before })], [...members, ...network]);
}

/** Has an administrator's kubeconfig signed. */
export function createKubeconfig(
    name: string, { facts, controlPlanes, ssh, secrets }: DescribedCluster, found: FoundNodes,
    { machines, upgraded }: { machines: pulumi.Resource; upgraded: pulumi.Resource[] }, parent: pulumi.Resource,
): local.Command {
    const { name: cluster, endpoint, rotate } = facts;
    return scriptCommand(name, {
        create: `${scripts}/kubeconfig.ts`,
        environment: environment({
            name: cluster, endpoint, rotation: rotate.certificates, generation: found.generation,
        }, { NODES: controlPlanes, SSH: ssh }, secrets),
        triggers: [found.incarnation],
    }, { parent, deletedWith: machines, dependsOn: upgraded });
}

/** Another one where a newer Landfall tells machines something else, so that the next `pulumi up` tells them. */
export function digest(tasks: object): string {
    return createHash("sha256").update(JSON.stringify(tasks)).digest("hex").slice(0, 16);
}

/** What a script is told: as JSON what is not secret, and what is. */
export function environment(
    cluster: Partial<ClusterFacts>, values: Record<string, unknown>, secrets: Secrets,
): Record<string, pulumi.Input<string>> {
    const texts = Object.entries({ CLUSTER: cluster, ...values }).map(([key, value]) => [key, JSON.stringify(value)]);
    return { ...Object.fromEntries(texts) as Record<string, string>, ...secretEnvironment(secrets) };
}

function readManifest(file: string): string {
    const found = path.resolve(file.replace(/^~(?=[\\/])/, () => os.homedir()));
    if (fs.existsSync(found)) return fs.readFileSync(found, "utf8");
    throw new pulumi.RunError(`landfall:cluster.networkManifest: there is no file ${found}. Nothing was changed.`);
}
