// Turns prepared machines into nodes: the first creates the cluster, the others join it. Then records the new node in
// the cluster, and creates the directories of its lost volumes on it.
import type { ClusterFacts, NodeFacts } from "../program/facts";
import { addressLabel } from "./certificates";
import { firstKeyTask } from "./encryption";
import {
    apiFiles, auditPolicy, authentication, initConfig, type InitFacts, joinConfig, type JoinFacts, memberFile,
} from "./kubeadm";
import { beginTask, begunTask } from "./restore";
import { shellQuote, type Task, task, writeFile } from "./script";

/** A node, with the ID that it gets each time its machine is set up. */
type JoiningNode = Pick<NodeFacts, "name" | "role" | "address"> & { incarnation: string };

/** Removes what an interrupted run has left, because kubeadm can't continue from it. */
export const cleanTask = task("Remove what an interrupted run has left",
    `rm -f ${memberFile}`,
    `if [ -e /etc/kubernetes/kubelet.conf ] || [ -n "$(ls /etc/kubernetes/manifests 2>/dev/null)" ]; then`,
    `    kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock >/dev/null 2>&1`,
    `fi`,
    `rm -rf /etc/kubernetes/{admin,super-admin,kubelet,bootstrap-kubelet,controller-manager,scheduler}.conf /etc/kubernetes/pki /var/lib/etcd`);

const apiServerFiles = task("Write the API server's audit policy and authentication",
    `changed=`,
    `install -d -m 0700 /etc/kubernetes/landfall`,
    `install -d -m 0700 /var/log/kubernetes`,
    writeFile(apiFiles.audit, JSON.stringify(auditPolicy, undefined, 2), { mode: "0600" }),
    writeFile(apiFiles.authentication, JSON.stringify(authentication, undefined, 2), { mode: "0600" }));

/** Creates the cluster on its first node, unless the machine is a member already. */
export function initTasks(cluster: InitFacts, node: JoiningNode): Task[] {
    return [
        membershipProbe(node.incarnation),
        cleanTask,
        apiServerFiles,
        beginTask(node),
        firstKeyTask,
        task("Write kubeadm's configuration",
            `changed=`,
            writeFile("/etc/kubernetes/landfall/kubeadm.yaml", initConfig(cluster, node), { mode: "0600" })),
        task("Create the cluster (kubeadm init)",
            `kubeadm init --config /etc/kubernetes/landfall/kubeadm.yaml --skip-token-print \\`,
            `    --ignore-preflight-errors DirAvailable--var-lib-etcd >/var/log/landfall-kubeadm.log 2>&1 \\`,
            `    || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }`),
        begunTask(node),
        memberTask(node),
    ];
}

/**
 * Runs on a control-plane node: creates what one join needs. Prints a token and the CA's certificate in one line, and for
 * a new control-plane node the keys that all of them share.
 */
export function mintTasks({ role }: Pick<NodeFacts, "role">): Task[] {
    return [task("Create a join token",
        `token=$(kubeadm token create --ttl 10m 2>/dev/null)`,
        `printf '%s %s' "$token" "$(base64 --wrap=0 /etc/kubernetes/pki/ca.crt)"`,
        role !== "control-plane" ? [] : [
            `cd /etc/kubernetes`,
            `printf ' %s' "$(tar -cz pki/ca.* pki/sa.* pki/front-proxy-ca.* pki/etcd/ca.* landfall/encryption.json | base64 --wrap=0)"`,
        ])];
}

/** Deletes the token after the join. Needs the value TOKEN. */
export const revokeTasks = [task("Delete the join token", `kubeadm token delete "\${TOKEN%%.*}" >/dev/null`)];

/** Joins a clean machine to the cluster. Needs the values TOKEN, AUTHORITY and, for the control plane, KEYS. */
export function joinTasks(cluster: JoinFacts & Pick<ClusterFacts, "endpoint">, node: JoiningNode): Task[] {
    const controlPlane = node.role === "control-plane";
    return [
        ...(controlPlane ? [apiServerFiles, task("Unpack the control plane's keys",
            `(umask 077; base64 --decode <<<"$KEYS" | tar -xz -C /etc/kubernetes --no-same-owner)`)] : []),
        task("Write kubeadm's configuration",
            `changed=`,
            `(umask 077; mkdir -p /run/landfall)`,
            `trap 'code=$?; rm -f /run/landfall/discovery.conf; [ "$code" -eq 0 ] || echo "landfall: failed: $task" >&2' EXIT`,
            `(umask 077; cat > /run/landfall/discovery.conf <<LANDFALL_END`,
            JSON.stringify(discovery(cluster), undefined, 2),
            `LANDFALL_END`,
            `)`,
            writeFile("/etc/kubernetes/landfall-join.yaml", joinConfig(cluster, node), { mode: "0600" })),
        task("Join the cluster (kubeadm join)",
            `kubeadm join --config /etc/kubernetes/landfall-join.yaml >/var/log/landfall-kubeadm.log 2>&1 \\`,
            `    || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }`),
        memberTask(node),
    ];
}

