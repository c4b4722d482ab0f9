// The control plane's components on one node: whether they are healthy, and how they restart without clients noticing.
import type { ClusterFacts } from "../program/facts";
import { etcdctl } from "./etcd";
import { type Task, task, writeFile } from "./script";

/** The control-plane nodes, and the API's address that they share. */
type ControlPlane = Pick<ClusterFacts, "virtualAddress" | "controlPlanes">;

/** The program that restarts those components whose files have changed, such as certificates and keys. */
export const restartProgram = "/etc/landfall/restart-control-plane";

/** Bash functions that check each component's health. `kubernetes` is a name in the API server's certificate. */
const health = `ask() { curl --fail --silent --max-time 5 --output /dev/null "$@"; }
etcd_ready() (
    cd /etc/kubernetes/pki/etcd
    ask --cacert ca.crt --cert server.crt --key server.key https://127.0.0.1:2379/health
)
kube-apiserver_ready() { ask --cacert /etc/kubernetes/pki/ca.crt --resolve kubernetes:6443:127.0.0.1 https://kubernetes:6443/readyz; }
kube-controller-manager_ready() { ask --insecure https://127.0.0.1:10257/healthz; }
kube-scheduler_ready() { ask --insecure https://127.0.0.1:10259/healthz; }`;

/** Fails if etcd or the API server of this node isn't healthy within the time. Changes nothing. */
export function healthTasks(seconds = 60): Task[] {
    return [task("Check that etcd and the API server are healthy",
        health,
        `for _ in $(seq ${seconds}); do`,
        `    if etcd_ready && kube-apiserver_ready; then answers=1; break; fi`,
        `    sleep 1`,
        `done`,
        `[ -n "\${answers-}" ] || { echo "etcd or the API server of this node is not healthy." >&2; exit 1; }`)];
}

/** Writes the restart program. With several nodes, it hands over the API's address first. */
export function restartTasks({ virtualAddress, controlPlanes }: ControlPlane): Task[] {
    return [task("Write the program that restarts the control plane",
        `changed=`,
        writeFile(restartProgram, program(controlPlanes.length > 1 ? virtualAddress : undefined), { mode: "0755" }))];
}

function program(virtualAddress: string | undefined): string {
    return `#!/bin/bash
# Restarts this node's control-plane components that started before one of their files was written: one after the other,
# each when the one before is healthy again.
set -euo pipefail
${health}
${etcdctl}

container() { crictl ps --quiet --state Running --label "io.kubernetes.container.name=$1" | head -n 1; }

# is_current NAME FILE…: succeeds if the container runs and started after the files were written.
is_current() {
    local id started written
    id=$(container "$1")
    [ -n "$id" ] || return 1
    shift
    started=$(date --date "$(crictl inspect --output go-template --template '{{.status.startedAt}}' "$id")" +%s%N)
    written=$(stat --format %.9Y "$@" | tr -d . | sort --numeric-sort | tail -n 1)
    [ "$started" -gt "$written" ]
}

# A member of etcd may only restart while all others are healthy. Without a quorum, there is nothing to lose.
others_are_well() {
    if ! etcd_ready || etcdctl endpoint health --cluster >/dev/null 2>&1; then return; fi
    echo "Another member of etcd is not healthy. Nothing was restarted on this node." >&2
    exit 1
}

${handOn(virtualAddress)}
trap 'rm -f ${asideFile}' EXIT

# Open requests get 5 seconds. Watches don't end, so the API server would wait a minute for them.
stop() { crictl stop --timeout 5 "$1" >/dev/null 2>&1 || crictl stop --timeout 5 "$1" >/dev/null; }

# The kubelet delays restarts of a container by up to 5 minutes, unless the exited one was removed.
forget_ends() {
    crictl ps --all --quiet --state Exited --label "io.kubernetes.container.name=$1" \\
        | xargs --no-run-if-empty crictl rm >/dev/null 2>&1 || true
}

# restart NAME FILE…
restart() {
    local id second
    if ! is_current "$@"; then
        others_are_well
        id=$(container "$1")
        case "$1" in etcd|kube-apiserver) hand_on ;; esac
        if [ "$1" = etcd ] && etcd_ready; then hand_on_lead; fi
        if [ -n "$id" ]; then stop "$id"; fi
    fi
    for second in $(seq 180); do
        if is_current "$@" && "$1_ready"; then return; fi
        forget_ends "$1"
        # If the kubelet is stuck, a restart helps. The containers keep running.
        case $second in 60|120) systemctl restart kubelet ;; esac
        sleep 1
    done
    echo "$1 is not healthy 3 minutes after its restart. Its containers, and what the last one said:" >&2
    crictl ps --all --label "io.kubernetes.container.name=$1" >&2 || true
    id=$(crictl ps --all --quiet --label "io.kubernetes.container.name=$1" | head -n 1)
    [ -z "$id" ] || crictl logs --tail 5 "$id" >&2 || true
    exit 1
}

cd /etc/kubernetes
restart etcd pki/etcd/{server,peer,healthcheck-client}.crt
restart kube-apiserver pki/{apiserver,apiserver-etcd-client,apiserver-kubelet-client,front-proxy-client}.crt landfall/*.json
restart kube-controller-manager controller-manager.conf
restart kube-scheduler scheduler.conf`;
}

