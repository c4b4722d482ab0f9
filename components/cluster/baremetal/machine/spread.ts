// Spreads pods over the nodes: nothing moves those that run. All of this runs on a control-plane node.
import { type Task, task } from "./script";

/**
 * Bash that restarts a Deployment; what follows runs if that fails, with the message in `said`. kubectl refuses a second restart
 * within a second, as when nodes join at the same time.
 */
function restart(deployment: string, namespace: string): string[] {
    return [
        `said=$(kubectl rollout restart deployment ${deployment} --namespace ${namespace} 2>&1 </dev/null) \\`,
        `    || grep --quiet 'already been triggered' <<<"$said" \\`,
    ];
}

/** All of CoreDNS's pods start on the first node, and would fail with it. */
export const spreadDnsTasks = [task("Spread the cluster's DNS across nodes",
    `if [ "$(kubectl get nodes --no-headers | wc -l)" -gt 1 ]; then`,
    `    pods="get pods --namespace kube-system --selector k8s-app=kube-dns"`,
    `    over=$(kubectl $pods --output 'jsonpath={range .items[*]}{.spec.nodeName}{"\\n"}{end}' | sort -u | grep -c . || true)`,
    `    if [ "$over" -lt 2 ]; then`,
    ...restart("coredns", "kube-system").map(line => `        ${line}`),
    `            || { echo "$said" >&2; exit 1; }`,
    `    fi`,
    `fi`)];

/** One line for each object: these paths, with spaces between them. */
function columns(...paths: string[]): string {
    return `'jsonpath={range .items[*]}${paths.join(" ")}{"\\n"}{end}'`;
}

/**
 * Restarts each of Landfall's Deployments whose ready pods are all on one node although others accept pods, as after the drain of
 * every other node. Doesn't wait for the new pods. A restart that fails is only noted. Leaves out what must be on one node.
 */
export const spreadTasks: Task[] = [...spreadDnsTasks, task("Spread Landfall's pods across nodes",
    // The taint of a node that was cordoned goes a moment after it is uncordoned.
    `nodes=$(kubectl get nodes --output ${columns("{.metadata.name}", '{.spec.taints[?(@.key!="node.kubernetes.io/unschedulable")].effect}', "{.spec.unschedulable}")} \\`,
    `    | grep -cvwE 'NoSchedule|NoExecute|true' || true)`,
    `[ "$nodes" -gt 1 ] || exit 0`,
    `kubectl get deployments --all-namespaces --selector app.kubernetes.io/part-of=landfall \\`,
    `    --output ${columns("{.metadata.namespace}", "{.metadata.name}", "0{.status.readyReplicas}",
        "{.spec.template.spec.nodeSelector.kubernetes\\.io/hostname}")} \\`,
    `    | while read -r namespace name ready only; do`,
    `        if [ "$ready" -lt 2 ] || [ -n "$only" ]; then continue; fi`,
    `        over=$(kubectl get pods --namespace "$namespace" --selector "app.kubernetes.io/name=$name" \\`,
    `            --output ${columns("{.spec.nodeName}", '{.status.conditions[?(@.type=="Ready")].status}', "{.metadata.deletionTimestamp}")} \\`,
    `            </dev/null | awk '$2 == "True" && NF == 2 { print $1 }' | sort -u | wc -l)`,
    `        [ "$over" -eq 1 ] || continue`,
    `        echo "landfall: note: all pods of $namespace/$name are on one node, so it is restarted" >&2`,
    ...restart('"$name"', '"$namespace"').map(line => `        ${line}`),
    `            || echo "landfall: note: $namespace/$name can't be restarted: $said" >&2`,
    `    done`)];
