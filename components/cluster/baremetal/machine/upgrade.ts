// Upgrades one node to another version of Kubernetes.
import type { ClusterFacts, NodeFacts } from "../program/facts";
import { type RuntimeFacts, runtimeTasks } from "./container-runtime";
import { controlPlaneTasks, handOnLines } from "./control-plane";
import { readyTasks, uncordonTasks } from "./drain";
import { bundleDirectory, programsFromBundle, programsFromRepository, repositories } from "./packages";
import { given, type Task, task } from "./script";

/** What an upgrade depends on. Workers don't need the control plane's part, machines with a bundle no repositories. */
type UpgradeFacts = Pick<ClusterFacts, "version" | "ignorePreflightErrors" | "virtualAddress" | "controlPlanes"> &
    Partial<Pick<ClusterFacts, "repositories">> & RuntimeFacts;

type UpgradedNode = Pick<NodeFacts, "name" | "role">;

/** Why a node is cordoned during an upgrade. */
export const reason = "upgrade";

/** Runs on the node: upgrades kubeadm, and with it the control plane's pods and the kubelet's configuration. */
export function upgradeTasks(cluster: UpgradeFacts, node: UpgradedNode): Task[] {
    const { version, bundle, ignorePreflightErrors } = cluster;
    const ignored = ignorePreflightErrors.length > 0 ? ` --ignore-preflight-errors=${ignorePreflightErrors.join(",")}` : "";
    const log = ">/var/log/landfall-kubeadm.log 2>&1 || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }";
    return [
        task("Install the new kubeadm", bundle
            ? `install -m 0755 ${bundleDirectory}/bin/"$(dpkg --print-architecture)"/kubeadm /usr/bin/`
            : [
                repositories({ version, repositories: given(cluster.repositories, "repositories") }),
                programsFromRepository(cluster, ["kubeadm"]),
            ].join("\n")),
        task("Upgrade the node (kubeadm upgrade)", ...(node.role === "worker" ? [`kubeadm upgrade node${ignored} ${log}`] : [
            ...handOnLines(cluster), // kubeadm restarts what it changes
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

/**
 * Runs on the drained node. A kubelet of another minor version recreates the control plane's pods. Another container
 * runtime keeps them running.
 */
export function kubeletTasks(cluster: UpgradeFacts, node: UpgradedNode): Task[] {
    const controlPlane = node.role === "control-plane";
    const handedOn = controlPlane ? handOnLines(cluster) : [];
    return [
        ...(handedOn.length > 0 ? [task("Hand over the API's address and etcd's leadership", ...handedOn)] : []),
        ...runtimeTasks(cluster),
        task("Install the new kubelet",
            cluster.bundle ? programsFromBundle : programsFromRepository(cluster),
            `systemctl restart kubelet`),
        ...(controlPlane ? [...readyTasks(node.name), ...controlPlaneTasks] : []),
    ];
}

/** Runs on a control-plane node: waits until an upgraded node is ready and reports its new version. */
export function waitTasks(name: string, version: string): Task[] {
    return [task(`Wait until ${name} runs ${version}`,
        `kubectl wait node ${name} --for 'jsonpath={.status.nodeInfo.kubeletVersion}=${version}' --timeout 180s >/dev/null`,
        `kubectl wait node ${name} --for condition=Ready --timeout 180s >/dev/null`)];
}

/**
 * Runs on a control-plane node: if an upgrade has cordoned the node, waits for it and uncordons it, even after an
 * interruption. Other nodes aren't waited for: a new node isn't ready before it has a pod network.
 */
export function backTasks(name: string, version: string): Task[] {
    return uncordonTasks(name, reason, waitTasks(name, version));
}

/** Runs on a control-plane node: prints the version that a node runs. After an interruption, its files may be newer. */
export function versionTasks(name: string): Task[] {
    return [task(`Check which version ${name} runs`,
        `kubectl get node ${name} --output 'jsonpath={.status.nodeInfo.kubeletVersion}'`)];
}
