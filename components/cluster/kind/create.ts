// Creates the stack's cluster and prints its kubeconfig. Continues after an interrupted run, and never touches a cluster
// that belongs to someone else.
import * as fs from "node:fs";

import { type ClusterRecord, digest, readRecord, removeRecord, resolvePath, writeRecord } from "../scripts/home";
import { attempt, fail, lastLines, main, type Outcome, run, setting } from "../scripts/process";
import type { KindConfig } from "./config";
import { removeKey, withEncryption } from "./encryption";
import {
    deleteNodes, inotifyHint, type KindNode, listNodes, listOwnNodes, removeOwnStorage, startNodes, waitForApi, waitForSystem,
    withoutKubeconfig,
} from "./nodes";

const cluster = setting("CLUSTER_NAME");
const config = JSON.parse(setting("CLUSTER_CONFIG")) as KindConfig;
const record = {
    incarnation: setting("INCARNATION"),
    owner: setting("CLUSTER_OWNER"),
    digest: digest(setting("CLUSTER_CONFIG")),
};

/** kubeadm gives a new API server one minute to answer. A busy computer needs more. */
const timeouts = ["InitConfiguration", "JoinConfiguration"].map(kind =>
    JSON.stringify({ kind, timeouts: { controlPlaneComponentHealthCheck: "10m0s", kubernetesAPICall: "3m0s" } }));

void main(() => {
    const nodes = listNodes(cluster);
    if (nodes.length > 0) {
        const found = readRecord(cluster);
        refuseForeign(nodes, found);
        if (isComplete(nodes, found) && startNodes(nodes)) return kubeconfig();
        deleteNodes(cluster);
    }
    create();
    return kubeconfig();
});

function refuseForeign(nodes: KindNode[], found: ClusterRecord | undefined): asserts found is ClusterRecord {
    const instead = "Choose another name in landfall:cluster, for example " +
        `{ target: kind, name: ${cluster}-2 }, or delete it: kind delete cluster --name ${cluster}`;
    if (!found || listOwnNodes(cluster).length < nodes.length) {
        fail(`There is a kind cluster named ${cluster} that Landfall did not make; it is left alone. ${instead}`);
    }
    if (found.owner !== record.owner) {
        fail(`The kind cluster ${cluster} belongs to the stack ${found.owner}, not to ${record.owner}. ${instead}`);
    }
}

function isComplete(nodes: KindNode[], found: ClusterRecord): boolean {
    return found.ready && found.incarnation === record.incarnation && found.digest === record.digest
        && nodes.length === config.nodes.length;
}

function create(): void {
    writeRecord(cluster, { ...record, ready: false });
    for (const mount of config.nodes.flatMap(node => node.extraMounts)) {
        mount.hostPath = resolvePath(mount.hostPath);
        fs.mkdirSync(mount.hostPath, { recursive: true });
    }
    // --retain: if this run is killed, kind may fail later and must not remove what the next run is creating by then.
    const created = withoutKubeconfig(cluster, file => attempt("kind", [
        "create", "cluster", "--name", cluster, "--config", "-", "--kubeconfig", file, "--retain", "--wait", "120s",
    ], { input: JSON.stringify({ ...withEncryption(cluster, config), kubeadmConfigPatches: timeouts }) }));
    if (!created.ok || !waitForApi(listNodes(cluster))) {
        deleteNodes(cluster);
        removeKey(cluster);
        removeRecord(cluster);
        fail(`kind could not make the cluster ${cluster}.\n${lastLines(withoutTraces(created))}${hint(created.stderr)}`);
    }
    waitForSystem(listNodes(cluster));
    removeOwnStorage(listNodes(cluster));
    writeRecord(cluster, { ...record, ready: true });
}

/** kubeadm prints a stack trace after its error. */
function withoutTraces({ stderr, ...result }: Outcome): Outcome {
    return { ...result, stderr: stderr.replace(/^\S+\n\t\S+:\d+\n?/gm, "") };
}

function hint(output: string): string {
    if (/too many open files/i.test(output)) return inotifyHint(process.platform);
    if (!/port is already allocated|address already in use|ports are not available/.test(output)) return "";
    const ports = config.nodes[0].extraPortMappings?.map(mapping => mapping.hostPort).join(" or ");
    return `\nAnother program uses port ${ports} of this computer. Choose others in landfall:cluster, for example ` +
        "{ target: kind, http: 8081, https: 8444 }.";
}

function kubeconfig(): string {
    return run("kind", ["get", "kubeconfig", "--name", cluster]);
}
