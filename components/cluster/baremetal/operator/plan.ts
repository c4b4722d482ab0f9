// @ts-nocheck
// What will be done to the machines, in the order in which it is done: for people to read before, and for reviews.
import { keyName } from "./keys";
import { kubeconfigTasks, rotateTasks } from "../machine/certificates";
import { staleTasks } from "../machine/container-runtime";
import { controlPlaneTasks, healthTasks, restartTasks } from "../machine/control-plane";
import { cordonTasks, drainTasks, readyTasks, uncordonTasks } from "../machine/drain";
import { makeKeyTasks, readKeysTasks, rewriteTasks, useKeysTasks } from "../machine/encryption";
import { forgetTasks, giveUpTasks, quorumTasks } from "../machine/etcd";
import { installTasks } from "../machine/install";
import {
    cleanTask, emptyVolumesTasks, initTasks, joinTasks, mintTasks, rememberTasks, revokeTasks, scheduleTasks, spreadTasks,
    volumesTasks,
} from "../machine/join";
import { quitTasks } from "../machine/keepalived";
import {
    patchedTasks, patchTasks, reason as patching, rebootReasonTasks, rebootTasks, rememberPatchedTasks,
} from "../machine/patch";
import { probeTasks, quietTasks } from "../machine/probe";
import { resetTasks as restoreTasks } from "../machine/reset";
import { bringTasks, forgetOthersTasks, registerTasks, replaceTasks, startTasks, stopTasks } from "../machine/restore";
import { renderList, renderScript } from "../machine/script";
import { endTasks, snapshotTasks, takeTasks } from "../machine/snapshots";
import { statusTasks } from "../machine/status";
import { backTasks, kubeletTasks, reason as upgrading, upgradeTasks, versionTasks } from "../machine/upgrade";

/** What stands for secrets where scripts are only read. */
const settings = { repository: "/mnt/backup/etcd", password: "PASSWORD", environment: "NAME=VALUE" };

/** The tasks of each operation for one node; `first` is the one that begins the cluster. */
export function operationsFor(cluster, node, first) {
    return {
        status: statusTasks(cluster.owner),
        probe: probeTasks({
            address: node.address, ports: [6443], bridged: cluster.network === "kube-router", podSubnet: cluster.podSubnet,
            peers: cluster.controlPlanes.filter(({ name }) => name !== node.name).map(({ address }) => ({ address, ports: [6443] })),
        }),
        quiet: quietTasks,
        install: installTasks(cluster, node),
        member: first ? initTasks(cluster, node) : [cleanTask, ...joinTasks(cluster, node)],
        giveUp: giveUpTasks(cluster.controlPlanes.map(({ name }) => name).filter(name => name !== node.name), node),
        mint: mintTasks(node),
        revoke: revokeTasks,
        settle: [
            ...rememberTasks(node), ...spreadTasks, ...volumesTasks(cluster, node), ...emptyVolumesTasks(["DIRECTORY"]),
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
        leave: [...drainTasks(node.name, { answers: true }), ...quitTasks, ...forgetTasks(node.name)],
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
            ...bringTasks(settings, "ID", { version: cluster.version, standing: true }), ...stopTasks,
            ...replaceTasks(node, cluster.controlPlanes, { id: "ID", revision: 1 }), ...startTasks, ...registerTasks,
            ...forgetOthersTasks(cluster.controlPlanes, cluster.controlPlanes),
        ],
        kubeconfig: kubeconfigTasks(cluster),
        restore: restoreTasks(cluster, node),
    };
}

/** The script that a machine runs for an operation. */
export function scriptFor(cluster, node, first, operation) {
    return renderScript(operationsFor(cluster, node, first)[operation]);
}

/** The names of all tasks that make the cluster, machine by machine. */
export function listFor(cluster, nodes) {
    return nodes.map((node, index) => {
        const { probe, install, member, settle } = operationsFor(cluster, node, index === 0);
        return renderList(`${node.name} (${node.host}), ${node.role}`, [...probe, ...install, ...member, ...settle]);
    }).join("\n");
}
