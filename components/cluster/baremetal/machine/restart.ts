// @ts-nocheck
// Has the control plane's parts on a node use files that have changed, such as certificates and keys.
import { etcdctl } from "./etcd";
import { asideFile, handOn } from "./hand-on";
import { task, writeFile } from "./script";

export const restartProgram = "/etc/landfall/restart-control-plane";

/** What the parts answer with as long as they are well; the API server's certificate has the name of its Service. */
const health = `ask() { curl --fail --silent --max-time 5 --output /dev/null "$@"; }
etcd_ready() (
    cd /etc/kubernetes/pki/etcd
    ask --cacert ca.crt --cert server.crt --key server.key https://127.0.0.1:2379/health
)
kube-apiserver_ready() { ask --cacert /etc/kubernetes/pki/ca.crt --resolve kubernetes:6443:127.0.0.1 https://kubernetes:6443/readyz; }
kube-controller-manager_ready() { ask --insecure https://127.0.0.1:10257/healthz; }
kube-scheduler_ready() { ask --insecure https://127.0.0.1:10259/healthz; }`;

/** Changes nothing: fails where this node's part of the control plane doesn't become well within the seconds. */
export function healthTasks(seconds = 60) {
    return [task("Look whether etcd and the API server answer",
        health,
        `for _ in $(seq ${seconds}); do`,
        `    if etcd_ready && kube-apiserver_ready; then answers=1; break; fi`,
        `    sleep 1`,
        `done`,
        `[ -n "\${answers-}" ] || { echo "etcd or the API server of this node is not well." >&2; exit 1; }`)];
}

/** Writes the program that restarts what is out of date; others than the only node hand the API's address on first. */
export function restartTasks({ virtualAddress, controlPlanes }) {
    return [task("Write what restarts the control plane",
        `changed=`,
        writeFile(restartProgram, program(controlPlanes.length > 1 ? virtualAddress : undefined), { mode: "0755" }))];
}

function program(handedOn) {
    return `#!/bin/bash
# Restarts those parts of the control plane on this node that have started before a file was written which they read:
# one after the other, each once the one before it is well again.
set -euo pipefail
${health}
${etcdctl}

container() { crictl ps --quiet --state Running --label "io.kubernetes.container.name=$1" | head -n 1; }

# NAME FILE…: whether it runs, and has started after the files were written.
is_current() {
    local id started written
    id=$(container "$1")
    [ -n "$id" ] || return 1
    shift
    started=$(date --date "$(crictl inspect --output go-template --template '{{.status.startedAt}}' "$id")" +%s%N)
    written=$(stat --format %.9Y "$@" | tr -d . | sort --numeric-sort | tail -n 1)
    [ "$started" -gt "$written" ]
}

# A member of etcd may only go for a moment if all others are there; where too few are, there is nothing to lose.
others_are_well() {
    if ! etcd_ready || etcdctl endpoint health --cluster >/dev/null 2>&1; then return; fi
    echo "Another member of etcd is not well: nothing is restarted here." >&2
    exit 1
}

${handOn(handedOn)}
trap 'rm -f ${asideFile}' EXIT

# Time for what is being answered; the API server would wait a minute for watches that don't end.
stop() { crictl stop --timeout 5 "$1" >/dev/null 2>&1 || crictl stop --timeout 5 "$1" >/dev/null; }

# Of a container whose end it doesn't see the kubelet makes the next at once, and not after up to 5 minutes.
forget_ends() {
    crictl ps --all --quiet --state Exited --label "io.kubernetes.container.name=$1" \\
        | xargs --no-run-if-empty crictl rm >/dev/null 2>&1 || true
}

# NAME FILE…
restart() {
    local id
    if ! is_current "$@"; then
        others_are_well
        id=$(container "$1")
        case "$1" in etcd|kube-apiserver) hand_on ;; esac
        if [ "$1" = etcd ] && etcd_ready; then hand_on_lead; fi
        if [ -n "$id" ]; then stop "$id"; fi
    fi
    for _ in $(seq 180); do
        if is_current "$@" && "$1_ready"; then return; fi
        forget_ends "$1"
        sleep 1
    done
    echo "$1 is not well, 3 minutes after its restart." >&2
    exit 1
}

cd /etc/kubernetes
restart etcd pki/etcd/{server,peer,healthcheck-client}.crt
restart kube-apiserver pki/{apiserver,apiserver-etcd-client,apiserver-kubelet-client,front-proxy-client}.crt landfall/*.json
restart kube-controller-manager controller-manager.conf
restart kube-scheduler scheduler.conf`;
}
