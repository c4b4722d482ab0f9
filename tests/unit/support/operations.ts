import { kubeconfigTasks, rotateTasks } from "../../../components/cluster/baremetal/machine/certificates";
import { staleTasks } from "../../../components/cluster/baremetal/machine/container-runtime";
import { controlPlaneTasks, healthTasks, restartTasks } from "../../../components/cluster/baremetal/machine/control-plane";
import { cordonTasks, drainTasks, readyTasks, uncordonTasks } from "../../../components/cluster/baremetal/machine/drain";
import { makeKeyTasks, readKeysTasks, rewriteTasks, useKeysTasks } from "../../../components/cluster/baremetal/machine/encryption";
import { quorumTasks, removeDeadNodesTasks, removeNodeTasks } from "../../../components/cluster/baremetal/machine/etcd";
import { installTasks } from "../../../components/cluster/baremetal/machine/install";
import {
    cleanTask, emptyVolumesTasks, initTasks, joinTasks, mintTasks, rememberTasks, revokeTasks, scheduleTasks, volumesTasks,
} from "../../../components/cluster/baremetal/machine/join";
import { quitTasks } from "../../../components/cluster/baremetal/machine/keepalived";
import {
    patchedTasks, patchTasks, reason as patching, rebootReasonTasks, rebootTasks, rememberPatchedTasks,
} from "../../../components/cluster/baremetal/machine/patch";
import { probeTasks, quietTasks } from "../../../components/cluster/baremetal/machine/probe";
import { resetTasks } from "../../../components/cluster/baremetal/machine/reset";
import { downloadTasks, registerTasks, removeOtherNodesTasks, replaceTasks, startTasks, stopTasks } from "../../../components/cluster/baremetal/machine/restore";
import { renderScript } from "../../../components/cluster/baremetal/machine/script";
import { endTasks, snapshotTasks, takeTasks } from "../../../components/cluster/baremetal/machine/snapshots";
import { spreadDnsTasks, spreadTasks } from "../../../components/cluster/baremetal/machine/spread";
import { statusTasks } from "../../../components/cluster/baremetal/machine/status";
import { backTasks, kubeletTasks, reason as upgrading, upgradeTasks, versionTasks } from "../../../components/cluster/baremetal/machine/upgrade";
import { keyName } from "../../../components/cluster/baremetal/operator/rotate";
import type { ClusterFacts, KnownNode as Node } from "../../../components/cluster/baremetal/program/facts";
import { packageRepositories, versions } from "../../../components/versions";

type Operation = keyof ReturnType<typeof tasksFor>;

const node = (name: string, last: number, role: Node["role"] = "control-plane"): Node => ({
    name, role, host: `198.18.40.${last}`, address: `198.18.40.${last}`, port: 22, user: "root", incarnation: `id-${name}`,
});
const names = (...nodes: Node[]) => nodes.map(({ name, address }) => ({ name, address }));

/** Three control-plane nodes and a worker. */
export const [one, two, three, worker] = [node("one", 11), node("two", 12), node("three", 13), node("web", 21, "worker")];

/** A cluster of one server, made from a bundle. */
export const server: ClusterFacts = {
    name: "landfall-server", owner: "landfall/server", incarnation: "id", version: "v1.36.4", bundle: "./bundle",
    volumesDirectory: "/var/lib/landfall-volumes",
    endpoint: "198.18.40.11:6443", controlPlanes: names(one), gatewayNodes: names(one), serviceAddress: "198.18.40.11", network: "none", podSubnet: "198.19.0.0/17",
    serviceSubnet: "198.19.128.0/20", tainted: false, ignorePreflightErrors: ["SystemVerification"], size: 1,
    renewBefore: 60, rotate: {},
    patches: "2026-11", reboot: "needed",
    runtime: versions.containerd,
    repositories: packageRepositories,
};

/** A cluster that stays available, made from the packages' repositories. */
export const available: ClusterFacts = {
    ...server, name: "landfall-prod", owner: "landfall/prod", bundle: undefined, endpoint: "198.18.40.100:6443",
    virtualAddress: "198.18.40.100", controlPlanes: names(one, two, three), gatewayAddress: "198.18.40.101",
    gatewayNodes: names(one, two, three, worker), serviceAddress: "198.18.40.101", network: "kube-router", tainted: true,
    ignorePreflightErrors: [], size: 4, reboot: "always",
};

/** Stands for secrets. */
const settings = { repository: "/mnt/backup/etcd", password: "PASSWORD", environment: "NAME=VALUE" };

