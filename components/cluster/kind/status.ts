// @ts-nocheck
// Run at program start: prints which incarnation of the stack's cluster is on this computer, if it is whole and as
// configured, and starts it where it is stopped, if it may. All else is left to create.ts, under a new incarnation.
import { X509Certificate } from "node:crypto";

import { digest, readRecord } from "../scripts/home";
import { attempt, fail, main, setting } from "../scripts/process";
import { listNodes, startNodes } from "./nodes";

void main(() => JSON.stringify(status(setting("CLUSTER_NAME"), setting("CLUSTER_CONFIG"), setting("CLUSTER_OWNER"))));

function status(cluster, config, owner) {
    const record = readRecord(cluster);
    if (!record?.ready || record.owner !== owner || record.digest !== digest(config)) return {};
    const nodes = listNodes(cluster);
    if (nodes.length !== JSON.parse(config).nodes.length || !nodes.every(node => node.ours)) return {};
    const started = nodes.some(node => !node.running) && setting("MAY_START") === "true";
    if (started && !startNodes(nodes)) {
        fail(`The cluster ${cluster} was stopped and does not come up again. Look at its nodes by \`docker logs\`, ` +
            `or have it made anew: kind delete cluster --name ${cluster}`);
    }
    return { incarnation: record.incarnation, started, ...(nodes[0].running || started ? expiry(cluster, nodes[0].name) : {}) };
}

/** kind has its certificates signed for a year, and nobody renews them: after it, nothing reaches the cluster. */
function expiry(cluster, controlPlane) {
    const { ok, stdout } = attempt("docker", ["exec", controlPlane, "cat", "/etc/kubernetes/pki/apiserver.crt"]);
    if (!ok) return {};
    const days = Math.floor((Date.parse(new X509Certificate(stdout).validTo) - Date.now()) / 86_400_000);
    const again = `Make it again: kind delete cluster --name ${cluster}, then npm start. Its volumes stay.`;
    const end = days < 0 ? "have ended" : `end in ${days} days`;
    return days < 60 ? { warnings: [`The certificates of the cluster ${cluster} ${end}, and nobody renews them. ${again}`] } : {};
}
