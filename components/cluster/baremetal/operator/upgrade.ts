// Upgrades one node: Kubernetes to the version in the settings, and the container runtime to the version in
// components/versions.ts or in the bundle. The program runs it node by node, the control plane first.
import { main } from "../../scripts/process";
import { staleTasks } from "../machine/container-runtime";
import { cordonTasks, drainTasks } from "../machine/drain";
import { backTasks, kubeletTasks, reason, upgradeTasks, versionTasks, waitTasks } from "../machine/upgrade";
import type { ClusterFacts, NodeFacts, ScriptFacts } from "../program/facts";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { answeringNode, type Condition, type Operation, perform, type Step } from "./steps";

export interface Upgrade extends Operation {
    cluster: ScriptFacts["upgrade"]["cluster"] & Pick<ClusterFacts, "controlPlanes">;
    node: NodeFacts;
    /** A control-plane node whose API server answers; kubectl runs there. */
    host: NodeFacts;
    /** The version that the node runs. */
    running: string;
    /** Whether its container runtime or the kubelet's reservations are out of date. */
    stale: boolean;
}

const otherVersion = {
    words: "it runs another version", holds: s => s.running !== s.cluster.version,
} satisfies Condition<Upgrade>;
const outdated = {
    words: "it runs another version, or its container runtime is out of date",
    holds: s => otherVersion.holds(s) || s.stale,
} satisfies Condition<Upgrade>;
/** Pods keep running under a new kubelet of the same minor version. Those of a single node have nowhere to go. */
const mustDrain = {
    words: "its minor version or its container runtime changes, and there are other nodes",
    holds: s => s.cluster.size > 1 && (s.stale || minor(s.running) !== minor(s.cluster.version)),
} satisfies Condition<Upgrade>;

export const steps: Step<Upgrade>[] = [
    { on: "host", tasks: s => versionTasks(s.node.name), found: (s, printed) => {
        s.running = printed;
    } },
    { on: "node", tasks: s => staleTasks(s.cluster), found: (s, printed) => {
        s.stale = printed !== "";
    } },
    { on: "node", when: [otherVersion], tasks: s => upgradeTasks(s.cluster, s.node) },
    { on: "host", when: [outdated], tasks: s => cordonTasks(s.node.name, reason) },
    { on: "host", when: [mustDrain], tasks: s => drainTasks(s.node.name, { answers: true, homebound: true }) },
    { on: "node", when: [outdated], tasks: s => kubeletTasks(s.cluster, s.node) },
    // Waits in any case; the last step only waits for a node that an upgrade has cordoned.
    { on: "host", when: [outdated], tasks: s => waitTasks(s.node.name, s.cluster.version) },
    { on: "host", tasks: s => backTasks(s.node.name, s.cluster.version) },
];

function minor(version: string): string {
    return version.split(".").slice(0, 2).join(".");
}

async function upgrade(): Promise<void> {
    const { cluster, node, nodes: controlPlanes, ssh } = readFacts<"upgrade">();
    const nodes = [node, ...controlPlanes.filter(({ name }) => name !== node.name)];
    await withSsh({ ssh, nodes }, async connection => {
        const host = await answeringNode(connection, controlPlanes);
        await perform(steps, { connection, cluster: { ...cluster, controlPlanes }, node, host, running: "", stale: false });
    });
}

if (require.main === module) void main(upgrade);
