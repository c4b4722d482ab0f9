// @ts-nocheck
// What is asked of a cluster that runs.
import { expiryLines } from "./certificates";
import { memberFile } from "./member";
import { task } from "./script";
import { addressLabel } from "./serving";
import { snapshotUnit } from "./snapshots";
import { standingTask } from "./standing";

/** Where the cluster remembers the nodes' incarnations, for when one of them doesn't answer. */
const annotation = "landfall.dev/incarnation";

/** What a node of the control plane remembers of the administrator's kubeconfig: its number, and when it was signed and ends. */
const administratorFile = "/var/lib/landfall/administrator";

/**
 * Prints the incarnations that a machine of this owner knows, the part of its disk that is free, what expires, and what it
 * was made with: NAME=VALUE.
 */
export function statusTasks(owner) {
    return [task("Look whether the machine is a member",
        `[ -e /var/lib/landfall/owner ] || exit 0`,
        `owner=$(cat /var/lib/landfall/owner)`,
        `[ "$owner" = ${JSON.stringify(owner)} ] || exit 0`,
        // A member that was reset by hand is none any more.
        `if [ -e ${memberFile} ] && [ ! -e /etc/kubernetes/kubelet.conf ]; then exit 0; fi`,
        `df --output=avail,size -B1M /var/lib | awk 'NR == 2 && $2 > 0 { print "free=" int(100 * $1 / $2) }'`,
        `if systemctl --quiet is-failed ${snapshotUnit}; then echo snapshots=failed; fi`,
        `if [ -e /var/lib/landfall/incarnation ]; then`,
        `    member=$(cat /var/lib/landfall/incarnation)`,
        `    echo "member=$member"`,
        `fi`,
        expiryLines,
        `if [ -e ${administratorFile} ]; then`,
        `    administrator=$(cat ${administratorFile})`,
        `    echo "administrator=$administrator"`,
        `fi`,
        `if [ -e /var/lib/landfall/cluster ]; then`,
        `    incarnation=$(cat /var/lib/landfall/cluster)`,
        `    echo "incarnation=$incarnation"`,
        `    kubectl get nodes --request-timeout 5s --output 'jsonpath={range .items[*]}known={.metadata.name} '\\`,
        `'{.metadata.annotations.landfall\\.dev/incarnation}{"\\n"}{end}' 2>/dev/null && echo asked=yes || true`,
        `fi`), standingTask];
}

/** Reads what statusTasks print. */
export function parseStatus(stdout) {
    const lines = stdout.split("\n").filter(Boolean)
        .map(line => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
    const value = name => lines.find(([key]) => key === name)?.[1];
    const known = lines.filter(([key]) => key === "known").map(([, text]) => text.split(" ")).filter(([, id]) => id);
    const free = value("free");
    const [generation, signed, ends] = (value("administrator") ?? "").split(" ").map(Number);
    return {
        incarnation: value("incarnation"), member: value("member"), asked: value("asked") === "yes",
        free: free && Number(free), snapshots: value("snapshots"),
        known: Object.fromEntries(known),
        made: Object.fromEntries(lines.flatMap(([key, text]) => key.startsWith("made.") && text ? [[key.slice(5), text]] : [])),
        administrator: ends > 0 ? { generation, signed, ends } : undefined,
        expires: lines.filter(([key]) => key === "expires").map(([, text]) => text.split(" "))
            .map(([end, file]) => ({ file, ends: Number(end) })),
    };
}

export function rememberTasks(node) {
    return [task("Have the cluster remember the node's address and incarnation",
        `kubectl wait node ${node.name} --for create --timeout 60s >/dev/null`,
        `kubectl label node ${node.name} --overwrite ${addressLabel}=${node.address} >/dev/null`,
        `kubectl annotate node ${node.name} --overwrite ${annotation}=${node.incarnation} >/dev/null`)];
}

/** Cluster DNS begins with all of its pods on the first node, and would be gone with it. */
export const spreadTasks = [task("Spread the cluster's DNS over nodes",
    `if [ "$(kubectl get nodes --no-headers | wc -l)" -gt 1 ]; then`,
    `    pods="get pods --namespace kube-system --selector k8s-app=kube-dns"`,
    `    over=$(kubectl $pods --output 'jsonpath={range .items[*]}{.spec.nodeName}{"\\n"}{end}' | sort -u | grep -c . || true)`,
    // Nodes that join at once may each come to this in the same second, which kubectl refuses.
    `    if [ "$over" -lt 2 ]; then`,
    `        said=$(kubectl rollout restart deployment coredns --namespace kube-system 2>&1) \\`,
    `            || grep --quiet 'already been triggered' <<<"$said" || { echo "$said" >&2; exit 1; }`,
    `    fi`,
    `fi`)];

/** Run on all nodes of the control plane that answer: any of them may be asked for it. */
export function rememberAdministratorTasks({ generation, signed, ends }) {
    return [task("Remember when the administrator's kubeconfig ends",
        `echo ${[generation, signed, ends].join(" ")} > ${administratorFile}`)];
}

/** A certificate of its own: revoked by taking the group's rights away, not shared with a node's admin.conf. */
export function kubeconfigTasks({ name }) {
    return [task("Sign an administrator's kubeconfig",
        `kubeadm kubeconfig user --client-name landfall:${name} --org kubeadm:cluster-admins --validity-period 8760h \\`,
        `    --config <(kubectl get configmap kubeadm-config --namespace kube-system --output 'jsonpath={.data.ClusterConfiguration}')`)];
}
