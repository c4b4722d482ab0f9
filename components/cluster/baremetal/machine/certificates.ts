// @ts-nocheck
// The certificates of the control plane, which kubeadm signs for a year.
import { restartProgram, restartTasks } from "./restart";
import { task } from "./script";
import { removeTimer, timerTask } from "./service";

const renewal = { name: "landfall-certificates", file: "/etc/landfall/renew-certificates" };
const [begun, rotated] = ["/var/lib/landfall/certificates-begun", "/var/lib/landfall/certificates-rotated"];

/** What expires on a node of the control plane: `certificates` lists it, `certificate FILE` prints one. */
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

/** A shell's lines that print what expires on a node and when: expires=SECONDS FILE. They change nothing, and never fail. */
export const expiryLines = `${listing}
authorities=$([ ! -e /etc/kubernetes/pki/ca.key ] || echo pki/ca.crt pki/etcd/ca.crt pki/front-proxy-ca.crt)
for file in $authorities $(certificates 2>/dev/null || true) \\
    /var/lib/kubelet/pki/kubelet-{client,server}-current.pem; do
    case "$file" in /*) pem=$(cat "$file" 2>/dev/null || true) ;; *) pem=$(certificate "$file" 2>/dev/null || true) ;; esac
    end=$(openssl x509 -noout -enddate <<<"$pem" 2>/dev/null | cut -d= -f 2 || true)
    if [ -n "$end" ]; then echo "expires=$(date --date "$end" +%s) $file"; fi
done`;

/** Only for nodes of the control plane: a timer renews what is about to expire, so that an idle cluster lives. */
export function renewalTasks(cluster, node) {
    if (node.role !== "control-plane") return [];
    return [...restartTasks(cluster), timerTask("Renew certificates before they expire", {
        ...renewal,
        description: "Certificates of the control plane",
        program: renew(cluster.renewBefore),
        when: [`OnCalendar=${weekday(cluster, node)} *-*-* 03:00`, "RandomizedDelaySec=2h"],
    })];
}

/** Each node has a day of its own, so that no two restart at once. */
function weekday({ controlPlanes }, node) {
    const place = controlPlanes.findIndex(({ name }) => name === node.name);
    return ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][place % 7];
}

function renew(days) {
    return `#!/bin/bash
# Renews this node's certificates of the control plane where one has less than ${days} days left, and has them used.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ -e /etc/kubernetes/manifests/kube-apiserver.yaml ] || exit 0 # not a member yet
${functions}
for file in $(certificates); do
    if ! certificate "$file" | openssl x509 -noout -checkend ${days * 24 * 3600} >/dev/null; then
        echo "$file expires within ${days} days: all certificates of this node are renewed."
        kubeadm certs renew all
        break
    fi
done
exec ${restartProgram}`;
}

/** What takes the timer off a machine. */
export const removeRenewal = removeTimer(renewal);

/** Whether a node has the certificates of this rotation already: prints what it was rotated for. */
export const lookTasks = [task("Look what the certificates were rotated for", `if [ -e ${rotated} ]; then cat ${rotated}; fi`)];

/**
 * Renews all certificates of one node, once for every text, and has them used. What an interrupted run has begun is
 * gone on with: the certificates that it found are noted before the first of them changes.
 */
export function rotateTasks(cluster, text) {
    return [
        task("Look whether the certificates were rotated", `if [ "$(cat ${rotated} 2>/dev/null)" = ${text} ]; then exit 0; fi`),
        task("Note the certificates as they are",
            functions,
            `describe() { certificate "$1" | openssl x509 -noout -fingerprint -sha256; }`,
            `expiry() { date --date "$(certificate "$1" | openssl x509 -noout -enddate | cut -d= -f 2)" +%s; }`,
            `if [ "$(head -n 1 ${begun} 2>/dev/null)" != ${text} ]; then`,
            `    { echo ${text}; for file in $(certificates); do echo "$file $(expiry "$file") $(describe "$file")"; done; } > ${begun}.new`,
            `    mv ${begun}.new ${begun}`,
            `fi`),
        task("Renew the certificates",
            `old() { for file in $(certificates); do grep --quiet --fixed-strings "$(describe "$file")" ${begun} && echo "$file"; done; true; }`,
            `if [ -n "$(old)" ]; then kubeadm certs renew all >/dev/null; fi`,
            `if [ -n "$(old)" ]; then echo "kubeadm left as they were: $(old)" >&2; exit 1; fi`,
            `for file in $(certificates); do`,
            `    before=$(awk -v file="$file" '$1 == file { print $2 }' ${begun})`,
            `    [ "$(expiry "$file")" -gt "\${before:-0}" ] || { echo "$file doesn't last longer than before." >&2; exit 1; }`,
            `done`),
        ...restartTasks(cluster),
        task("Restart the control plane with them", restartProgram),
        task("Look whether they are served",
            `served() { openssl s_client -connect "$1" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256; }`,
            `[ "$(served 127.0.0.1:6443)" = "$(describe pki/apiserver.crt)" ]`,
            `[ "$(served 127.0.0.1:2379)" = "$(describe pki/etcd/server.crt)" ]`),
        task("Remember what they were rotated for", `echo ${text} > ${rotated}`, `rm ${begun}`),
    ];
}
