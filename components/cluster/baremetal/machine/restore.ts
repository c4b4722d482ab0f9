// Restores the cluster from a snapshot of etcd: on the control-plane nodes of a cluster that exists, or on a machine that
// creates the cluster.
import type { ClusterFacts, NodeFacts, SnapshotRepository } from "../program/facts";
import { healthTasks } from "./control-plane";
import { apiFiles, memberFile } from "./kubeadm";
import { type Task, task } from "./script";
import { exportLines, restic, resticTask, snapshotDirectory, snapshotNotes } from "./snapshots";

/** A member of etcd. */
type Member = Pick<NodeFacts, "name" | "address">;

/** The snapshot, after it was downloaded and checked. */
const brought = "/var/lib/landfall/recovery";
/** Where the control plane's manifests are during the restore. */
export const stoppedManifests = "/var/lib/landfall/stopped-manifests";
/** etcd's data from before the restore. It stays until the next one. */
const before = "/var/lib/landfall/etcd-before";
/** Exists from the stop of the control plane until it is healthy again. A run that finds it continues a restore. */
const underWay = "/var/lib/landfall/recovering";
const manifests = "/etc/kubernetes/manifests";
const parts = ["kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"];

/** Prints `member` if the machine is a node. */
export const memberTasks = [task("Check whether the machine is a member", `if [ -e ${memberFile} ]; then echo member; fi`)];

/** A bash function that runs etcdutl from etcd's image, so that its version always fits. */
const etcdutl = `etcdutl() {
    local image code=0 at
    image=$(kubeadm config images list --kubernetes-version "$(kubelet --version | cut -d ' ' -f 2)" 2>/dev/null | grep /etcd:)
    [ -n "$(ctr --namespace k8s.io images list --quiet "name==$image")" ] || crictl pull "$image" >/dev/null
    for at in /run/landfall-etcd.*; do # left by an interrupted run
        ctr --namespace k8s.io images unmount --rm "$at" >/dev/null 2>&1 && rmdir "$at" 2>/dev/null || true
    done
    at=$(mktemp -d /run/landfall-etcd.XXXXXX) # containerd 2.4 can't mount at the same place twice
    ctr --namespace k8s.io images mount "$image" "$at" >/dev/null
    "$at/usr/local/bin/etcdutl" "$@" 2>/run/landfall-etcdutl.log || code=$?
    ctr --namespace k8s.io images unmount --rm "$at" >/dev/null
    rmdir "$at"
    [ "$code" -eq 0 ] || tail -n 5 /run/landfall-etcdutl.log >&2
    rm /run/landfall-etcdutl.log
    return "$code"
}`;

/**
 * Downloads the snapshot and checks that it is complete, of this minor version and, if the cluster is `standing`, of this
 * cluster. Changes nothing else.
 */
export function downloadTasks(
    settings: SnapshotRepository, id: string, { version, standing }: Pick<ClusterFacts, "version"> & { standing: boolean },
): Task[] {
    return [
        resticTask,
        task("Download the snapshot",
            ...exportLines(settings),
            `rm -rf ${brought} ${brought}.new`,
            `(umask 077; mkdir ${brought}.new)`,
            `said=$(${restic} restore --no-lock ${id} --target ${brought}.new 2>&1 >/dev/null) || {`,
            `    rm -rf ${brought}.new`,
            `    echo "The snapshot ${id} can't be read. Nothing was changed. restic says: $said" >&2`,
            `    exit 1`,
            `}`,
            `mv ${brought}.new${snapshotDirectory} ${brought}`,
            `rm -rf ${brought}.new`),
        task("Check the snapshot",
            etcdutl,
            `etcdutl snapshot status ${brought}/etcd.db >/dev/null || {`,
            `    echo "The snapshot ${id} is damaged: see etcdutl's error above. Nothing was changed." >&2`,
            `    exit 1`,
            `}`,
            `taken=$(cat ${brought}/version)`,
            `if [ "\${taken%.*}" != ${version.split(".").slice(0, 2).join(".")} ]; then`,
            `    echo "The snapshot was taken with Kubernetes $taken, but the settings say ${version}. Nothing was changed. Set" \\`,
            `        "landfall:cluster.kubernetesVersion: $taken to restore it, and upgrade afterwards." >&2`,
            `    exit 1`,
            `fi`,
            ...(standing ? [
                `if ! cmp --silent ${brought}/pki/ca.crt /etc/kubernetes/pki/ca.crt; then`,
                `    echo "The snapshot is of another cluster, with other certificate authorities. Nothing was changed. Destroy" \\`,
                `        "this cluster first: a new one can be created from the snapshot." >&2`,
                `    exit 1`,
                `fi`,
            ] : [])),
    ];
}

/** Runs on all control-plane nodes, before the data of any is replaced. */
export const stopTasks = [task("Stop the control plane",
    `if [ ! -e ${underWay} ]; then rm -rf ${before}; fi`,
    `touch ${underWay}`,
    `install -d -m 0700 ${stoppedManifests}`,
    `for part in ${parts.join(" ")}; do`,
    `    if [ -e ${manifests}/$part.yaml ]; then mv ${manifests}/$part.yaml ${stoppedManifests}/; fi`,
    `done`,
    `running() { crictl ps --quiet --state Running --name '^(${parts.join("|")})$'; }`,
    `for _ in $(seq 60); do`,
    `    if [ -z "$(running)" ]; then break; fi`,
    `    running | xargs --no-run-if-empty crictl stop --timeout 5 >/dev/null 2>&1 || true`,
    `    sleep 1`,
    `done`,
    `if [ -n "$(running)" ]; then echo "The control plane's containers don't stop." >&2; exit 1; fi`)];

