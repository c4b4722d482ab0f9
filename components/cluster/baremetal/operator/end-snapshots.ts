// Ends the schedule of snapshots. Those in the repository stay.
import { main } from "../../scripts/process";
import { endTasks } from "../machine/snapshots";
import type { NodeFacts } from "../program/facts";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { isSilent, isStranger } from "./ssh-failure";
import { describeFailures, type Operation, perform, type Step } from "./steps";

interface EndSnapshots extends Operation {
    controlPlanes: NodeFacts[];
}

export const steps: Step<EndSnapshots>[] = [
    { on: "controlPlanes", tasks: () => endTasks, failed: failures =>
        // A machine that doesn't answer, or is another one by now, takes no snapshots, or stops when it joins again.
        describeFailures(failures.filter(({ result }) => !isSilent(result) && !isStranger(result))) },
];

export async function endSnapshots(): Promise<void> {
    const { nodes: controlPlanes, ssh } = readFacts<"end-snapshots">();
    await withSsh({ ssh, nodes: controlPlanes }, connection => perform(steps, { connection, controlPlanes }));
}

if (require.main === module) void main(endSnapshots);
