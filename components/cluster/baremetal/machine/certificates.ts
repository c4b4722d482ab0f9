// Certificates: the control plane's, which a timer renews and a rotation replaces; those that kubelets serve with; and the
// administrator's.
import type { Administrator, ClusterFacts, NodeFacts } from "../program/facts";
import { restartProgram, restartTasks } from "./control-plane";
import { given, removeTimer, serviceTask, shellQuote, type Task, task, timerTask } from "./script";

const renewal = { name: "landfall-certificates", file: "/etc/landfall/renew-certificates" };
const [begun, rotated] = ["/var/lib/landfall/certificates-begun", "/var/lib/landfall/certificates-rotated"];

/** Bash functions: `certificates` lists what expires on a control-plane node, `certificate FILE` prints one. */
const listing = `certificates() {
    cd /etc/kubernetes
    ls -d pki/{apiserver,apiserver-etcd-client,apiserver-kubelet-client,front-proxy-client}.crt \\
        pki/etcd/{server,peer,healthcheck-client}.crt {admin,super-admin,controller-manager,scheduler}.conf 2>/dev/null || true
}
certificate() {
    case "$1" in
        *.conf) sed -n 's/^ *client-certificate-data: //p' "/etc/kubernetes/$1" | base64 --decode ;;
        *) cat "/etc/kubernetes/$1" ;;
    esac
}`;

const functions = `${listing}
command -v openssl >/dev/null || { echo "openssl is missing on this machine: install the package openssl." >&2; exit 1; }`;

/** Bash that prints what expires on a node and when: expires=SECONDS FILE. Changes nothing and never fails. */
export const expiryLines = `${listing}
authorities=$([ ! -e /etc/kubernetes/pki/ca.key ] || echo pki/ca.crt pki/etcd/ca.crt pki/front-proxy-ca.crt)
for file in $authorities $(certificates 2>/dev/null || true) \\
    /var/lib/kubelet/pki/kubelet-{client,server}-current.pem; do
    case "$file" in /*) pem=$(cat "$file" 2>/dev/null || true) ;; *) pem=$(certificate "$file" 2>/dev/null || true) ;; esac
    end=$(openssl x509 -noout -enddate <<<"$pem" 2>/dev/null | cut -d= -f 2 || true)
    if [ -n "$end" ]; then echo "expires=$(date --date "$end" +%s) $file"; fi
done`;

/** What renewal depends on; workers don't need any of it. */
type RenewalFacts = Partial<Pick<ClusterFacts, "virtualAddress" | "controlPlanes" | "renewBefore">>;

/** Sets up a timer on control-plane nodes, because kubeadm itself renews certificates only in an upgrade. */
export function renewalTasks(
    { virtualAddress, controlPlanes, renewBefore }: RenewalFacts, { name, role }: Pick<NodeFacts, "name" | "role">,
): Task[] {
    if (role !== "control-plane") return [];
    const nodes = given(controlPlanes, "controlPlanes");
    const place = nodes.findIndex(other => other.name === name);
    return [...restartTasks({ virtualAddress, controlPlanes: nodes }), timerTask("Set up the renewal of certificates", {
        ...renewal,
        description: "Certificates of the control plane",
        program: renew(given(renewBefore, "renewBefore")),
        when: [`OnCalendar=${weekdays[place % 7]} *-*-* 03:00`, "RandomizedDelaySec=2h"],
    })];
}

/** Each control-plane node has its own day, so that no two restart at once. */
const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function renew(days: number): string {
    return `#!/bin/bash
# Renews this node's control-plane certificates if one of them expires within ${days} days, and restarts what uses them.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ -e /etc/kubernetes/manifests/kube-apiserver.yaml ] || exit 0 # not a member yet
${functions}
for file in $(certificates); do
    if ! certificate "$file" | openssl x509 -noout -checkend ${days * 24 * 3600} >/dev/null; then
        echo "$file expires within ${days} days. Renewing all certificates of this node."
        kubeadm certs renew all
        break
    fi
done
exec ${restartProgram}`;
}

/** Bash that removes the timer. */
export const removeRenewal = removeTimer(renewal);

/** Prints the text of the last rotation, if there was one. */
export const lastRotationTasks = [task("Read the last rotation of the certificates", `if [ -e ${rotated} ]; then cat ${rotated}; fi`)];

/**
 * Renews all certificates of one node, once for each text, and restarts what uses them. The old certificates are recorded
 * before the first changes, so that a run after an interrupted one knows what is left to do.
 */
