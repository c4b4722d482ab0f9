// Spreads pods over the nodes again once all nodes are upgraded and patched: the drains have moved them, perhaps all to one node.
// Without it, everything works as before, so no failure ends the run.
import { main } from "../../scripts/process";
import { spreadTasks } from "../machine/spread";
import type { NodeFacts } from "../program/facts";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { answeringNode, describeFailures, type Operation, perform, type Step } from "./steps";

export interface Spread extends Operation {
    /** A control-plane node that answers. */
    host: NodeFacts;
}

export const steps: Step<Spread>[] = [
    { on: "host", tasks: () => spreadTasks, failed: failures => tell(describeFailures(failures) ?? "") },
];

function tell(why: string): undefined {
    process.stderr.write(`landfall: note: whether pods must be spread over the nodes again isn't known: ${why}\n`);
}

async function spread(): Promise<void> {
    const { nodes: controlPlanes, ssh } = readFacts<"spread">();
    await withSsh({ ssh, nodes: controlPlanes }, async connection => {
        const host = await answeringNode(connection, controlPlanes).catch((error: Error) => tell(error.message));
        if (host) await perform(steps, { connection, host });
    });
}

if (require.main === module) void main(spread);
