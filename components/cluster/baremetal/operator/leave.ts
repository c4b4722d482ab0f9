// Takes a node out of the cluster: moves its pods and its part of the data to others, and removes it.
import { fail, main } from "../../scripts/process";
import { drainTasks } from "../machine/drain";
import { removeNodeTasks } from "../machine/etcd";
import { quitTasks } from "../machine/keepalived";
import type { NodeFacts } from "../program/facts";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { type Condition, firstAnswering, ignored, type Operation, perform, type Step } from "./steps";

export interface Leave extends Operation {
    node: NodeFacts;
    /** Another control-plane node. */
    host: NodeFacts;
    answers: boolean;
}

const answers = { words: "it answers", holds: s => s.answers } satisfies Condition<Leave>;

export const steps: Step<Leave>[] = [
    { on: "host", tasks: s => drainTasks(s.node.name, { answers: s.answers }) },
    // Its virtual addresses move to others while it can still tell them.
    { on: "node", when: [answers], tasks: () => quitTasks, failed: ignored },
    { on: "host", tasks: s => removeNodeTasks(s.node.name) },
];

export async function leave(): Promise<void> {
    const { node, nodes: controlPlanes, ssh } = readFacts<"leave">();
    const nodes = [node, ...controlPlanes.filter(({ name }) => name !== node.name)];
    await withSsh({ ssh, nodes }, async connection => {
        const [host, { ok }] = await Promise.all([
            firstAnswering(connection, controlPlanes, node.name), connection.attempt(node, "systemctl is-active kubelet"),
        ]);
        if (!host) return fail(`${node.name} can't leave the cluster: no other node of the control plane answers.`);
        await perform(steps, { connection, node, host, answers: ok });
    });
}

if (require.main === module) void main(leave);