/** What all members must restore alike: the snapshot's ID, and a number that becomes etcd's new revision. */
interface Restored {
    id: string;
    /** A number, or bash that prints one. */
    revision: number | string;
}

/** Runs on all control-plane nodes: each restores the same data, as a member of one new etcd cluster. */
export function replaceTasks(node: Member, members: Member[], restored: Restored): Task[] {
    return [task("Replace etcd's data",
        `if [ ! -e ${before} ]; then`,
        `    install -d -m 0700 ${before}.new /var/lib/etcd`,
        `    find /var/lib/etcd -mindepth 1 -maxdepth 1 -exec mv --target-directory ${before}.new {} +`,
        `    mv ${before}.new ${before}`,
        `fi`,
        ...restoreLines(node, members, restored),
        `install -m 0600 ${brought}/encryption.json ${apiFiles.encryption}`)];
}

/**
 * Watches must notice that their data is out of date, so the new revision must be greater than any that a client has seen,
 * including after an earlier restore. The time in milliseconds is: no cluster writes that often.
 */
function restoreLines(node: Member, members: Member[], { id, revision }: Restored): string[] {
    const peer = ({ name, address }: Member) => `${name}=https://${address}:2380`;
    return [
        etcdutl,
        `install -d -m 0700 /var/lib/etcd`,
        `find /var/lib/etcd -mindepth 1 -delete`,
        `held=$(etcdutl snapshot status ${brought}/etcd.db --write-out json | sed -n 's/.*"revision":\\([0-9]*\\).*/\\1/p')`,
        `bump=$((${revision} - held))`,
        `if [ "$bump" -lt 1000000000 ]; then bump=1000000000; fi`,
        `etcdutl snapshot restore ${brought}/etcd.db --data-dir /var/lib/etcd --bump-revision "$bump" --mark-compacted \\`,
        `    --name ${node.name} --initial-cluster ${members.map(peer).join(",")} \\`,
        `    --initial-advertise-peer-urls https://${node.address}:2380 --initial-cluster-token ${id} >/dev/null`,
    ];
}

/** Runs on all control-plane nodes, once the data of all was replaced. */
export const startTasks = [
    task("Start the control plane",
        `for part in ${parts.join(" ")}; do`,
        `    if [ -e ${stoppedManifests}/$part.yaml ]; then mv ${stoppedManifests}/$part.yaml ${manifests}/; fi`,
        `done`,
        `rm -rf ${stoppedManifests}`),
    ...healthTasks(180),
    task("Delete the downloaded snapshot", `rm -rf ${brought} ${underWay}`),
];

/**
 * Runs on one control-plane node: deletes the snapshot's nodes that no longer exist, and labels the control plane's. Nodes also
 * lose the snapshot's note of when the next one was due: that was before the restore, and nobody has missed it.
 */
export function removeOtherNodesTasks(nodes: Pick<NodeFacts, "name">[], members: Pick<NodeFacts, "name">[]): Task[] {
    const names = nodes.map(({ name }) => `--regexp node/${name}`).join(" ");
    return [task("Replace the snapshot's nodes with the current ones",
        `{ kubectl get nodes --output name | grep --invert-match --line-regexp ${names} || true; } \\`,
        `    | xargs --no-run-if-empty kubectl delete --wait=false >/dev/null`,
        ...members.map(({ name }) => `kubectl label node ${name} --overwrite node-role.kubernetes.io/control-plane= >/dev/null`),
        `kubectl annotate nodes --all --request-timeout 10s ${snapshotNotes.due}- >/dev/null 2>&1 || true`)];
}

/** Runs on all nodes: a kubelet registers its node only when it starts, and the snapshot may not contain the node. */
export const registerTasks = [...memberTasks, task("Restart the kubelet", `if [ -e ${memberFile} ]; then systemctl restart kubelet; fi`)];

/** Runs before `kubeadm init`: restores the snapshot, if one was downloaded. */
export function beginTask(node: Member): Task {
    return task("Restore the snapshot, if one was downloaded",
        `if [ -e ${brought}/etcd.db ]; then`,
        `    (umask 077; mkdir -p /etc/kubernetes/pki; cp -r ${brought}/pki/. /etc/kubernetes/pki)`,
        `    chmod 0644 /etc/kubernetes/pki/{ca,front-proxy-ca,etcd/ca}.crt`,
        `    install -m 0600 ${brought}/encryption.json ${apiFiles.encryption}`,
        ...restoreLines(node, [node], { id: "landfall", revision: "$(date +%s)000" }).join("\n").split("\n").map(line => `    ${line}`),
        `fi`);
}

/** Runs after `kubeadm init`: deletes the snapshot's other nodes. Those that still exist join again. */
export function begunTask({ name }: Pick<NodeFacts, "name">): Task {
    return task("Delete the snapshot's other nodes",
        `if [ -e ${brought} ]; then`,
        `    for _ in $(seq 60); do`,
        `        ! kubectl get --raw /readyz >/dev/null 2>&1 || break`,
        `        sleep 1`,
        `    done`,
        `    { kubectl get nodes --output name | grep --invert-match --line-regexp node/${name} || true; } \\`,
        `        | xargs --no-run-if-empty kubectl delete --wait=false >/dev/null`,
        `    kubectl uncordon ${name} >/dev/null`,
        `    rm -rf ${brought}`,
        `fi`);
}
