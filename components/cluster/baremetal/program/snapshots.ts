import type { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { scriptCommand } from "../../../script";
import type { BareMetalSnapshots } from "../args";
import type { DescribedCluster } from "./describe";
import type { FoundNodes } from "./lookup";
import { digest, environment, knownNode, scripts } from "./resources";
import { snapshotTasks } from "../machine/snapshots";

/** Has snapshots taken on a schedule, if the settings say so; returns the last step. */
export function createSnapshots(
    name: string, { facts, controlPlanes, ssh, secrets, snapshots }: DescribedCluster, found: FoundNodes,
    { machines, upgraded }: { machines: pulumi.Resource; upgraded: pulumi.Resource[] }, parent: pulumi.Resource,
): pulumi.Resource[] {
    if (!snapshots) return upgraded;
    const { schedule, keep } = snapshots;
    // A machine that was installed anew has to be told again.
    const known = controlPlanes.map(node => knownNode(node, found));
    const cluster = { name: facts.name, schedule, keep };
    // A digest of what holds no secret.
    const tasks = digest(snapshotTasks(cluster, { repository: "", password: "" }));
    return [scriptCommand(name, {
        create: `${scripts}/snapshots.ts`,
        delete: `${scripts}/snapshots-end.ts`,
        environment: environment(cluster, { NODES: known, SSH: ssh, TASKS: tasks }, {
            ...secrets, SNAPSHOTS: repositoryOf(snapshots),
        }),
        tells: true,
    }, { parent, deletedWith: machines, dependsOn: upgraded })];
}

/**
 * Restores a snapshot where the settings name one: once for each, and again if the cluster is made anew. It comes before
 * the first node, which begins the cluster from it where there is none.
 */
export function createRecovery(
    name: string, { facts, nodes, ssh, secrets, snapshots }: DescribedCluster, found: FoundNodes,
    { machines, installed }: { machines: pulumi.Resource; installed: pulumi.Resource }, parent: pulumi.Resource,
): local.Command[] {
    if (snapshots?.restore === undefined) return [];
    const { restore } = snapshots;
    const known = nodes.map(node => knownNode(node, found));
    return [scriptCommand(name, {
        create: `${scripts}/recover.ts`,
        environment: environment({
            name: facts.name, version: facts.version, tainted: facts.tainted, restore,
        }, { NODES: known, SSH: ssh }, {
            ...secrets, SNAPSHOTS: repositoryOf(snapshots),
        }),
        triggers: [found.incarnation, restore],
        remembers: true,
        tells: true,
    }, { parent, deletedWith: machines, dependsOn: installed })];
}

/** What restic is told: a secret as a whole. */
function repositoryOf({ repository, password, environment: variables }: BareMetalSnapshots): string {
    return JSON.stringify({ repository, password, environment: variables });
}
