// Restores a snapshot of etcd, and with it the cluster that it was taken from. If there is a control plane, all of its nodes
// get the snapshot's data; if there is none, the first machine starts the cluster from it.
import { fail, main } from "../../scripts/process";
import { uncordonTasks } from "../machine/drain";
import { rememberTasks, scheduleTasks } from "../machine/join";
import { reason as patching } from "../machine/patch";
import {
    downloadTasks, memberTasks, registerTasks, removeOtherNodesTasks, replaceTasks, startTasks, stopTasks,
} from "../machine/restore";
import { renderScript } from "../machine/script";
import { listTasks } from "../machine/snapshots";
import { reason as upgrading } from "../machine/upgrade";
import type { KnownNode, ScriptFacts, SnapshotRepository } from "../program/facts";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { type Condition, ignored, needsAll, type Operation, perform, type Step } from "./steps";

export interface Restore extends Operation {
    cluster: ScriptFacts["restore"]["cluster"];
    nodes: KnownNode[];
    controlPlanes: KnownNode[];
    repository: SnapshotRepository;
    /** Control-plane nodes of the existing cluster; empty if there is none. */
    members: KnownNode[];
    /** The nodes that get the snapshot: the members, or without any, the machine that starts the cluster. */
    targets: KnownNode[];
    first: KnownNode;
    snapshot: ListedSnapshot;
    /** Lower bound of etcd's new revision, the same for every node: see restoreLines in machine/restore.ts. */
    revision: number;
    /** Nodes whose kubelet was restarted. */
    restarted: KnownNode[];
}

const exists = { words: "there is a control plane", holds: s => s.members.length > 0 } satisfies Condition<Restore>;

export const steps: Step<Restore>[] = [
    { on: "controlPlanes", tasks: () => memberTasks, failed: needsAll("Restoring a snapshot"), found: (s, printed, { name }) => {
        if (printed === "member") s.members.push(...s.controlPlanes.filter(node => node.name === name));
        s.targets = s.members.length > 0 ? s.members : s.controlPlanes.slice(0, 1);
        [s.first] = s.targets;
    } },
    { on: "first", tasks: s => listTasks(s.repository), found: (s, printed) => {
        s.snapshot = chooseSnapshot(printed, s.cluster);
    } },
    { on: "targets", tasks: s =>
        downloadTasks(s.repository, s.snapshot.id, { version: s.cluster.version, standing: exists.holds(s) }) },
    { on: "members", when: [exists], tasks: () => stopTasks, found: s => {
        s.revision = Date.now();
    } },
    { on: "members", when: [exists], tasks: (s, node) =>
        replaceTasks(node, s.members, { id: s.snapshot.id, revision: s.revision }) },
    { on: "members", when: [exists], tasks: () => startTasks },
    { on: "nodes", when: [exists], tasks: () => registerTasks, failed: ignored, found: (s, printed, { name }) => {
        if (printed === "member") s.restarted.push(...s.nodes.filter(node => node.name === name));
    } },
    { on: "first", when: [exists], tasks: s => [
        ...s.restarted.flatMap(rememberTasks), ...removeOtherNodesTasks(s.nodes, s.members),
        ...s.members.flatMap(node => scheduleTasks(s.cluster, node)),
    ] },
    { on: "first", when: [exists], name: "Uncordon what was cordoned in the snapshot", run: uncordonAll },
];

async function uncordonAll({ connection, first, restarted }: Restore): Promise<void> {
    for (const { name } of restarted) {
        for (const reason of [patching, upgrading]) {
            await connection.run(first, renderScript(uncordonTasks(name, reason)));
        }
    }
}

/** A snapshot in restic's list. */
interface ListedSnapshot {
    id: string;
    time: string;
    hostname: string;
}

/**
 * Chooses from restic's list, which is JSON: this cluster's latest snapshot, or any cluster's by the beginning of its ID.
 */
export function chooseSnapshot(listed: string, { name, restore }: { name: string; restore: string }): ListedSnapshot {
    const all = (JSON.parse(listed || "[]") as ListedSnapshot[] | null ?? [])
        .sort((left, right) => Date.parse(left.time) - Date.parse(right.time));
    const own = all.filter(({ hostname }) => hostname === name);
    const found = restore === "latest" ? own.at(-1) : all.filter(({ id }) => id.startsWith(restore)).at(-1);
    if (found) return found;
    const there = all.slice(-20).map(({ id, time, hostname }) => `  ${id.slice(0, 8)}  ${time.slice(0, 19)}  ${hostname}`);
    return fail(`The repository has no snapshot ${restore === "latest" ? `of ${name}` : restore}. Nothing was changed.` +
        (there.length > 0 ? ` There are:\n${there.join("\n")}` : " It has none at all."));
}

async function restore(): Promise<string> {
    // Pulumi runs this again when its environment changes, which is no reason to restore again.
    if (process.env.PULUMI_COMMAND_STDOUT) return process.env.PULUMI_COMMAND_STDOUT;

    const { cluster, nodes, ssh, repository } = readFacts<"restore">();
    const controlPlanes = nodes.filter(({ role }) => role === "control-plane");
    return withSsh({ ssh, nodes }, async connection => {
        const state: Restore = {
            connection, cluster, nodes, controlPlanes, repository, members: [], targets: [], first: controlPlanes[0],
            snapshot: { id: "", time: "", hostname: "" }, revision: 0, restarted: [],
        };
        await perform(steps, state);
        return `${state.snapshot.id} of ${state.snapshot.time}`;
    });
}

if (require.main === module) void main(restore);