/** While it exists, this node fails keepalived's check, so the API's address moves to another node. */
export const asideFile = "/run/landfall/api-aside";

/** Bash functions: `hand_on` gives the API's address to another node, `hand_on_lead` etcd's leadership. They use `etcdctl`. */
function handOn(virtualAddress: string | undefined): string {
    return `hand_on() {
${virtualAddress ? `    install -d -m 0700 /run/landfall
    touch ${asideFile}
    for _ in $(seq 10); do
        ip -4 -o address show | grep --fixed-strings ' ${virtualAddress}/' >/dev/null || return 0
        sleep 1
    done` : `    return 0 # no other node has the API's address`}
}

# If a leader just stops, writes wait for an election.
hand_on_lead() {
    local own other
    own=$(etcdctl endpoint status | cut -d , -f 2 | tr -d ' ')
    other=$(etcdctl member list | cut -d , -f 1 | grep --invert-match --line-regexp "$own" | head -n 1 || true)
    if [ -n "$other" ]; then etcdctl move-leader "$other" >/dev/null 2>&1 || true; fi # fails if this node isn't the leader
}`;
}

/** Runs on a control-plane node that was upgraded or rebooted: waits for its API server and for all of etcd. */
export const controlPlaneTasks = [
    task("Wait for the node's API server",
        `for _ in {1..100}; do`,
        `    ! curl --fail --silent --insecure --max-time 5 --output /dev/null https://127.0.0.1:6443/readyz || break`,
        `    sleep 3`,
        `done`,
        `curl --fail --silent --show-error --insecure --max-time 5 --output /dev/null https://127.0.0.1:6443/readyz`),
    task("Wait for all members of etcd", etcdctl,
        `for _ in {1..60}; do`,
        `    ! etcdctl endpoint health --cluster >/dev/null 2>&1 || break`,
        `    sleep 3`,
        `done`,
        `etcdctl endpoint health --cluster >/dev/null`),
];

/**
 * Bash that hands over the API's address and etcd's leadership until the script ends. Its trap replaces the one that reports
 * the failed step, so it reports that too.
 */
export function handOnLines({ controlPlanes, virtualAddress }: ControlPlane): string[] {
    if (controlPlanes.length === 1) return [];
    return [
        etcdctl,
        handOn(virtualAddress),
        `trap 'code=$?; rm -f ${asideFile}; [ "$code" -eq 0 ] || echo "landfall: failed: $task" >&2' EXIT`,
        `hand_on`,
        `hand_on_lead || true`,
    ];
}
