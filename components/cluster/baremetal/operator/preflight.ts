// Checks every machine, and the bundle, before the first change. All problems are reported at once.
import { fail, main } from "../../scripts/process";
import { parseProbe, probeTasks, quietTasks } from "../machine/probe";
import { renderScript } from "../machine/script";
import type { ClusterFacts, NodeFacts, ScriptFacts } from "../program/facts";
import { architecture, bundleProblems, openBundle } from "./bundle";
import { readFacts } from "./settings";
import { type Connection, withSsh } from "./ssh";
import { describeFailure } from "./ssh-failure";

async function preflight(): Promise<void> {
    const { cluster, nodes, ssh } = readFacts<"preflight">();
    const answers = await withSsh({ ssh, nodes }, async connection => {
        const said = await Promise.all(nodes.map(node => ask(connection, node, nodes, cluster)));
        await Promise.all(nodes.map(node => connection.attempt(node, renderScript(quietTasks))));
        return said;
    });
    const reached = answers.flatMap(answer => "found" in answer ? answer : []);
    const present = [...new Set(reached.map(({ found }) => `${found.os?.[0]}-${architecture(found.arch?.[0] ?? "")}`))];
    const problems = [
        ...answers.flatMap(answer => "problem" in answer ? answer.problem : []),
        ...problemsOf(cluster, reached),
        ...(cluster.bundle ? await problemsOfBundle(cluster.bundle, cluster.version, present) : []),
    ];
    if (problems.length === 0) return;
    const count = problems.length === 1 ? "is 1 problem" : `are ${problems.length} problems`;
    fail(`The machines are not ready; there ${count}. Nothing was changed.\n\n${problems.join("\n\n")}`);
}

async function problemsOfBundle(bundle: string, version: string, present: string[]): Promise<string[]> {
    try {
        return await bundleProblems(await openBundle(bundle, { rehash: true }), version, present);
    } catch (error) {
        return [(error as Error).message];
    }
}

/** What a machine answers, or why it doesn't. */
async function ask(
    connection: Connection, node: NodeFacts, nodes: NodeFacts[], { network, podSubnet }: ScriptFacts["preflight"]["cluster"],
): Promise<Answered | { node: NodeFacts; problem: string }> {
    const script = renderScript(probeTasks({
        address: node.address,
        podSubnet,
        peers: nodes.filter(other => other !== node).map(other => ({
            address: other.address, ports: portsBetween(node, other),
        })),
        ports: portsOf(node.role),
        bridged: network === "kube-router",
    }));
    const begin = Date.now();
    const result = await connection.attempt(node, script);
    if (!result.ok) return { node, problem: describeFailure(node, result) };
    const found: Found = parseProbe(result.stdout);
    return { node, found, apart: Number(found.time?.[0]) - (begin + Date.now()) / 2000 };
}

/** TCP ports of `to` that a firewall must let `from` reach: API servers; for the control plane, also etcd and kubelets. */
function portsBetween(from: NodeFacts, to: NodeFacts): number[] {
    const controlPlane = from.role === "control-plane";
    return [
        ...(to.role === "control-plane" ? [6443] : []),
        ...(to.role === "control-plane" && controlPlane ? [2379, 2380] : []),
        ...(controlPlane ? [10250] : []),
    ];
}

const systems = ["debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04", "ubuntu-26.04"];
/** The least that a machine needs: memory (MiB) by its role, free disk space (MB); and how many seconds clocks may differ. */
const limits = { "control-plane": 1700, "worker": 900, "disk": 10_000, "processors": 2, "clock": 5 };

/** What a machine printed, by name: see machine/probe. */
type Found = Record<string, string[] | undefined>;

/** What a machine answered. */
export interface Answered {
    node: NodeFacts;
    found: Found;
    /** How many seconds its clock is ahead of this computer's. */
    apart: number;
}

type Wanted = Pick<ClusterFacts, "owner" | "version"> & { podSubnet?: string };

