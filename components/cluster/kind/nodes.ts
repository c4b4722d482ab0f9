// @ts-nocheck
// What the scripts of this directory know about a cluster's containers.
import * as fs from "node:fs";
import * as path from "node:path";

import { clusterDirectory, readRecord, removeIfEmpty, removeRecord } from "../scripts/home";
import { attempt, fail, run, waitUntil } from "../scripts/process";

/** Mounted into every node of ours and of nobody else's: by it they are known, whoever stopped half-way. */
const mark = "/var/landfall/volumes";

/** The cluster's containers, the control plane first: `name`, `running`, and whether it is `ours`. */
export function listNodes(cluster) {
    const label = `label=io.x-k8s.kind.cluster=${cluster}`;
    const problem = "Docker does not answer. Is it running, and may this user use it?";
    const listed = run("docker", ["container", "ls", "--all", "--quiet", "--filter", label], { problem });
    const ids = listed.split("\n").filter(Boolean);
    if (ids.length === 0) return [];
    const inspected = JSON.parse(run("docker", ["container", "inspect", ...ids]));
    return inspected.map(describe).sort((a, b) => a.role.localeCompare(b.role) || a.name.localeCompare(b.name));
}

function describe({ Name, State, Mounts, Config }) {
    return {
        name: Name.replace(/^\//, ""),
        role: Config.Labels["io.x-k8s.kind.role"] ?? "",
        running: State.Running,
        ours: Mounts.some(mount => mount.Destination === mark),
    };
}

/** Starts the nodes that are stopped, and waits for the API; tells whether it answers. */
export function startNodes(nodes) {
    for (const { name } of nodes.filter(node => !node.running)) {
        run("docker", ["container", "start", name], { problem: `The stopped node ${name} could not be started.` });
    }
    return waitForApi(nodes);
}

export function waitForApi(nodes) {
    const ready = ["kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", "get", "--raw", "/readyz"];
    return waitUntil(() => attempt("docker", ["exec", nodes[0].name, ...ready]).ok, 120);
}

/** Deletes what a stack has made of its cluster, whole or not. */
export function deleteOwnCluster(cluster, owner) {
    const record = readRecord(cluster);
    if (record && record.owner !== owner) return;
    const nodes = listNodes(cluster);
    if (nodes.length > 0 && nodes.every(node => node.ours)) deleteNodes(cluster);
    removeRecord(cluster);
}

/**
 * Waits until Services and DNS work: pods that start earlier fail, and are started again with growing delays. Where it
 * takes longer than two minutes, the program's own waiting says what is wrong.
 */
export function waitForSystem(nodes) {
    const ready = ["wait", "pod", "--all", "--namespace", "kube-system", "--for=condition=Ready", "--timeout=120s"];
    attempt("docker", ["exec", nodes[0].name, "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", ...ready]);
}

/**
 * kind brings a provisioner and a default class, whose volumes end with the cluster. The platform has its own, so a new
 * cluster loses kind's before anything can use it; where that fails, it is only idle.
 */
export function removeOwnStorage(nodes) {
    const own = [
        "storageclass/standard", "namespace/local-path-storage",
        "clusterrole/local-path-provisioner-role", "clusterrolebinding/local-path-provisioner-bind",
    ];
    attempt("docker", ["exec", nodes[0].name, "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf",
        "delete", ...own, "--ignore-not-found", "--wait=false"]);
}

export function deleteNodes(cluster) {
    withoutKubeconfig(cluster, kubeconfig => {
        run("kind", ["delete", "cluster", "--name", cluster, "--kubeconfig", kubeconfig]);
    });
    if (listNodes(cluster).length > 0) fail(`kind did not delete all nodes of the cluster ${cluster}.`);
}

/** kind edits the user's kubeconfig, unless it is given another file; what it writes there is thrown away. */
export function withoutKubeconfig(cluster, action) {
    // Beside what is known of the cluster, where the next run finds and removes it if this one is ended.
    const directory = path.join(clusterDirectory(cluster), "kind");
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    const kubeconfig = path.join(directory, "kubeconfig");
    fs.writeFileSync(kubeconfig, "", { mode: 0o600 });
    try {
        return action(kubeconfig);
    } finally {
        fs.rmSync(directory, { recursive: true, force: true });
        removeIfEmpty(clusterDirectory(cluster));
    }
}
