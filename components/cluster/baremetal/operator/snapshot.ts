// Schedules snapshots on the control-plane nodes, and takes the first one now to see that it works.
import { fail, main } from "../../scripts/process";
import { renderScript } from "../machine/script";
import { snapshotTasks, takeTasks } from "../machine/snapshots";
import type { NodeFacts, ScriptFacts, SnapshotRepository } from "../program/facts";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { type Operation, perform, type Step } from "./steps";

export interface Snapshot extends Operation {
    cluster: ScriptFacts["snapshot"]["cluster"];
    controlPlanes: NodeFacts[];
    repository: SnapshotRepository;
}

export const steps: Step<Snapshot>[] = [
    // One after the other: the first creates the repository.
    { on: "controlPlanes", inTurn: true, tasks: s => snapshotTasks(s.cluster, s.repository) },
    { on: "controlPlanes", name: "Take a snapshot on the one that leads etcd", run: takeSnapshot },
];

async function takeSnapshot({ connection, controlPlanes }: Snapshot): Promise<void> {
    // Twice, because the lead may move meanwhile.
    for (const node of [...controlPlanes, ...controlPlanes]) {
        if (await connection.run(node, renderScript(takeTasks)) !== "") return;
    }
    fail("No snapshot was taken: none of the nodes leads etcd. Run again when all of them are well.");
}

async function snapshot(): Promise<void> {
    const { cluster, nodes: controlPlanes, ssh, repository } = readFacts<"snapshot">();
    await withSsh({ ssh, nodes: controlPlanes }, connection =>
        perform(steps, { connection, cluster, controlPlanes, repository }));
}

if (require.main === module) void main(snapshot);