/** TCP ports that a node of this role listens on. They must be free. */
export function portsOf(role: NodeFacts["role"]): number[] {
    return role === "control-plane" ? [6443, 2379, 2380, 10250, 10256, 10257, 10259] : [10250, 10256];
}

/** The problems of all machines. */
export function problemsOf(cluster: Wanted, answers: Answered[]): string[] {
    return [
        ...answers.flatMap(answer => problemsOfOne(cluster, answer)),
        ...sameMachine(answers),
        ...clocks(answers),
    ];
}

function problemsOfOne(cluster: Wanted, { node, found }: Answered): string[] {
    const first = (name: string) => found[name]?.[0];
    const number = (name: string) => Number(first(name));
    const isOurs = first("owner") === cluster.owner;
    const role = first("role") ?? "worker";
    const fresh = isOurs ? [] : freshProblems(cluster, node, found);
    return [
        systems.includes(first("os") ?? "") && architecture(first("arch") ?? "") ? undefined
            : `runs ${first("os")} on ${first("arch")}; there must be one of ${systems.join(", ")} on x86_64 or aarch64.`,
        first("systemd") === "yes" ? undefined : "does not run systemd.",
        number("memory") >= limits[node.role] ? undefined
            : `has ${first("memory")} MiB of memory; a ${node.role} node needs ${limits[node.role]}.`,
        node.role === "worker" || number("processors") >= limits.processors ? undefined
            : `has ${first("processors")} processor; a control-plane node needs ${limits.processors}.`,
        isOurs || number("disk") >= limits.disk ? undefined
            : `has ${first("disk")} MB of disk free under /var/lib; ${limits.disk} are needed.`,
        first("swap")
            ? `swaps to ${first("swap")}. Turn it off: swapoff --all, and take it out of /etc/fstab.` : undefined,
        ...(found.swaps ?? []).map(swapProblem),
        first("addresses")?.split(",").includes(node.address) ? undefined
            : `has no interface with the address ${node.address}; it has ${first("addresses")}. ` +
                `Name the right one by landfall:cluster.nodes.${node.name}.address.`,
        ...(found.kernel ?? []).map(module => `lacks the kernel module ${module}.`),
        versionProblem(cluster, found, isOurs),
        !isOurs || !first("member") || first("member") === node.name ? undefined
            : `is the node ${first("member")} of this cluster. Take that line out of landfall:cluster.nodes, run pulumi up, ` +
                "and then give the machine its new name.",
        !isOurs || !found.member || role === node.role ? undefined
            : `is a ${role} node of this cluster, and can't become a ${node.role} node as it is. Take its line out of ` +
                "landfall:cluster.nodes, run pulumi up, and then put it back with its new role.",
        ...fresh,
    ].flatMap(problem => problem ?? []).map(problem => `${node.name} (${node.host}) ${problem}`);
}