export function rotateTasks(cluster: Pick<ClusterFacts, "virtualAddress" | "controlPlanes">, text: string): Task[] {
    const quoted = shellQuote(text);
    return [
        task("Check whether the certificates were rotated", `if [ "$(cat ${rotated} 2>/dev/null)" = ${quoted} ]; then exit 0; fi`),
        task("Record the current certificates",
            functions,
            `describe() { certificate "$1" | openssl x509 -noout -fingerprint -sha256; }`,
            `expiry() { date --date "$(certificate "$1" | openssl x509 -noout -enddate | cut -d= -f 2)" +%s; }`,
            `if [ "$(head -n 1 ${begun} 2>/dev/null)" != ${quoted} ]; then`,
            `    { echo ${quoted}; for file in $(certificates); do echo "$file $(expiry "$file") $(describe "$file")"; done; } > ${begun}.new`,
            `    mv ${begun}.new ${begun}`,
            `fi`),
        task("Renew the certificates",
            `old() { for file in $(certificates); do grep --quiet --fixed-strings "$(describe "$file")" ${begun} && echo "$file"; done; true; }`,
            `if [ -n "$(old)" ]; then kubeadm certs renew all >/dev/null; fi`,
            `if [ -n "$(old)" ]; then echo "kubeadm did not renew these certificates: $(old)" >&2; exit 1; fi`,
            `for file in $(certificates); do`,
            `    before=$(awk -v file="$file" '$1 == file { print $2 }' ${begun})`,
            `    [ "$(expiry "$file")" -gt "\${before:-0}" ] || { echo "$file doesn't expire later than before." >&2; exit 1; }`,
            `done`),
        ...restartTasks(cluster),
        task("Restart the control plane with the new certificates", restartProgram),
        task("Check that the new certificates are served",
            `served() { openssl s_client -connect "$1" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256; }`,
            `[ "$(served 127.0.0.1:6443)" = "$(describe pki/apiserver.crt)" ]`,
            `[ "$(served 127.0.0.1:2379)" = "$(describe pki/etcd/server.crt)" ]`),
        task("Record the rotation", `echo ${quoted} > ${rotated}`, `rm ${begun}`),
    ];
}

/** The node's address. Kubelets can't set a label of this prefix, not even on their own node. */
export const addressLabel = "node-restriction.kubernetes.io/landfall-address";
const columns = "NAME:.metadata.name,SIGNER:.spec.signerName,USER:.spec.username,CONDITION:.status.conditions[*].type," +
    "REQUEST:.spec.request";

/**
 * Runs a service on control-plane nodes that approves kubelets' serving certificates, which Kubernetes leaves to the
 * cluster's owner. It approves only the names that the node really has.
 */
export function servingTasks({ role }: Pick<NodeFacts, "role">): Task[] {
    if (role !== "control-plane") return [];
    return [serviceTask("Set up the approval of kubelets' serving certificates", {
        name: "landfall-kubelets",
        description: "Certificates that kubelets serve with",
        file: "/etc/landfall/approve-kubelets",
        program: approve,
    })];
}

const approve = `#!/bin/bash
# Approves a kubelet's request for a serving certificate if it is for the node's own name and address only.
export LC_ALL=C KUBECONFIG=/etc/kubernetes/admin.conf KUBECACHEDIR=/run/landfall-kubectl

# A node that has just joined gets its label a moment later.
address_of() {
    local address
    for _ in {1..30}; do
        address=$(kubectl get node "$1" --output 'jsonpath={.metadata.labels.${addressLabel.replaceAll(".", "\\.")}}' </dev/null 2>/dev/null)
        if [ -n "$address" ]; then echo "$address"; return; fi
        sleep 2
    done
}

# is_due NODE REQUEST: succeeds if the subject is the node, and the names are its name and address.
is_due() {
    local request names
    request=$(base64 --decode <<<"$2")
    [ "$(openssl req -noout -subject -nameopt RFC2253 <<<"$request")" = "subject=CN=system:node:$1,O=system:nodes" ] || return
    names=$(openssl req -noout -text <<<"$request" | sed -n '/Subject Alternative Name/{n;s/^ *//p}')
    [ "$names" = "DNS:$1, IP Address:$(address_of "$1")" ]
}

while true; do
    timeout 300 kubectl get certificatesigningrequests --watch --no-headers --output 'custom-columns=${columns}' 2>/dev/null \\
        | while read -r name signer user condition request; do
            [ "$signer" = kubernetes.io/kubelet-serving ] && [ "$condition" = '<none>' ] || continue
            [[ $user =~ ^system:node:([a-z0-9-]+)$ ]] || continue
            if is_due "\${BASH_REMATCH[1]}" "$request"; then
                kubectl certificate approve "$name" </dev/null
            else
                echo "$name of $user is not approved: it is not for the node's own name and address only."
            fi
        done
    sleep 2
done`;

/** On a control-plane node: the generation of the administrator's kubeconfig, when it was signed and when it expires. */
export const administratorFile = "/var/lib/landfall/administrator";

/** Runs on all control-plane nodes that answer, because any of them may be asked for it. */
export function rememberAdministratorTasks(
    { generation, signed, ends }: Omit<Administrator, "generation"> & Pick<ClusterFacts, "generation">,
): Task[] {
    return [task("Record when the administrator's kubeconfig expires",
        `echo ${[given(generation, "generation"), signed, ends].join(" ")} > ${administratorFile}`)];
}

/** Prints an administrator's kubeconfig with its own certificate, which is valid for a year. */
export function kubeconfigTasks({ name }: Pick<ClusterFacts, "name">): Task[] {
    return [task("Sign an administrator's kubeconfig",
        `kubeadm kubeconfig user --client-name landfall:${name} --org kubeadm:cluster-admins --validity-period 8760h \\`,
        `    --config <(kubectl get configmap kubeadm-config --namespace kube-system --output 'jsonpath={.data.ClusterConfiguration}')`)];
}
