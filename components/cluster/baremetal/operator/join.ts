// Makes a prepared machine a member of the cluster; the first machine starts it.
import { fail, main } from "../../scripts/process";
import { removeDeadNodesTasks } from "../machine/etcd";
import {
    cleanTask, emptyVolumesTasks, initTasks, joinTasks, mintTasks, rememberTasks, revokeTasks, scheduleTasks, volumesTasks,
} from "../machine/join";
import { memberFile } from "../machine/kubeadm";
import { task } from "../machine/script";
import { spreadDnsTasks } from "../machine/spread";
import type { KnownNode, NodeFacts, ScriptFacts } from "../program/facts";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { describeFailure } from "./ssh-failure";
import {
    answeringNode, type Condition, firstAnswering, ignored, isControlPlane, type Operation, perform, type Step,
} from "./steps";

export interface Join extends Operation {
    /** On a worker, what only control-plane nodes need is undefined. */
    cluster: Required<ScriptFacts["join"]["cluster"]>;
    node: KnownNode;
    controlPlanes: NodeFacts[];
    isMember: boolean;
    /** The control-plane node that answers, and speaks for the cluster. */
    host?: NodeFacts;
    /** What one join needs. */
    minted?: { TOKEN: string; AUTHORITY: string; KEYS: string };
    /** Directories of volumes on the machine's own disk. */
    volumes: string[];
    /** Of kubeadm on the machine. */
    version: string;
}

const isNew = { words: "the machine is no member yet", holds: s => !s.isMember } satisfies Condition<Join>;
const joins = { words: "it joins a cluster", holds: s => !s.isMember && s.host !== undefined } satisfies Condition<Join>;
const begins = { words: "no cluster answers", holds: s => !s.isMember && s.host === undefined } satisfies Condition<Join>;
const isMinted = { words: "a token was minted", holds: s => s.minted !== undefined } satisfies Condition<Join>;
const hasVolumes = { words: "it had volumes", holds: s => s.volumes.length > 0 } satisfies Condition<Join>;

export const steps: Step<Join>[] = [
    { on: "node", name: "Check whether the machine is a member", run: lookForMember },
    { on: "controlPlanes", when: [isNew], name: "Find another control-plane node that answers", run: async s => {
        s.host = await firstAnswering(s.connection, s.controlPlanes, s.node.name);
    } },
    { on: "controlPlanes", when: [begins], name: "Check for a cluster whose API doesn't answer", run: refuseSecondCluster },
    { on: "node", when: [begins], tasks: () => [lookForVersion], found: takeVersion },
    { on: "node", when: [begins], tasks: s => initTasks({ ...s.cluster, version: s.version }, s.node) },
    { on: "host", when: [joins, isControlPlane], tasks: s =>
        removeDeadNodesTasks(otherControlPlanes(s).map(({ name }) => name), s.node) },
    // Only once etcd has forgotten its old member: of two members, one alone has no majority.
    { on: "node", when: [joins], tasks: () => [cleanTask] },
    { on: "host", when: [joins], tasks: s => mintTasks(s.node), found: takeMinted },
    { on: "node", when: [joins], tasks: s => joinTasks(s.cluster, s.node), values: s => ({ ...s.minted }) },
    { on: "host", when: [isMinted], always: true, tasks: () => revokeTasks, failed: ignored, values: s => ({
        TOKEN: s.minted?.TOKEN ?? "",
    }) },
    { on: "controlPlanes", name: "Find a control-plane node that answers", run: async s => {
        s.host = await answeringNode(s.connection, s.controlPlanes);
    } },
    { on: "host", tasks: s => [...rememberTasks(s.node), ...spreadDnsTasks] },
    { on: "host", tasks: s => volumesTasks(s.cluster, s.node), found: (s, printed) => {
        s.volumes = printed.split("\n").filter(Boolean);
    } },
    { on: "node", when: [hasVolumes], tasks: s => emptyVolumesTasks(s.volumes) },
    { on: "node", when: [isControlPlane], tasks: s => scheduleTasks(s.cluster, s.node) },
];

/** Left to itself, kubeadm would ask the internet for the latest version, which may be newer than the machine's programs. */
const lookForVersion = task("Check which version is installed", "kubeadm version --output short");

/** Fails before the next step removes what is on the machine. */
function takeVersion(s: Join, printed: string): void {
    s.version = /^v\d+\.\d+\.\d+\S*$/m.exec(printed)?.[0] ?? fail(
        `${s.node.name} (${s.node.host}): kubeadm does not tell its version. It printed:\n${printed}`);
}

async function lookForMember(s: Join): Promise<void> {
    const member = await s.connection.run(s.node, `if [ -e ${memberFile} ]; then cat ${memberFile}; fi`);
    s.isMember = member.trim() === s.node.incarnation;
}

/** A cluster whose API doesn't answer at the moment is still one: another cluster would take its address. */
async function refuseSecondCluster(s: Join): Promise<void> {
    if (s.node.name !== s.controlPlanes[0].name) fail(`${s.node.name} can't join: no node of the control plane answers.`);
    const look = `if [ -e ${memberFile} ] && [ -e /etc/kubernetes/kubelet.conf ]; then echo member; fi`;
    const problems = await Promise.all(otherControlPlanes(s).map(async other => {
        const result = await s.connection.attempt(other, look);
        if (!result.ok) return [describeFailure(other, result)];
        return result.stdout.trim() === "member" ? [`${other.name} is a node of a cluster whose API doesn't answer.`] : [];
    }));
    if (problems.flat().length > 0) {
        fail(`${s.node.name} does not begin a cluster, as there may be one. Run again once its API answers.\n\n` +
            problems.flat().join("\n\n"));
    }
}

function takeMinted(s: Join, printed: string): void {
    const [TOKEN, AUTHORITY = "", KEYS = ""] = printed.split(" ");
    s.minted = { TOKEN, AUTHORITY, KEYS };
}

function otherControlPlanes({ node, controlPlanes }: Join): NodeFacts[] {
    return controlPlanes.filter(({ name }) => name !== node.name);
}

async function join(): Promise<void> {
    const { cluster, node, nodes: controlPlanes, ssh } = readFacts<"join">();
    const nodes = [node, ...controlPlanes.filter(({ name }) => name !== node.name)];
    await withSsh({ ssh, nodes }, connection => perform(steps, {
        connection, cluster: cluster as Join["cluster"], node, controlPlanes, isMember: false, volumes: [], version: "",
    }));
}

if (require.main === module) void main(join);
