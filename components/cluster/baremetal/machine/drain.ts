// Cordons and drains a node before work on it, waits until it is back, and uncordons it. All of this runs on a control-plane
// node.
import { drainPatience } from "../../drain";
import { type Task, task } from "./script";

/**
 * Records that Landfall cordoned a node, and why. A run after an interrupted one can then uncordon it, and a node that a
 * person has cordoned stays cordoned.
 */
const annotation = "landfall.dev/cordoned";

/** Cordons a node. `reason` is one word. */
export function cordonTasks(name: string, reason: string): Task[] {
    return [task(`Cordon ${name}`,
        readMark(name),
        `cordoned=$(kubectl get node ${name} --output 'jsonpath={.spec.unschedulable}')`,
        `if [ -n "$mark" ] || [ "$cordoned" != true ]; then`,
        `    kubectl annotate node ${name} --overwrite ${annotation}=${reason} >/dev/null`,
        `    kubectl cordon ${name} >/dev/null`,
        `fi`)];
}

/** Uncordons a node if it was cordoned for this reason, after the tasks `between`. */
export function uncordonTasks(name: string, reason: string, between: Task[] = []): Task[] {
    return [
        task(`Check whether ${name} was cordoned for this`,
            readMark(name),
            `if [ "$mark" != ${reason} ]; then exit 0; fi`),
        ...between,
        task(`Uncordon ${name}`,
            `kubectl uncordon ${name} >/dev/null`,
            `kubectl annotate node ${name} ${annotation}- >/dev/null`),
    ];
}

function readMark(name: string): string {
    return `mark=$(kubectl get node ${name} --output 'jsonpath={.metadata.annotations.landfall\\.dev/cordoned}')`;
}

/** Label of pods that a drain leaves in place. */
const stays = "landfall.dev/stays";

/**
 * Drains a node if it `answers`, within its pods' PodDisruptionBudgets. With `homebound`, pods whose volume is on the
 * machine's own disk stay, because they can run nowhere else.
 */
export function drainTasks(
    name: string, { answers, homebound = false }: { answers: boolean; homebound?: boolean },
): Task[] {
    return [
        ...(homebound ? [homeboundTask(name)] : []),
        task(`Drain ${name}`,
            `found=$(kubectl get node ${name} --ignore-not-found --output name)`,
            `[ -n "$found" ] || exit 0`,
            `kubectl cordon ${name} >/dev/null`,
            ...(answers ? drain(name, homebound)
                : [`echo "${name} does not answer: its pods are not drained." >&2`])),
    ];
}

function homeboundTask(name: string): Task {
    const columns = (...paths: string[]) => `jsonpath={range .items[*]}${paths.map(path => `{${path}}`).join(" ")}{"\\n"}{end}`;
    const hosts = ".spec.nodeAffinity.required.nodeSelectorTerms[*].matchExpressions[*].values[*]";
    const claims = ".spec.volumes[*].persistentVolumeClaim.claimName";
    return task(`Mark the pods that can only run on ${name}`,
        `own=$(kubectl get persistentvolumes \\`,
        `    --output '${columns(".spec.claimRef.namespace", ".spec.claimRef.name", hosts)}' \\`,
        `    | awk 'NF == 3 && $3 == "${name}" { print $1 "/" $2 }')`,
        `kubectl get pods --all-namespaces --field-selector spec.nodeName=${name} \\`,
        `    --output '${columns(".metadata.namespace", ".metadata.name", claims)}' \\`,
        `    | while read -r namespace pod claims; do`,
        `        for claim in $claims; do`,
        `            grep -qxF "$namespace/$claim" <<<"$own" || continue`,
        `            kubectl label pod "$pod" --namespace "$namespace" --overwrite ${stays}=true >/dev/null </dev/null`,
        `        done`,
        `    done`);
}

/**
 * Pods say themselves how long they may wait for their slowest client: 20 minutes for an upload of 64 MiB. kubectl names the
 * pods that it can't evict, but not the PodDisruptionBudgets that forbid it. So these lines add them.
 */
function drain(name: string, homebound: boolean): string[] {
    return [
        `seconds=$(kubectl get pods --all-namespaces --field-selector spec.nodeName=${name} \\`,
        `    --output 'jsonpath={range .items[*]}{.spec.terminationGracePeriodSeconds}{"\\n"}{end}' \\`,
        `    | awk '{ if ($1 + ${drainPatience.more} > most) most = $1 + ${drainPatience.more} }`,
        `        END { print (most > ${drainPatience.least} ? most : ${drainPatience.least}) }')`,
        `said=$(kubectl drain ${name} --ignore-daemonsets --delete-emptydir-data --timeout="$seconds"s` +
            `${homebound ? ` \\\n    --pod-selector '!${stays}'` : ""} 2>&1 >/dev/null) || {`,
        `    tail -n 5 <<<"$said" >&2`,
        `    sed -nE 's|.*evicting pods/"([^"]*)" -n "([^"]*)".*disruption budget.*|\\2 \\1|p' <<<"$said" | sort -u \\`,
        `    | while read -r namespace pod; do`,
        `        budgets=$(kubectl get poddisruptionbudgets --namespace "$namespace" \\`,
        `            --output 'jsonpath={.items[?(@.status.disruptionsAllowed==0)].metadata.name}' </dev/null)`,
        `        echo "$namespace/$pod can't be evicted: its PodDisruptionBudget allows no disruption (\${budgets// /, })." >&2`,
        `    done`,
        `    echo "${name} is cordoned. Run this again when its pods can be evicted, or undo it: kubectl uncordon ${name}" >&2`,
        `    exit 1`,
        `}`,
    ];
}

/** Waits until a node is ready. Its condition may be stale, so the kubelet must renew its lease twice first. */
export function readyTasks(name: string): Task[] {
    return [task(`Wait until ${name} is ready`,
        `lease() { kubectl get lease ${name} --namespace kube-node-lease --output 'jsonpath={.spec.renewTime}' || true; }`,
        `for _ in 1 2; do`,
        `    before=$(lease)`,
        `    for _ in {1..90}; do`,
        `        sleep 2`,
        `        now=$(lease)`,
        `        if [ -n "$now" ] && [ "$now" != "$before" ]; then continue 2; fi`,
        `    done`,
        `    echo "The kubelet of ${name} does not report." >&2`,
        `    exit 1`,
        `done`,
        `kubectl wait node ${name} --for condition=Ready --timeout 180s >/dev/null`)];
}
