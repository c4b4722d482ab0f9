// @ts-nocheck
// Makes the stack's cluster and prints its kubeconfig. Picks up where an interrupted run left off, and leaves a
// cluster that belongs to someone else alone.
import * as fs from "node:fs";

import { digest, readRecord, removeRecord, resolvePath, writeRecord } from "../scripts/home";
import { attempt, fail, lastLines, main, run, setting } from "../scripts/process";
import { deleteNodes, listNodes, removeOwnStorage, startNodes, waitForApi, waitForSystem, withoutKubeconfig } from "./nodes";

const cluster = setting("CLUSTER_NAME");
const config = JSON.parse(setting("CLUSTER_CONFIG"));
const record = {
    incarnation: setting("INCARNATION"),
    owner: setting("CLUSTER_OWNER"),
    digest: digest(setting("CLUSTER_CONFIG")),
};

/** kubeadm gives a new API server one minute to answer; a computer that is busy with other things needs more. */
const patience = ["InitConfiguration", "JoinConfiguration"].map(kind =>
    JSON.stringify({ kind, timeouts: { controlPlaneComponentHealthCheck: "10m0s", kubernetesAPICall: "3m0s" } }));

void main(() => {
    const nodes = listNodes(cluster);
    if (nodes.length > 0) {
        const found = readRecord(cluster);
        refuseForeign(nodes, found);
        if (isWhole(nodes, found) && startNodes(nodes)) return kubeconfig();
        deleteNodes(cluster);
    }
    create();
    return kubeconfig();
});

function refuseForeign(nodes, found) {
    const instead = "Choose another name by landfall:cluster, for example " +
        `{ target: kind, name: ${cluster}-2 }, or delete it: kind delete cluster --name ${cluster}`;
    if (!found || !nodes.every(node => node.ours)) {
        fail(`There is a kind cluster named ${cluster} that Landfall did not make; it is left alone. ${instead}`);
    }
    if (found.owner !== record.owner) {
        fail(`The kind cluster ${cluster} belongs to the stack ${found.owner}, not to ${record.owner}. ${instead}`);
    }
}

function isWhole(nodes, found) {
    return found.ready && found.incarnation === record.incarnation && found.digest === record.digest
        && nodes.length === config.nodes.length;
}

function create() {
    writeRecord(cluster, { ...record, ready: false });
    for (const mount of config.nodes.flatMap(node => node.extraMounts)) {
        mount.hostPath = resolvePath(mount.hostPath);
        fs.mkdirSync(mount.hostPath, { recursive: true });
    }
    // --retain: a kind whose run was ended mustn't remove, on its own failure, what the next run makes meanwhile.
    const created = withoutKubeconfig(cluster, file => attempt("kind", [
        "create", "cluster", "--name", cluster, "--config", "-", "--kubeconfig", file, "--retain", "--wait", "120s",
    ], { input: JSON.stringify({ ...config, kubeadmConfigPatches: patience }) }));
    if (!created.ok || !waitForApi(listNodes(cluster))) {
        deleteNodes(cluster);
        removeRecord(cluster);
        fail(`kind could not make the cluster ${cluster}.\n${lastLines(withoutTraces(created))}${hint(created.stderr)}`);
    }
    waitForSystem(listNodes(cluster));
    removeOwnStorage(listNodes(cluster));
    writeRecord(cluster, { ...record, ready: true });
}

/** kubeadm prints where in its code it failed, after what failed. */
function withoutTraces({ stderr, ...result }) {
    return { ...result, stderr: stderr.replace(/^\S+\n\t\S+:\d+\n?/gm, "") };
}

function hint(output) {
    if (/too many open files/i.test(output)) {
        return "\nLinux allows its users too few inotify instances or watches. Allow more, and run it again:" +
            "\n  sudo sysctl fs.inotify.max_user_watches=524288\n  sudo sysctl fs.inotify.max_user_instances=512";
    }
    if (!/port is already allocated|address already in use|ports are not available/.test(output)) return "";
    const ports = config.nodes[0].extraPortMappings.map(mapping => mapping.hostPort).join(" or ");
    return `\nAnother program uses port ${ports} of this computer. Choose others by landfall:cluster, for example ` +
        "{ target: kind, http: 8081, https: 8444 }.";
}

function kubeconfig() {
    return run("kind", ["get", "kubeconfig", "--name", cluster]);
}