/** Of a machine that is not a node of this cluster yet. */
function freshProblems({ owner, podSubnet }: Wanted, node: NodeFacts, found: Found): string[] {
    const takeOut = "Take it out of there first, or name another machine.";
    if (found.owner) return [`belongs to the stack ${found.owner[0]}, not to ${owner}. ${takeOut}`];
    if (found.leftover) {
        return [`is in another cluster already, or was: there is ${found.leftover.join(", ")}. ${takeOut}`];
    }
    return [
        ...(found.runtime ?? []).map(runtime => `runs ${runtime} already. A node is a machine of its own.`),
        ...(found.port ?? []).map(text => text.split(" ")).map(([port, program]) =>
            `has port ${port} taken by ${program || "another program"}, which a ${node.role} node needs.`),
        ...(found.dropped ?? []).map(target => `gets no answer from ${target}: does a firewall stand between the nodes?`),
        ...(found.rejected ?? []).map(target => `is refused by ${target}, although a program listens there: a firewall ` +
            "between the nodes rejects it."),
        ...trafficProblems(found, podSubnet),
        ...(found.resolver ?? []).map(text => text.split(" ")).map(([server, file]) =>
            `has the name server ${server} in ${file}. In a pod that is the pod itself, so the cluster's DNS would ask itself ` +
            "and stop. Write the servers that it asks itself into a file, such as /etc/resolv.pods.conf, and have the kubelet " +
            "use it, by /etc/kubernetes/kubelet.conf.d/10-resolver.conf:\n" +
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nresolvConf: /etc/resolv.pods.conf"),
    ];
}

/** What blocks traffic of pods, with the rules that may be the reason. */
function trafficProblems({ blocked = [], rule = [] }: Found, podSubnet?: string): string[] {
    const rules = (hook: string) => {
        const found = rule.filter(text => text.startsWith(`${hook} `)).map(text => `\n${text.slice(hook.length + 1)}`);
        return found.length > 0 ? ` Rules that drop or reject:${found.join("")}` : "";
    };
    const ports = blocked.filter(text => text.startsWith("INPUT ")).map(text => text.slice("INPUT ".length));
    return [
        ...(ports.length === 0 ? [] : [`keeps pods from its port${ports.length > 1 ? "s" : ""} ${ports.join(" and ")}, by a firewall's rules for what comes ` +
            `in. Have them accept what comes from ${podSubnet}, also after a reboot (ufw allow from ${podSubnet}; nftables: ` +
            `ip saddr ${podSubnet} accept).${rules("INPUT")}`]),
        ...(!blocked.includes("FORWARD") ? [] : ["keeps pods from each other, by a firewall's rules for what it forwards. Have " +
            `them accept what comes from and goes to ${podSubnet}, also after a reboot (ufw route allow from ${podSubnet}, ufw ` +
            `route allow to ${podSubnet}; nftables: ip saddr ${podSubnet} accept, ip daddr ${podSubnet} accept).${rules("FORWARD")}`]),
    ];
}

/** Swap that comes back at the next boot, after which the kubelet would not start. */
function swapProblem(text: string): string {
    const [kind, name] = text.split(" ");
    const ways: Record<string, string> = {
        "fstab": `take ${name} out of /etc/fstab`,
        "zram-generator": "leave an empty file /etc/systemd/zram-generator.conf",
        "service": `systemctl disable --now ${name}`,
        "unit": `systemctl mask --now ${name}`,
    };
    return `would swap again after its next boot. Turn it off for good: ${ways[kind]}.`;
}

function versionProblem({ version }: Wanted, found: Found, isOurs: boolean): string | undefined {
    const running = isOurs && found.member ? found.version?.[0] : undefined;
    if (!running || running === version) return undefined;
    const [have, want] = [running, version].map(text => text.slice(1).split(".").map(Number));
    if (want[0] !== have[0] || want[1] < have[1] || (want[1] === have[1] && want[2] < have[2])) {
        return `runs Kubernetes ${running}, which can't go back to ${version}.`;
    }
    return want[1] - have[1] <= 1 ? undefined
        : `runs Kubernetes ${running}: minor versions go up one at a time. Next is v${have[0]}.${have[1] + 1}.`;
}

function sameMachine(answers: Answered[]): string[] {
    return answers.flatMap(({ node, found }, index) => {
        const same = answers.slice(0, index).find(other => other.found.machine?.[0] === found.machine?.[0]);
        return same ? [`${node.name} (${node.host}) and ${same.node.name} (${same.node.host}) are the same machine, ` +
            `or copies of one: both have the machine-id ${found.machine?.[0]}.`] : [];
    });
}

/** Certificates and etcd need clocks that agree; the median is taken to be right. */
function clocks(answers: Answered[]): string[] {
    const sorted = answers.map(({ apart }) => apart).sort((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)];
    return answers.filter(({ apart }) => Math.abs(apart - middle) > limits.clock).map(({ node, apart }) =>
        `${node.name} (${node.host}) has a clock that is ${Math.round(Math.abs(apart - middle))} s ` +
        `${apart > middle ? "ahead of" : "behind"} the others'. Set up time synchronisation (systemd-timesyncd, chrony).`);
}

if (require.main === module) void main(preflight);
