// @ts-nocheck
// What is wrong with the machines, from what they have answered. Nothing is changed before all of it is told.
import { architecture } from "./bundle";

const systems = ["debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04", "ubuntu-26.04"];
const least = { "control-plane": 1700, worker: 900, disk: 10_000, processors: 2, clock: 5, free: 10 };
/** The days that certificates have left at least, as long as all is well. */
const leastDays = { certificate: 30, authority: 365 };

/** Ports that a node of this role listens on. */
export function portsOf(role) {
    return role === "control-plane" ? [6443, 2379, 2380, 10250, 10256, 10257, 10259] : [10250, 10256];
}

/** The problems of all machines; of an answer { node, found, apart } the last is the clock's difference in seconds. */
export function problemsOf(cluster, answers) {
    return [
        ...answers.flatMap(answer => problemsOfOne(cluster, answer)),
        ...sameMachine(answers),
        ...clocks(answers),
    ];
}

function problemsOfOne(cluster, { node, found }) {
    const first = name => found[name]?.[0];
    const number = name => Number(first(name));
    const isOurs = first("owner") === cluster.owner;
    const role = first("role") ?? "worker";
    const fresh = isOurs ? [] : freshProblems(cluster, node, found, first);
    return [
        systems.includes(first("os")) && architecture(first("arch")) ? undefined
            : `runs ${first("os")} on ${first("arch")}; there must be one of ${systems.join(", ")} on x86_64 or aarch64.`,
        first("systemd") === "yes" ? undefined : "does not run systemd.",
        number("memory") >= least[node.role] ? undefined
            : `has ${first("memory")} MiB of memory; a ${node.role} node needs ${least[node.role]}.`,
        node.role === "worker" || number("processors") >= least.processors ? undefined
            : `has ${first("processors")} processor; a control-plane node needs ${least.processors}.`,
        isOurs || number("disk") >= least.disk ? undefined
            : `has ${first("disk")} MB of disk free under /var/lib; ${least.disk} are needed.`,
        first("swap")
            ? `swaps to ${first("swap")}. Turn it off: swapoff --all, and take it out of /etc/fstab.` : undefined,
        ...(found.swaps ?? []).map(swapProblem),
        first("addresses").split(",").includes(node.address) ? undefined
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
    ].filter(Boolean).map(problem => `${node.name} (${node.host}) ${problem}`);
}

/**
 * What is wrong with nodes, but keeps nobody from going on; `free` is the part of the disk, in per cent, and `expires` what
 * ends when, in seconds as `now` is.
 */
export function warningsOf(answers, now) {
    return answers.flatMap(({ node, free, snapshots, expires = [] }) => [
        ...expires.flatMap(({ file, ends }) => expiryProblem(file, (ends - now) / 86_400) ?? []),
        ...(free < least.free ? [`has ${free} % of its disk under /var/lib free. Below ${least.free} % the kubelet evicts pods.`] : []),
        ...(snapshots === "failed" ? ["could not take the last snapshot of etcd: journalctl --unit landfall-snapshot"] : []),
    ].map(warning => `${node.name} (${node.host}) ${warning}`));
}

/** Certificates renew themselves long before the days that are asked for here; authorities don't. */
function expiryProblem(file, days) {
    const isAuthority = /(^|-|\/)ca\.crt$/.test(file);
    if (days > (isAuthority ? leastDays.authority : leastDays.certificate)) return undefined;
    const end = days < 0 ? "has ended" : `ends in ${Math.floor(days)} days`;
    if (isAuthority) {
        return `has the authority ${file}, which ${end}. Landfall doesn't renew authorities: move to a new cluster before.`;
    }
    const unit = file.startsWith("/") ? "kubelet" : "landfall-certificates";
    return `has the certificate ${file}, which ${end}, and should have been renewed: journalctl --unit ${unit}`;
}

/** Of a machine that is not a node of this cluster yet. */
function freshProblems({ owner, podSubnet }, node, found, first) {
    const takeOut = "Take it out of there first, or name another machine.";
    if (first("owner")) return [`belongs to the stack ${first("owner")}, not to ${owner}. ${takeOut}`];
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

/** What keeps pods from the machine or from each other, with the rules that may be why. */
function trafficProblems({ blocked = [], rule = [] }, podSubnet) {
    const rules = hook => {
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

/** Swap that would be back after the next boot, when the kubelet would not start. */
function swapProblem(text) {
    const [kind, name] = text.split(" ");
    const ways = {
        "fstab": `take ${name} out of /etc/fstab`,
        "zram-generator": "leave an empty file /etc/systemd/zram-generator.conf",
        "service": `systemctl disable --now ${name}`,
        "unit": `systemctl mask --now ${name}`,
    };
    return `would swap again after its next boot. Turn it off for good: ${ways[kind]}.`;
}

function versionProblem({ version }, found, isOurs) {
    const running = isOurs && found.member ? found.version?.[0] : undefined;
    if (!running || running === version) return undefined;
    const [have, want] = [running, version].map(text => text.slice(1).split(".").map(Number));
    if (want[0] !== have[0] || want[1] < have[1] || (want[1] === have[1] && want[2] < have[2])) {
        return `runs Kubernetes ${running}, which can't go back to ${version}.`;
    }
    return want[1] - have[1] <= 1 ? undefined
        : `runs Kubernetes ${running}: minor versions go up one at a time. Next is v${have[0]}.${have[1] + 1}.`;
}

function sameMachine(answers) {
    return answers.flatMap(({ node, found }, index) => {
        const same = answers.slice(0, index).find(other => other.found.machine?.[0] === found.machine?.[0]);
        return same ? [`${node.name} (${node.host}) and ${same.node.name} (${same.node.host}) are the same machine, ` +
            `or copies of one: both have the machine-id ${found.machine?.[0]}.`] : [];
    });
}

/** Certificates and etcd need clocks that agree; the one in the middle is taken to be right. */
function clocks(answers) {
    const sorted = answers.map(({ apart }) => apart).sort((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)];
    return answers.filter(({ apart }) => Math.abs(apart - middle) > least.clock).map(({ node, apart }) =>
        `${node.name} (${node.host}) has a clock that is ${Math.round(Math.abs(apart - middle))} s ` +
        `${apart > middle ? "ahead of" : "behind"} the others'. Set up time synchronisation (systemd-timesyncd, chrony).`);
}
