// @ts-nocheck
// Brings one node to another version of Kubernetes, without a pod that is missed elsewhere.
import { uncordonTasks } from "./cordon";
import { etcdctl } from "./etcd";
import { asideFile, handOn } from "./hand-on";
import { bundleDirectory, programsFromBundle, programsFromRepository, repositories, runtimeTasks } from "./install";
import { controlPlaneTasks, readyTasks } from "./patch";
import { task } from "./script";

/** What a node is cordoned for meanwhile. */
export const reason = "upgrade";

/** Run on the node: its kubeadm, and with it the control plane's pods and the kubelet's configuration. */
export function upgradeTasks(cluster, node) {
    const { version, bundle, ignorePreflightErrors } = cluster;
    const ignored = ignorePreflightErrors.length > 0 ? ` --ignore-preflight-errors=${ignorePreflightErrors.join(",")}` : "";
    const log = ">/var/log/landfall-kubeadm.log 2>&1 || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }";
    return [
        task("Install the new kubeadm", bundle
            ? `install -m 0755 ${bundleDirectory}/bin/"$(dpkg --print-architecture)"/kubeadm /usr/bin/`
            : `${repositories(cluster)}\n${programsFromRepository(cluster, ["kubeadm"])}`),
        task("Upgrade what kubeadm has set up here", ...(node.role === "worker" ? [`kubeadm upgrade node${ignored} ${log}`] : [
            ...aside(cluster), // kubeadm restarts what it changes
            `running=$(kubectl get configmap kubeadm-config --namespace kube-system \\`,
            `    --output 'jsonpath={.data.ClusterConfiguration}' | awk '$1 == "kubernetesVersion:" { print $2 }')`,
            `if [ "$running" = ${version} ]; then`,
            `    kubeadm upgrade node${ignored} ${log}`,
            `else`,
            `    kubeadm upgrade apply --yes ${version}${ignored} ${log}`,
            `fi`,
        ])),
    ];
}

/** Until the script ends, others have what clients of a control-plane node would miss; its last word on failure stays. */
function aside({ controlPlanes, virtualAddress }) {
    if (controlPlanes.length === 1) return [];
    return [
        etcdctl,
        handOn(virtualAddress),
        `trap 'code=$?; rm -f ${asideFile}; [ "$code" -eq 0 ] || echo "landfall: failed: $task" >&2' EXIT`,
        `hand_on`,
        `hand_on_lead || true`,
    ];
}

/**
 * Run on the node once its pods have gone. A kubelet of another minor version makes the control plane's pods again; with
 * another container runtime pods go on, and the kubelet finds them.
 */
export function kubeletTasks(cluster, node) {
    const controlPlane = node.role === "control-plane";
    const handedOn = controlPlane ? aside(cluster) : [];
    return [
        ...(handedOn.length > 0 ? [task("Hand on what other nodes can have", ...handedOn)] : []),
        ...runtimeTasks(cluster),
        task("Install the new kubelet",
            cluster.bundle ? programsFromBundle : programsFromRepository(cluster),
            `systemctl restart kubelet`),
        ...(controlPlane ? [...readyTasks(node.name), ...controlPlaneTasks] : []),
    ];
}

/** Run on the control plane: waits until a node that was upgraded is as it should be. */
export function waitTasks(name, version) {
    return [task(`Wait until ${name} runs ${version}`,
        `kubectl wait node ${name} --for 'jsonpath={.status.nodeInfo.kubeletVersion}=${version}' --timeout 180s >/dev/null`,
        `kubectl wait node ${name} --for condition=Ready --timeout 180s >/dev/null`)];
}

/** Run on the control plane: lets pods come, also where an earlier run was interrupted; a new node has no pod network yet. */
export function backTasks(name, version) {
    return uncordonTasks(name, reason, waitTasks(name, version));
}

/** Run on the control plane: prints the version that a node runs, which is an older one than its files' after an interruption. */
export function versionTasks(name) {
    return [task(`Look which version ${name} runs`,
        `kubectl get node ${name} --output 'jsonpath={.status.nodeInfo.kubeletVersion}'`)];
}
