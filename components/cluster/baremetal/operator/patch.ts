// Patches a node, and reboots it if needed. The program runs it for one node after the other: each is back before the next is
// touched, and a node that doesn't come back ends the run.
import { fail, main } from "../../scripts/process";
import { controlPlaneTasks } from "../machine/control-plane";
import { cordonTasks, drainTasks, readyTasks, uncordonTasks } from "../machine/drain";
import { quorumTasks } from "../machine/etcd";
import {
    askBoot, patchedTasks, patchTasks, reason, rebootReasonTasks, rebootTasks, rememberPatchedTasks,
} from "../machine/patch";
import { renderScript } from "../machine/script";
import type { NodeFacts, ScriptFacts } from "../program/facts";
import { fromBundle, sendBundle } from "./bundle";
import { readFacts } from "./settings";
import { type Connection, withSsh } from "./ssh";
import { describeFailure, type Result } from "./ssh-failure";
import { type Condition, firstAnswering, isControlPlane, type Operation, perform, type Step } from "./steps";

export interface Patch extends Operation {
    cluster: ScriptFacts["patch"]["cluster"];
    node: NodeFacts;
    /** Another control-plane node that answers, or the node itself if it is the only one. */
    host: NodeFacts;
    isPatched: boolean;
    /** Names the time since the machine's start. */
    since: string;
    /** Why it has to be rebooted. */
    reasons: string[];
}

const unpatched = { words: "it lacks these patches", holds: s => !s.isPatched } satisfies Condition<Patch>;
/** The pods of a single node have nowhere to go. */
const hasOthers = { words: "there are other nodes", holds: s => s.cluster.size > 1 } satisfies Condition<Patch>;
const mustReboot = { words: "it must be rebooted", holds: s => s.reasons.length > 0 } satisfies Condition<Patch>;

export const steps: Step<Patch>[] = [
    { on: "node", tasks: s => patchedTasks(s.cluster), found: (s, printed) => {
        s.isPatched = printed !== "";
    } },
    { on: "host", when: [unpatched, isControlPlane], tasks: () => quorumTasks },
    { on: "host", when: [unpatched, hasOthers], tasks: s => cordonTasks(s.node.name, reason) },
    { on: "host", when: [unpatched, hasOthers], tasks: s => drainTasks(s.node.name, { answers: true }) },
    { on: "node", when: [unpatched, fromBundle], name: "Send the machine's part of the bundle", run: sendBundle },
    { on: "node", when: [unpatched], tasks: s => patchTasks(s.cluster) },
    { on: "node", when: [unpatched], tasks: s => rebootReasonTasks(s.cluster), found: (s, printed) => {
        [s.since, ...s.reasons] = printed.split("\n");
    } },
    { on: "node", when: [unpatched, mustReboot], name: "Reboot, and wait until the machine is back", run: s =>
        reboot(s.connection, s.node, s.since, s.reasons) },
    { on: "node", when: [unpatched, isControlPlane], tasks: () => controlPlaneTasks },
    { on: "host", when: [unpatched], tasks: s => readyTasks(s.node.name) },
    { on: "node", when: [unpatched], tasks: s => rememberPatchedTasks(s.cluster) },
    { on: "host", tasks: s => uncordonTasks(s.node.name, reason) },
];

/** How long a machine may take to come back, and the pause between two attempts, in seconds. */
const back = { within: 900, pause: 5 };

/** Reboots a machine, and returns when it is back. */
export async function reboot(
    connection: Pick<Connection, "attempt">, node: NodeFacts, since: string, reasons: string[],
): Promise<void> {
    const asked = await connection.attempt(node, renderScript(rebootTasks(since, reasons)));
    // The reboot ends the connection, or the script by a signal: neither is a failure.
    if (!asked.ok && asked.code < 128) fail(describeFailure(node, asked));
    const end = Date.now() + back.within * 1000;
    let answer: Result;
    do {
        await new Promise(resolve => setTimeout(resolve, back.pause * 1000));
        answer = await connection.attempt(node, askBoot);
        if (answer.ok && answer.stdout.trim() !== since) return;
    } while (Date.now() < end);
    const seen = answer.ok ? "It still runs as before." : describeFailure(node, answer);
    fail(`${node.name} (${node.host}) was rebooted and is not back after ${back.within / 60} minutes. The nodes after ` +
        `it were not touched. Look at the machine; once it is up, run this again: it goes on from there.\n${seen}`);
}

async function patch(): Promise<void> {
    const { cluster, node, nodes: controlPlanes, ssh } = readFacts<"patch">();
    const others = controlPlanes.filter(({ name }) => name !== node.name);
    await withSsh({ ssh, nodes: [node, ...others] }, async connection => {
        const host = others.length > 0 ? await firstAnswering(connection, others) : node;
        if (!host) return fail(`No other node of the control plane answers. ${node.name} was not touched.`);
        await perform(steps, { connection, cluster, node, host, isPatched: false, since: "", reasons: [] });
    });
}

if (require.main === module) void main(patch);
