// @ts-nocheck
// Makes machines that are ready into nodes: the first begins the cluster, the others join it.
import { encryptionConfig } from "../operator/keys";
import { apiFiles, auditPolicy, authentication, initConfig, joinConfig } from "./kubeadm";
import { memberFile, membershipProbe } from "./member";
import { beginTask, begunTask } from "./recover";
import { task, writeFile } from "./script";

/** What an interrupted run has begun here can't be gone on with: kubeadm begins anew. */
export const cleanTask = task("Take away what an interrupted run has left",
    `rm -f ${memberFile}`,
    `if [ -e /etc/kubernetes/kubelet.conf ] || [ -n "$(ls /etc/kubernetes/manifests 2>/dev/null)" ]; then`,
    `    kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock >/dev/null 2>&1`,
    `fi`,
    `rm -rf /etc/kubernetes/{admin,super-admin,kubelet,bootstrap-kubelet,controller-manager,scheduler}.conf /etc/kubernetes/pki /var/lib/etcd`);

const apiServerFiles = task("Write the API server's audit policy and who may ask without a name",
    `changed=`,
    `install -d -m 0700 /etc/kubernetes/landfall`,
    `install -d -m 0700 /var/log/kubernetes`,
    writeFile(apiFiles.audit, JSON.stringify(auditPolicy, undefined, 2), { mode: "0600" }),
    writeFile(apiFiles.authentication, JSON.stringify(authentication, undefined, 2), { mode: "0600" }));

/** Begins the cluster on its first node. */
export function initTasks(cluster, node) {
    return [
        membershipProbe(node.incarnation),
        cleanTask,
        apiServerFiles,
        beginTask(node),
        task("Make the key that encrypts secrets at rest",
            `if [ ! -e ${apiFiles.encryption} ]; then`,
            `    key=$(head -c 32 /dev/urandom | base64 --wrap=0)`,
            `    (umask 077; cat > ${apiFiles.encryption} <<LANDFALL_END`,
            // The value is the shell's to fill in: it never leaves the control-plane nodes.
            JSON.stringify(encryptionConfig([{ name: "key1", secret: "$key" }]), undefined, 2),
            `LANDFALL_END`,
            `    )`,
            `fi`),
        task("Write kubeadm's configuration",
            `changed=`,
            writeFile("/etc/kubernetes/landfall/kubeadm.yaml", initConfig(cluster, node), { mode: "0600" })),
        task("Begin the cluster (kubeadm init)",
            `kubeadm init --config /etc/kubernetes/landfall/kubeadm.yaml --skip-token-print \\`,
            `    --ignore-preflight-errors DirAvailable--var-lib-etcd >/var/log/landfall-kubeadm.log 2>&1 \\`,
            `    || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }`),
        begunTask(node),
        memberTask(node),
    ];
}

/**
 * Mints what one join needs, on a node of the control plane: prints a token and the authority as one line, and for a new
 * control-plane node the keys that all of them share.
 */
export function mintTasks({ role }) {
    return [task("Mint a join token",
        `token=$(kubeadm token create --ttl 10m 2>/dev/null)`,
        `printf '%s %s' "$token" "$(base64 --wrap=0 /etc/kubernetes/pki/ca.crt)"`,
        role !== "control-plane" ? [] : [
            `cd /etc/kubernetes`,
            `printf ' %s' "$(tar -cz pki/ca.* pki/sa.* pki/front-proxy-ca.* pki/etcd/ca.* landfall/encryption.json | base64 --wrap=0)"`,
        ])];
}

/** Ends what was minted, as soon as it has been used. */
export const revokeTasks = [task("Revoke the join token", `kubeadm token delete "\${TOKEN%%.*}" >/dev/null`)];

/** Joins the cluster, on a clean machine. Expects the values TOKEN, AUTHORITY and, for the control plane, KEYS. */
export function joinTasks(cluster, node) {
    const controlPlane = node.role === "control-plane";
    return [
        ...(controlPlane ? [apiServerFiles, task("Take over the control plane's keys",
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

function discovery({ endpoint }) {
    return {
        apiVersion: "v1",
        kind: "Config",
        "current-context": "join",
        contexts: [{ name: "join", context: { cluster: "join", user: "join" } }],
        clusters: [{ name: "join", cluster: { server: `https://${endpoint}`, "certificate-authority-data": "$AUTHORITY" } }],
        users: [{ name: "join", user: { token: "$TOKEN" } }],
    };
}

function memberTask({ incarnation }) {
    return task("Remember that the machine is a member", `echo ${incarnation} > ${memberFile}`);
}

/** Whether the control plane's nodes take pods depends on whether there are workers. */
export function scheduleTasks({ tainted }, node) {
    const taint = "node-role.kubernetes.io/control-plane:NoSchedule";
    return [task("Say whether pods may run on the control plane",
        tainted ? `kubectl taint node ${node.name} ${taint} --overwrite >/dev/null`
            : `kubectl taint node ${node.name} ${taint}- >/dev/null 2>&1 || true`)];
}
