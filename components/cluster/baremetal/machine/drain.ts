// @ts-nocheck
// Moves the pods of a node away.
import { task } from "./script";

/** Of pods that a drain leaves where they are. */
const stays = "landfall.dev/stays";

/** Seconds: pods may take as long as their slowest client does, which is 20 minutes for an upload of 64 MiB. */
const longest = 1800;

/**
 * Run on a node of the control plane that stays: moves the pods away, as slowly as their budgets ask, if it answers.
 * `homebound`: those whose volume is on the machine's own disk may stay, for they could run nowhere else.
 */
export function drainTasks(name, { answers, homebound = false, seconds = longest }) {
    return [
        ...(homebound ? [homeboundTask(name)] : []),
        task(`Drain ${name}`,
            `found=$(kubectl get node ${name} --ignore-not-found --output name)`,
            `[ -n "$found" ] || exit 0`,
            `kubectl cordon ${name} >/dev/null`,
            ...(answers ? drain(name, homebound, seconds)
                : [`echo "${name} does not answer: its pods are given up." >&2`])),
    ];
}

function homeboundTask(name) {
    const columns = (...paths) => `jsonpath={range .items[*]}${paths.map(path => `{${path}}`).join(" ")}{"\\n"}{end}`;
    const hosts = ".spec.nodeAffinity.required.nodeSelectorTerms[*].matchExpressions[*].values[*]";
    const claims = ".spec.volumes[*].persistentVolumeClaim.claimName";
    return task(`Mark the pods that can run on ${name} only`,
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

/** kubectl says which pods may not go, again and again, but not which budgets keep them. */
function drain(name, homebound, seconds) {
    return [
        `said=$(kubectl drain ${name} --ignore-daemonsets --delete-emptydir-data --timeout=${seconds}s` +
            `${homebound ? ` \\\n    --pod-selector '!${stays}'` : ""} 2>&1 >/dev/null) || {`,
        `    tail -n 5 <<<"$said" >&2`,
        `    sed -nE 's|.*evicting pods/"([^"]*)" -n "([^"]*)".*disruption budget.*|\\2 \\1|p' <<<"$said" | sort -u \\`,
        `    | while read -r namespace pod; do`,
        `        budgets=$(kubectl get poddisruptionbudgets --namespace "$namespace" \\`,
        `            --output 'jsonpath={.items[?(@.status.disruptionsAllowed==0)].metadata.name}' </dev/null)`,
        `        echo "$namespace/$pod can't be evicted: its PodDisruptionBudget allows none (\${budgets// /, })." >&2`,
        `    done`,
        `    echo "${name} takes no new pods. Run this again once its pods may go, or: kubectl uncordon ${name}" >&2`,
        `    exit 1`,
        `}`,
    ];
}
