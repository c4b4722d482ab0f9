import { type Fields, flag, list, text, time } from "../fields";
import { condition, created, heldSince, isDeleting, isTrue, nameOf } from "../objects";
import { type Finding, hour, kubectl, minute, type Rule, second, type Situation } from "../problem";

const patience = { ready: minute, first: 5 * minute, cordoned: hour };
/** How soon after its creation a node says for the first time whether it is ready. */
const joining = 10 * second;

/** Nodes that don't run pods as they should. */
export const nodeRules: Record<string, Rule> = {
    "node-ready": situation => situation.observed.nodes.flatMap(node => notReady(node, situation) ?? []),
    "node-pressure": situation => situation.observed.nodes.flatMap(node => underPressure(node)),
    "node-cordoned": situation => situation.observed.nodes.flatMap(node => cordoned(node, situation) ?? []),
};

function notReady(node: Fields, { observed, now }: Situation): Finding | undefined {
    const ready = condition(node, "Ready");
    const since = heldSince(node, ready);
    // A new node is ready once the images of its network plugin are there.
    const isNew = text(ready, "status") === "False" && since - created(node) < joining;
    if (isDeleting(node) || isTrue(ready) || now - since < (isNew ? patience.first : patience.ready)) return undefined;
    const all = observed.nodes.every(other => !isTrue(condition(other, "Ready")));
    const silent = text(ready, "status") === "Unknown" || ready === undefined;
    return {
        severity: all ? "outage" : "failing", kind: "Node", object: node, since,
        matter: silent ? "doesn't answer" : `isn't ready: ${text(ready, "message").slice(0, 200)}`,
        action: silent ? `Is the machine up, and its network? ${kubectl("describe", "node", node)}` : kubectl("describe", "node", node),
    };
}

/** Conditions that are trouble if they hold, and what helps. */
const pressures: Record<string, [matter: string, action: string]> = {
    DiskPressure: ["runs out of disk space and evicts pods", "Free space on its disk: images and logs take the most"],
    MemoryPressure: ["runs out of memory and evicts pods", "Add a node or memory, or lower the limits in the settings"],
    PIDPressure: ["runs out of process IDs and evicts pods", "See what runs on it"],
    NetworkUnavailable: ["has no network for pods", "See the pods of its network plugin: kubectl -n kube-system get pods -o wide"],
};

function underPressure(node: Fields): Finding[] {
    if (isDeleting(node)) return [];
    return Object.entries(pressures).flatMap(([type, [matter, action]]) => {
        const found = condition(node, type);
        if (!isTrue(found)) return [];
        const since = heldSince(node, found);
        return [{ severity: "failing" as const, kind: "Node", object: node, since, matter, action: `${action}: ${kubectl("describe", "node", node)}` }];
    });
}

/** An upgrade cordons nodes for a while, too, and so does an autoscaler before it removes them. */
function cordoned(node: Fields, { now }: Situation): Finding | undefined {
    const taint = list(node, "spec", "taints").find(each => text(each, "key") === "node.kubernetes.io/unschedulable");
    const leaving = list(node, "spec", "taints").some(each => /ToBeDeleted|DeletionCandidate|karpenter\.sh\/disrupt/.test(text(each, "key")));
    const since = time(taint, "timeAdded");
    if (!flag(node, "spec", "unschedulable") || isDeleting(node) || leaving) return undefined;
    const byUs = text(node, "metadata", "annotations", "landfall.dev/cordoned") !== "";
    if (since === undefined ? byUs : now - since < patience.cordoned) return undefined;
    return {
        severity: "risk", kind: "Node", object: node, since,
        matter: "is cordoned: it gets no new pods", action: `If the work on it is done: kubectl uncordon ${nameOf(node)}`,
    };
}