/** The kubeconfig by which kubeadm finds and trusts the cluster. Bash fills in the values. */
function discovery({ endpoint }: Pick<ClusterFacts, "endpoint">) {
    return {
        apiVersion: "v1",
        kind: "Config",
        "current-context": "join",
        contexts: [{ name: "join", context: { cluster: "join", user: "join" } }],
        clusters: [{ name: "join", cluster: { server: `https://${endpoint}`, "certificate-authority-data": "$AUTHORITY" } }],
        users: [{ name: "join", user: { token: "$TOKEN" } }],
    };
}

function memberTask({ incarnation }: JoiningNode): Task {
    return task("Record that the machine is a member", `echo ${incarnation} > ${memberFile}`);
}

/** Control-plane nodes run other pods only if there are no workers. */
export function scheduleTasks({ tainted }: Pick<ClusterFacts, "tainted">, node: Pick<NodeFacts, "name">): Task[] {
    const taint = "node-role.kubernetes.io/control-plane:NoSchedule";
    return [task("Allow or forbid pods on the control plane",
        tainted ? `kubectl taint node ${node.name} ${taint} --overwrite >/dev/null`
            : `kubectl taint node ${node.name} ${taint}- >/dev/null 2>&1 || true`)];
}

/** Ends the script if the machine is a member with this incarnation. */
function membershipProbe(incarnation: string): Task {
    return task("Check whether the machine is a member",
        // An unreadable file must fail here: the machine would be reset as if it weren't a member.
        `member=`,
        `if [ -e ${memberFile} ]; then member=$(cat ${memberFile}); fi`,
        `if [ "$member" = ${incarnation} ]; then exit 0; fi`);
}

/** The annotation with a node's incarnation, which status.ts reads from the API if the node doesn't answer. */
const annotation = "landfall.dev/incarnation";

/** Runs on a control-plane node: labels and annotates a new node. */
export function rememberTasks(node: JoiningNode): Task[] {
    return [task("Record the node's address and incarnation in the cluster",
        `kubectl wait node ${node.name} --for create --timeout 60s >/dev/null`,
        `kubectl label node ${node.name} --overwrite ${addressLabel}=${node.address} >/dev/null`,
        `kubectl annotate node ${node.name} --overwrite ${annotation}=${node.incarnation} >/dev/null`)];
}

const volume = "{.spec.hostPath.path}{.spec.local.path}";
const homes = "{.spec.nodeAffinity.required.nodeSelectorTerms[*].matchExpressions[*].values[*]}";

/** Runs on a control-plane node: prints the directories of the volumes that pods on this node can use. */
export function volumesTasks(
    { volumesDirectory }: Pick<ClusterFacts, "volumesDirectory">, { name }: Pick<NodeFacts, "name">,
): Task[] {
    return [task(`List the volumes of ${name}`,
        `kubectl get persistentvolumes --output 'jsonpath={range .items[*]}${volume} ${homes}{"\\n"}{end}' \\`,
        `    | awk '$1 ~ "^${volumesDirectory}/" && (NF == 1 || $2 == "${name}") { print $1 }'`)];
}

/**
 * Runs on the machine: creates the directories of volumes that were lost with an earlier machine. Those that the kubelet
 * creates are writable only by root, so this also changes empty ones. The group is part of the name
 * (components/platform/storage.ts).
 */
export function emptyVolumesTasks(directories: string[]): Task[] {
    return [task("Create the directories of lost volumes",
        `for directory in ${directories.map(shellQuote).join(" ")}; do`,
        `    mkdir -p "$directory"`,
        `    [ -z "$(ls -A "$directory")" ] || continue`,
        `    group=$(sed -nE 's/.*_([0-9]+)_[^_]*$/\\1/p' <<<"$directory")`,
        `    if [ -n "$group" ] && chgrp "$group" "$directory"; then chmod 0770 "$directory"; else chmod 0777 "$directory"; fi`,
        `    chmod 0700 "$(dirname "$directory")"`,
        `done`)];
}
