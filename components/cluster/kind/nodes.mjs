// What the scripts of this directory know about a cluster's containers.
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { readRecord, removeRecord } from "../scripts/home.mjs";
import { attempt, fail, run, waitUntil } from "../scripts/process.mjs";

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

export function deleteNodes(cluster) {
    withoutKubeconfig(kubeconfig => {
        run("kind", ["delete", "cluster", "--name", cluster, "--kubeconfig", kubeconfig]);
    });
    if (listNodes(cluster).length > 0) fail(`kind did not delete all nodes of the cluster ${cluster}.`);
}

/** kind edits the user's kubeconfig, unless it is given another file; what it writes there is thrown away. */
export function withoutKubeconfig(action) {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-"));
    const kubeconfig = path.join(directory, "kubeconfig");
    fs.writeFileSync(kubeconfig, "", { mode: 0o600 });
    try {
        return action(kubeconfig);
    } finally {
        fs.rmSync(directory, { recursive: true, force: true });
    }
}
