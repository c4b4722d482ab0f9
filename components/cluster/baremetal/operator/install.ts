// Prepares a machine to become a node. Running it again changes only what differs.
import { main } from "../../scripts/process";
import { installTasks } from "../machine/install";
import type { KnownNode, ScriptFacts } from "../program/facts";
import { fromBundle, sendBundle } from "./bundle";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { type Operation, perform, type Step } from "./steps";

export interface Install extends Operation {
    cluster: ScriptFacts["install"]["cluster"];
    node: KnownNode;
}

export const steps: Step<Install>[] = [
    { on: "node", when: [fromBundle], name: "Send the machine's part of the bundle", run: sendBundle },
    { on: "node", tasks: s => installTasks(s.cluster, s.node) },
];

async function install(): Promise<void> {
    const { cluster, node, ssh } = readFacts<"install">();
    await withSsh({ ssh, nodes: [node] }, connection => perform(steps, { connection, cluster, node }));
}

if (require.main === module) void main(install);
