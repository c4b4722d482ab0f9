import * as fs from "node:fs";
import * as path from "node:path";

import { clusterDirectory, readRecord, removeIfEmpty, removeRecord } from "../scripts/home";
import { attempt, fail, type Outcome, run, waitUntil } from "../scripts/process";
import { sharedDirectory } from "./config";
import { removeKey } from "./encryption";

/** A container that is a node of a kind cluster. */
export interface KindNode {
    name: string;
    role: string;
    running: boolean;
    /** Whether `docker pause` froze it. Docker refuses to start it then. */
    paused: boolean;
    /** Milliseconds since 1970; NaN if Docker prints the time in a format that can't be parsed. */
    created: number;
}

const roleLabel = "io.x-k8s.kind.role";

/** Docker's format for one container a line: the fields of `KindNode`, separated by tabs. */
const nodeFormat = `{{.Names}}\t{{.Label "${roleLabel}"}}\t{{.State}}\t{{.CreatedAt}}`;

/** What to do about nodes that can't open another file. On macOS and Windows, the limit is one of Docker Desktop's own machine. */
export function inotifyHint(platform: NodeJS.Platform): string {
    if (platform !== "linux") {
        return "\nDocker Desktop's Linux has too few inotify instances or watches left. Restart Docker Desktop, or update it, and run it again.";
    }
    return "\nLinux allows its users too few inotify instances or watches. Allow more, and run it again:" +
        "\n  sudo sysctl fs.inotify.max_user_watches=524288\n  sudo sysctl fs.inotify.max_user_instances=512";
}

/** The cluster's nodes, the control plane first, whoever created them. */
export function listNodes(cluster: string): KindNode[] {
    return list(cluster);
}

/** Only Landfall's own nodes: those that have its directory for volumes, whether or not the cluster was completed. */
export function listOwnNodes(cluster: string): KindNode[] {
    return list(cluster, "--filter", `volume=${sharedDirectory}`);
}

function list(cluster: string, ...filters: string[]): KindNode[] {
    const label = `label=io.x-k8s.kind.cluster=${cluster}`;
    const problem = "Docker does not answer. Is it running, and may this user use it?";
    const listed = run(
        "docker", ["container", "ls", "--all", "--filter", label, ...filters, "--format", nodeFormat], { problem });
    return listed.split(/\r?\n/).filter(Boolean).map(parseNode)
        .sort((a, b) => a.role.localeCompare(b.role) || a.name.localeCompare(b.name));
}

function parseNode(line: string): KindNode {
    const [name, role, state, created] = line.split("\t");
    // "2026-01-31 12:00:00 +0000 UTC": the zone's name is not a standard one.
    return { name, role, running: state === "running", paused: state === "paused", created: Date.parse(created.split(" ").slice(0, 3).join(" ")) };
}

/** Starts the nodes that are stopped. Returns whether the API server answers. */
export function startNodes(nodes: KindNode[]): boolean {
    for (const { name, paused } of nodes.filter(node => !node.running)) {
        run("docker", ["container", paused ? "unpause" : "start", name], { problem: `The stopped node ${name} could not be started.` });
    }
    return waitForApi(nodes);
}

/** Returns whether the API server answers within two minutes. */
export function waitForApi(nodes: KindNode[]): boolean {
    return waitUntil(() => kubectl(nodes, "get", "--raw", "/readyz").ok, 120);
}

/**
 * Waits until Services and DNS work, because pods that start earlier fail and are restarted with growing delays. After two
 * minutes the program continues anyway: if something is wrong, its own resources report it.
 */
export function waitForSystem(nodes: KindNode[]): void {
    // A pod that is replaced meanwhile never becomes ready, so they are listed again after a few seconds.
    waitUntil(() => kubectl(nodes, "wait", "pod", "--all", "--namespace", "kube-system", "--for=condition=Ready", "--timeout=10s").ok, 120);
}

/**
 * Removes kind's provisioner and default class, whose volumes are lost with the cluster, before anything uses them. The
 * platform has its own. If the removal fails, kind's are merely idle.
 */
export function removeOwnStorage(nodes: KindNode[]): void {
    kubectl(nodes, "delete", "storageclass/standard", "namespace/local-path-storage",
        "clusterrole/local-path-provisioner-role", "clusterrolebinding/local-path-provisioner-bind",
        "--ignore-not-found", "--wait=false");
}

/** Runs kubectl on the control plane. */
function kubectl([controlPlane]: KindNode[], ...args: string[]): Outcome {
    return attempt("docker", ["exec", controlPlane.name, "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", ...args]);
}

/** Deletes the cluster that a stack created, complete or not. */
export function deleteOwnCluster(cluster: string, owner: string): void {
    const record = readRecord(cluster);
    if (record && record.owner !== owner) return;
    const nodes = listNodes(cluster);
    const areOthers = nodes.length > 0 && nodes.length !== listOwnNodes(cluster).length;
    if (nodes.length > 0 && !areOthers) deleteNodes(cluster);
    // Nodes that are left alone can't read their Secrets without it.
    if (!areOthers) removeKey(cluster);
    removeRecord(cluster);
}

export function deleteNodes(cluster: string): void {
    withoutKubeconfig(cluster, kubeconfig => {
        run("kind", ["delete", "cluster", "--name", cluster, "--kubeconfig", kubeconfig]);
    });
    if (listNodes(cluster).length > 0) fail(`kind did not delete all nodes of the cluster ${cluster}.`);
}

/** Gives kind a file to edit instead of the user's kubeconfig. The file is removed afterwards. */
export function withoutKubeconfig<T>(cluster: string, action: (kubeconfig: string) => T): T {
    // Next to the cluster's record, so that after an interruption the next run removes it.
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
