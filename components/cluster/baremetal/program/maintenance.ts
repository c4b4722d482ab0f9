import type { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { scriptCommand } from "../../../script";
import type { BareMetalSnapshots } from "../args";
import { runtimeTasks } from "../machine/container-runtime";
import { snapshotTasks } from "../machine/snapshots";
import type { DescribedCluster } from "./describe";
import type { SnapshotRepository } from "./facts";
import type { FoundNodes } from "./lookup";
import { knownNode } from "./nodes";
import { digest, environment, script } from "./scripts";

/** `upgraded` is the last step on the nodes so far. */
interface Made {
    machines: pulumi.Resource;
    upgraded: pulumi.Resource[];
}

/** Rotates the control plane's certificates and its encryption key, if the settings say so; returns the last step. */
export function createRotations(
    name: string, described: DescribedCluster, { machines, upgraded }: Made, parent: pulumi.Resource,
): pulumi.Resource[] {
    const { facts: { rotate, virtualAddress }, controlPlanes } = described;
    const rotations = [["certificates", rotate.certificates], ["encryption-key", rotate.encryptionKey]] as const;
    return rotations.reduce((before, [what, rotation]) => rotation === undefined ? before : [
        scriptCommand(`${name}-${what}`, {
            create: script("rotate"),
            environment: environment<"rotate">({
                cluster: { rotates: what, rotation, virtualAddress }, nodes: controlPlanes,
            }, described),
        }, { parent, deletedWith: machines, dependsOn: before }),
    ], upgraded);
}

/** Patches the nodes one at a time, if the settings name patches; returns the last step. */
export function createPatches(
    name: string, described: DescribedCluster, { machines, upgraded }: Made, parent: pulumi.Resource,
): pulumi.Resource[] {
    const { facts, nodes, controlPlanes } = described;
    const { patches, reboot, bundle, tainted, size } = facts;
    if (patches === undefined) return upgraded;
    return nodes.reduce<pulumi.Resource[]>((before, node) => [scriptCommand(`${name}-${node.name}-patches`, {
        create: script("patch"),
        environment: environment<"patch">({
            cluster: { patches, reboot, ...(bundle && { bundle, tainted }), size: Math.min(size, 2) },
            node,
            nodes: controlPlanes,
        }, described),
        tells: true,
    }, { parent, deletedWith: machines, dependsOn: before })], upgraded);
}

/** Spreads pods over the nodes after upgrades and patches, if there are several; returns the last step. */
export function createSpread(
    name: string, described: DescribedCluster, { machines, upgraded }: Made, parent: pulumi.Resource,
): pulumi.Resource[] {
    const { facts: { size, version, patches, bundle, runtime }, controlPlanes } = described;
    if (size === 1) return upgraded;
    return [scriptCommand(name, {
        create: script("spread"),
        environment: environment<"spread">({ cluster: { version, patches }, nodes: controlPlanes }, described, {
            TASKS: JSON.stringify(digest(runtimeTasks({ bundle, runtime }))),
        }),
        tells: true,
    }, { parent, deletedWith: machines, dependsOn: upgraded })];
}

/** Schedules snapshots of etcd, if the settings name a repository; returns the last step. */
export function createSnapshots(
    name: string, described: DescribedCluster, found: FoundNodes, { machines, upgraded }: Made, parent: pulumi.Resource,
): pulumi.Resource[] {
    const { facts, controlPlanes, secrets, snapshots } = described;
    if (!snapshots) return upgraded;
    const { schedule, keep } = snapshots;
    const cluster = { name: facts.name, schedule, keep };
    // The digest is not secret, so nothing secret goes into it.
    const tasks = digest(snapshotTasks(cluster, { repository: "", password: "" }));
    return [scriptCommand(name, {
        create: script("snapshot"),
        delete: script("end-snapshots"),
        environment: environment<"snapshot">({
            // The incarnation makes it run again for a machine that was installed again.
            cluster, nodes: controlPlanes.map(node => knownNode(node, found)),
        }, { ...described, secrets: { ...secrets, SNAPSHOTS: repositoryOf(snapshots) } }, { TASKS: JSON.stringify(tasks) }),
        tells: true,
    }, { parent, deletedWith: machines, dependsOn: upgraded })];
}

/**
 * Restores a snapshot if the settings name one: once for each name, and again for a cluster that is created again. It comes
 * before the first node, which starts the cluster from the snapshot if there is none.
 */
export function createRestore(
    name: string, described: DescribedCluster, found: FoundNodes,
    { machines, installed }: { machines: pulumi.Resource; installed: pulumi.Resource }, parent: pulumi.Resource,
): local.Command[] {
    const { facts, nodes, secrets, snapshots } = described;
    if (snapshots?.restore === undefined) return [];
    const { restore } = snapshots;
    return [scriptCommand(name, {
        create: script("restore"),
        environment: environment<"restore">({
            cluster: { name: facts.name, version: facts.version, tainted: facts.tainted, restore },
            nodes: nodes.map(node => knownNode(node, found)),
        }, { ...described, secrets: { ...secrets, SNAPSHOTS: repositoryOf(snapshots) } }),
        triggers: [found.incarnation, restore],
        remembers: true,
        tells: true,
    }, { parent, deletedWith: machines, dependsOn: installed })];
}

function repositoryOf({ repository, password, environment: variables }: BareMetalSnapshots): string {
    return JSON.stringify({ repository, password, environment: variables } satisfies SnapshotRepository);
}

/** Makes the cluster sign a kubeconfig for the administrator. */
export function createKubeconfig(
    name: string, described: DescribedCluster, found: FoundNodes, { machines, upgraded }: Made, parent: pulumi.Resource,
): local.Command {
    const { facts: { name: cluster, endpoint, rotate }, controlPlanes } = described;
    return scriptCommand(name, {
        create: script("kubeconfig"),
        environment: environment<"kubeconfig">({
            cluster: { name: cluster, endpoint, rotation: rotate.certificates, generation: found.generation },
            nodes: controlPlanes,
        }, described),
        triggers: [found.incarnation],
    }, { parent, deletedWith: machines, dependsOn: upgraded });
}