/** Everything that a machine may be sent, put together by what it is for; `first` is the node that starts the cluster. */
function tasksFor(cluster: ClusterFacts, node: Node, first: boolean) {
    return {
        status: statusTasks(cluster.owner),
        probe: probeTasks({
            address: node.address, ports: [6443], bridged: cluster.network === "kube-router", podSubnet: cluster.podSubnet,
            peers: cluster.controlPlanes.filter(({ name }) => name !== node.name).map(({ address }) => ({ address, ports: [6443] })),
        }),
        quiet: quietTasks,
        install: installTasks(cluster, node),
        member: first ? initTasks(cluster, node) : [cleanTask, ...joinTasks(cluster, node)],
        giveUp: removeDeadNodesTasks(cluster.controlPlanes.map(({ name }) => name).filter(name => name !== node.name), node),
        mint: mintTasks(node),
        revoke: revokeTasks,
        settle: [
            ...rememberTasks(node), ...spreadDnsTasks, ...volumesTasks(cluster, node), ...emptyVolumesTasks(["DIRECTORY"]),
            ...(node.role === "control-plane" ? scheduleTasks(cluster, node) : []),
        ],
        upgrade: [
            ...versionTasks(node.name), ...staleTasks(cluster), ...upgradeTasks(cluster, node), ...kubeletTasks(cluster, node),
        ],
        around: [
            ...cordonTasks(node.name, upgrading), ...drainTasks(node.name, { answers: true, homebound: true }),
            ...backTasks(node.name, cluster.version),
        ],
        patch: [...patchedTasks(cluster), ...patchTasks(cluster), ...rebootReasonTasks(cluster)],
        reboot: [
            ...rebootTasks("ID", ["a package asks for it"]), ...(node.role === "control-plane" ? controlPlaneTasks : []),
            ...rememberPatchedTasks(cluster),
        ],
        aroundPatch: [
            ...(node.role === "control-plane" ? quorumTasks : []), ...cordonTasks(node.name, patching),
            ...readyTasks(node.name), ...uncordonTasks(node.name, patching),
        ],
        spread: spreadTasks,
        leave: [...drainTasks(node.name, { answers: true }), ...quitTasks, ...removeNodeTasks(node.name)],
        certificates: [...healthTasks(), ...rotateTasks(cluster, "2026-11")],
        encryptionKey: [
            ...readKeysTasks, ...healthTasks(), ...makeKeyTasks, ...restartTasks(cluster), ...useKeysTasks,
            ...rewriteTasks(keyName("2026-11")),
        ],
        snapshots: [
            ...snapshotTasks({
                name: cluster.name, schedule: "hourly", keep: { hourly: 24, daily: 7, weekly: 4 },
            }, settings),
            ...takeTasks,
        ],
        snapshotsEnd: endTasks,
        recover: [
            ...downloadTasks(settings, "ID", { version: cluster.version, standing: true }), ...stopTasks,
            ...replaceTasks(node, cluster.controlPlanes, { id: "ID", revision: 1 }), ...startTasks, ...registerTasks,
            ...removeOtherNodesTasks(cluster.controlPlanes, cluster.controlPlanes),
        ],
        kubeconfig: kubeconfigTasks(cluster),
        restore: resetTasks(cluster, node),
    };
}

/** Each variant that a machine may meet: which cluster, which node, and what is done to it. */
const variants: [string, ClusterFacts, Node, boolean, Operation[]][] = [
    ["server", server, one, true, [
        "status", "probe", "quiet", "install", "member", "settle", "upgrade", "around", "patch", "reboot", "aroundPatch",
        "certificates", "encryptionKey", "kubeconfig", "restore",
    ]],
    ["pool", { ...server, serviceAddress: undefined }, one, true, ["install"]],
    ["first", available, one, true, ["install", "member", "upgrade", "certificates"]],
    ["second", available, two, false, ["probe", "install", "giveUp", "mint", "member", "revoke", "snapshots", "snapshotsEnd", "recover", "spread", "leave"]],
    ["worker", available, worker, false, [
        "install", "mint", "member", "settle", "upgrade", "patch", "reboot", "leave",
    ]],
];

/** What machines run, by variant and operation, such as `second-member`. */
export const scripts = new Map(variants.flatMap(([variant, cluster, of, first, operations]) =>
    operations.map((operation): [string, string] => [`${variant}-${operation}`, renderScript(tasksFor(cluster, of, first)[operation])])));

/** One of them. */
export function scriptOf(name: string): string {
    const script = scripts.get(name);
    if (script === undefined) throw new Error(`There is no ${name} in ${[...scripts.keys()].join()}`);
    return script;
}

/** The names of a script's steps, in their order; each script waits for others on its machine first. */
export function stepsOf(script: string): string[] {
    const [, ...steps] = [...script.matchAll(/^begin '(.*)'$/gm)].map(([, name]) => name.replaceAll(`'\\''`, "'"));
    return steps;
}

/** A script up to a step, which is left out with all that follows. */
export function before(script: string, step: string): string {
    return `${script.slice(0, startOf(script, step))}\n}\nmain </dev/null\n`;
}

/** A script without the steps before this one. */
export function from(script: string, step: string): string {
    return script.slice(0, script.indexOf("\n\nbegin '")) + script.slice(startOf(script, step));
}

function startOf(script: string, step: string): number {
    const start = script.indexOf(`\nbegin '${step.replaceAll("'", `'\\''`)}'\n`);
    if (start < 0) throw new Error(`There is no step ${step} in ${stepsOf(script).join()}`);
    return start;
}
