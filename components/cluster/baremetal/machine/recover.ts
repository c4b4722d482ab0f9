// @ts-nocheck
// A cluster goes back to a snapshot: where it stands, or on a machine that begins it anew.
import { apiFiles } from "./kubeadm";
import { memberFile, stoppedManifests } from "./member";
import { exportLines, restic, resticTask } from "./repository";
import { healthTasks } from "./restart";
import { task } from "./script";
import { directory } from "./snapshots";

/** A snapshot that was brought and looked at. */
const brought = "/var/lib/landfall/recovery";
/** The data as it was before, until the next time. */
const before = "/var/lib/landfall/etcd-before";
/** There from when the control plane stops until it is well again: a run that finds it goes on with a restore. */
const underWay = "/var/lib/landfall/recovering";
const manifests = "/etc/kubernetes/manifests";
const parts = ["kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"];

/** Prints `member` on a node of a cluster. */
export const lookTasks = [task("Look whether the machine is a member", `if [ -e ${memberFile} ]; then echo member; fi`)];

/** etcd's own program, out of its image: there is one for every version. */
const etcdutl = `etcdutl() {
    local image code=0 at
    image=$(kubeadm config images list --kubernetes-version "$(kubelet --version | cut -d ' ' -f 2)" 2>/dev/null | grep /etcd:)
    [ -n "$(ctr --namespace k8s.io images list --quiet "name==$image")" ] || crictl pull "$image" >/dev/null
    for at in /run/landfall-etcd.*; do # left by a run that was interrupted
        ctr --namespace k8s.io images unmount --rm "$at" >/dev/null 2>&1 && rmdir "$at" 2>/dev/null || true
    done
    at=$(mktemp -d /run/landfall-etcd.XXXXXX) # containerd 2.4 doesn't mount at a place twice
    ctr --namespace k8s.io images mount "$image" "$at" >/dev/null
    "$at/usr/local/bin/etcdutl" "$@" 2>/run/landfall-etcdutl.log || code=$?
    ctr --namespace k8s.io images unmount --rm "$at" >/dev/null
    rmdir "$at"
    [ "$code" -eq 0 ] || tail -n 5 /run/landfall-etcdutl.log >&2
    rm /run/landfall-etcdutl.log
    return "$code"
}`;

/** Brings the snapshot and looks whether it is whole and fits; nothing else is changed. */
export function bringTasks(settings, id, { version, standing }) {
    return [
        resticTask,
        task("Bring the snapshot",
            ...exportLines(settings),
            `rm -rf ${brought} ${brought}.new`,
            `(umask 077; mkdir ${brought}.new)`,
            `said=$(${restic} restore --no-lock ${id} --target ${brought}.new 2>&1 >/dev/null) || {`,
            `    rm -rf ${brought}.new`,
            `    echo "The snapshot ${id} can't be read. Nothing was changed. restic says: $said" >&2`,
            `    exit 1`,
            `}`,
            `mv ${brought}.new${directory} ${brought}`,
            `rm -rf ${brought}.new`),
        task("Look at the snapshot",
            etcdutl,
            `etcdutl snapshot status ${brought}/etcd.db >/dev/null || {`,
            `    echo "The snapshot ${id} holds no whole data of etcd, as is said above. Nothing was changed." >&2`,
            `    exit 1`,
            `}`,
            `taken=$(cat ${brought}/version)`,
            `if [ "\${taken%.*}" != ${version.split(".").slice(0, 2).join(".")} ]; then`,
            `    echo "It was taken with Kubernetes $taken, and this is ${version}. Nothing was changed. Restore it with" \\`,
            `        "landfall:cluster.kubernetesVersion: $taken, and upgrade then." >&2`,
            `    exit 1`,
            `fi`,
            ...(standing ? [
                `if ! cmp --silent ${brought}/pki/ca.crt /etc/kubernetes/pki/ca.crt; then`,
                `    echo "It is another cluster's, whose machines would not know this one's. Nothing was changed. Destroy this" \\`,
                `        "cluster first: a new one can begin from the snapshot." >&2`,
                `    exit 1`,
                `fi`,
            ] : [])),
    ];
}

/** Run on all nodes of the control plane, before the data of any is replaced. */
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
    `if [ -n "$(running)" ]; then echo "The control plane doesn't stop." >&2; exit 1; fi`)];

/**
 * Run on all nodes of the control plane, `members` by name and address: each gets the same data, of the snapshot `id`, as
 * one new cluster at this `revision`.
 */
export function replaceTasks(node, members, { id, revision }) {
    return [task("Replace the data of etcd",
        `if [ ! -e ${before} ]; then`,
        `    install -d -m 0700 ${before}.new /var/lib/etcd`,
        `    find /var/lib/etcd -mindepth 1 -maxdepth 1 -exec mv --target-directory ${before}.new {} +`,
        `    mv ${before}.new ${before}`,
        `fi`,
        ...restoreLines(node, members, { id, revision }),
        `install -m 0600 ${brought}/encryption.json ${apiFiles.encryption}`)];
}

/**
 * Watches must notice that they are out of date, so the data's revision has to be greater than any that somebody has seen,
 * also of data that was restored before: it is the time in milliseconds, which is ahead of any cluster's writes.
 */
function restoreLines(node, members, { id, revision }) {
    const peer = ({ name, address }) => `${name}=https://${address}:2380`;
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

export const startTasks = [
    task("Start the control plane",
        `for part in ${parts.join(" ")}; do`,
        `    if [ -e ${stoppedManifests}/$part.yaml ]; then mv ${stoppedManifests}/$part.yaml ${manifests}/; fi`,
        `done`,
        `rm -rf ${stoppedManifests}`),
    ...healthTasks(180),
    task("Take away what was brought", `rm -rf ${brought} ${underWay}`),
];

/** Run on one of them: nodes that are none any more go, and the control plane's are told from others. */
export function forgetOthersTasks(nodes, members) {
    const names = nodes.map(({ name }) => `--regexp node/${name}`).join(" ");
    return [task("Have the cluster know today's nodes, and not the snapshot's",
        `{ kubectl get nodes --output name | grep --invert-match --line-regexp ${names} || true; } \\`,
        `    | xargs --no-run-if-empty kubectl delete --wait=false >/dev/null`,
        ...members.map(({ name }) => `kubectl label node ${name} --overwrite node-role.kubernetes.io/control-plane= >/dev/null`))];
}

/** Nodes that the snapshot doesn't know make themselves known only when their kubelet starts. */
export const kubeletTasks = [...lookTasks, task("Restart the kubelet", `if [ -e ${memberFile} ]; then systemctl restart kubelet; fi`)];

/** Run on the machine that begins a cluster, before kubeadm does: from a snapshot, if one was brought. */
export function beginTask(node) {
    return task("Begin from the snapshot that was brought, if one was",
        `if [ -e ${brought}/etcd.db ]; then`,
        `    (umask 077; mkdir -p /etc/kubernetes/pki; cp -r ${brought}/pki/. /etc/kubernetes/pki)`,
        `    chmod 0644 /etc/kubernetes/pki/{ca,front-proxy-ca,etcd/ca}.crt`,
        `    install -m 0600 ${brought}/encryption.json ${apiFiles.encryption}`,
        ...restoreLines(node, [node], { id: "landfall", revision: "$(date +%s)000" }).join("\n").split("\n").map(line => `    ${line}`),
        `fi`);
}

/** Run there as soon as the API answers: what were nodes are machines that join anew, or are gone. */
export function begunTask({ name }) {
    return task("Forget the nodes of the snapshot",
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
