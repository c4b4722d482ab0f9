// @ts-nocheck
// What rotations have in common: every node of the control plane answers, or nothing is begun.
import { fail } from "../../scripts/process";
import { describeFailure } from "./ssh";
import { renderScript } from "../machine/script";

/** Runs tasks that change nothing on all nodes at once; returns what each has printed, in the nodes' order. */
export async function askAll(connection, nodes, tasks, what) {
    const results = await Promise.all(nodes.map(node => connection.attempt(node, renderScript(tasks))));
    const problems = results.flatMap((result, index) => result.ok ? [] : [describeFailure(nodes[index], result)]);
    if (problems.length > 0) {
        fail(`${what} needs all nodes of the control plane. Nothing was changed.\n\n${problems.join("\n\n")}\n\n` +
            "Bring the node back, or replace it under landfall:cluster.nodes, and run again.");
    }
    return results.map(({ stdout }) => stdout.trim());
}
