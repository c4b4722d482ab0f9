// Runs when the program starts. Prints the incarnation of the stack's cluster if it is complete and configured as wanted,
// and starts it if it is stopped and may be started. Anything else is for create.ts, under a new incarnation.
import { X509Certificate } from "node:crypto";

import type { Found } from "../lookup";
import { digest, readRecord } from "../scripts/home";
import { attempt, fail, main, setting } from "../scripts/process";
import type { KindConfig } from "./config";
import { type KindNode, listOwnNodes, startNodes } from "./nodes";

const day = 86_400_000;

void main(() => JSON.stringify(status(setting("CLUSTER_NAME"), setting("CLUSTER_CONFIG"), setting("CLUSTER_OWNER"))));

function status(cluster: string, config: string, owner: string): Found {
    const record = readRecord(cluster);
    if (!record?.ready || record.owner !== owner || record.digest !== digest(config)) return {};
    const nodes = listOwnNodes(cluster);
    if (nodes.length !== (JSON.parse(config) as KindConfig).nodes.length) return {};
    const started = nodes.some(node => !node.running) && setting("MAY_START") === "true";
    if (started && !startNodes(nodes)) {
        fail(`The cluster ${cluster} was stopped and does not start again. Look at the logs of its nodes with ` +
            `\`docker logs\`, or delete it, and the next run creates a new one: kind delete cluster --name ${cluster}`);
    }
    const [controlPlane] = nodes;
    const warnings = controlPlane.running || started ? expiry(cluster, controlPlane) : undefined;
    return { incarnation: record.incarnation, started, warnings };
}

/** kind's certificates are valid for a year and not renewed. Then the cluster can't be reached any more. */
function expiry(cluster: string, controlPlane: KindNode): string[] | undefined {
    // Reading the certificate takes longer than all else here, so it isn't read while it is certainly valid.
    if (Date.now() - controlPlane.created < 300 * day) return undefined;
    const { ok, stdout } = attempt("docker", ["exec", controlPlane.name, "cat", "/etc/kubernetes/pki/apiserver.crt"]);
    if (!ok) return undefined;
    const days = Math.floor((Date.parse(new X509Certificate(stdout).validTo) - Date.now()) / day);
    if (days >= 60) return undefined;
    const end = days < 0 ? "have expired" : `expire in ${days} days`;
    return [`The certificates of the cluster ${cluster} ${end}, and nothing renews them. Create the cluster again: ` +
        `kind delete cluster --name ${cluster}, then npm start. Its volumes are kept.`];
}
