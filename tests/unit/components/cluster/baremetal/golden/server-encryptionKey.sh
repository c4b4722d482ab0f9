main() {
set -euo pipefail
umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export KUBECONFIG=/etc/kubernetes/admin.conf KUBECACHEDIR=/run/landfall-kubectl
begin() { task=$1; }
trap 'code=$?; [ "$code" -eq 0 ] || echo "landfall: failed: $task" >&2' EXIT
begin 'Wait for another run on this machine'
exec 9>/run/landfall.lock
flock --wait 600 9

begin 'Read the keys'
cat /etc/kubernetes/landfall/encryption.json

begin 'Look whether etcd and the API server answer'
ask() { curl --fail --silent --max-time 5 --output /dev/null "$@"; }
etcd_ready() (
    cd /etc/kubernetes/pki/etcd
    ask --cacert ca.crt --cert server.crt --key server.key https://127.0.0.1:2379/health
)
kube-apiserver_ready() { ask --cacert /etc/kubernetes/pki/ca.crt --resolve kubernetes:6443:127.0.0.1 https://kubernetes:6443/readyz; }
kube-controller-manager_ready() { ask --insecure https://127.0.0.1:10257/healthz; }
kube-scheduler_ready() { ask --insecure https://127.0.0.1:10259/healthz; }
for _ in $(seq 60); do
    if etcd_ready && kube-apiserver_ready; then answers=1; break; fi
    sleep 1
done
[ -n "${answers-}" ] || { echo "etcd or the API server of this node is not well." >&2; exit 1; }

begin 'Make a key'
head -c 32 /dev/urandom | base64 --wrap=0

begin 'Write what restarts the control plane'
changed=
install -d "$(dirname /etc/landfall/restart-control-plane)"
cat > /etc/landfall/restart-control-plane.landfall <<'LANDFALL_END'
#!/bin/bash
# Restarts those parts of the control plane on this node that have started before a file was written which they read:
# one after the other, each once the one before it is well again.
set -euo pipefail
ask() { curl --fail --silent --max-time 5 --output /dev/null "$@"; }
etcd_ready() (
    cd /etc/kubernetes/pki/etcd
    ask --cacert ca.crt --cert server.crt --key server.key https://127.0.0.1:2379/health
)
kube-apiserver_ready() { ask --cacert /etc/kubernetes/pki/ca.crt --resolve kubernetes:6443:127.0.0.1 https://kubernetes:6443/readyz; }
kube-controller-manager_ready() { ask --insecure https://127.0.0.1:10257/healthz; }
kube-scheduler_ready() { ask --insecure https://127.0.0.1:10259/healthz; }
pki=/etc/kubernetes/pki/etcd
etcdctl() {
    crictl exec "$(crictl ps --quiet --state Running --label io.kubernetes.container.name=etcd | head -n 1)" etcdctl \
        --endpoints https://127.0.0.1:2379 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key "$@"
}

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

hand_on() {
    return 0 # no other node has the API's address
}

# A leader that goes without a word has writes wait for an election.
hand_on_lead() {
    local own other
    own=$(etcdctl endpoint status | cut -d , -f 2 | tr -d ' ')
    other=$(etcdctl member list | cut -d , -f 1 | grep --invert-match --line-regexp "$own" | head -n 1 || true)
    if [ -n "$other" ]; then etcdctl move-leader "$other" >/dev/null 2>&1 || true; fi # fails where another leads
}
trap 'rm -f /run/landfall/api-aside' EXIT

# Time for what is being answered; the API server would wait a minute for watches that don't end.
stop() { crictl stop --timeout 5 "$1" >/dev/null 2>&1 || crictl stop --timeout 5 "$1" >/dev/null; }

# Of a container whose end it doesn't see the kubelet makes the next at once, and not after up to 5 minutes.
forget_ends() {
    crictl ps --all --quiet --state Exited --label "io.kubernetes.container.name=$1" \
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
restart kube-scheduler scheduler.conf
LANDFALL_END
chmod 0755 /etc/landfall/restart-control-plane.landfall
if cmp -s /etc/landfall/restart-control-plane.landfall /etc/landfall/restart-control-plane; then rm /etc/landfall/restart-control-plane.landfall; else mv /etc/landfall/restart-control-plane.landfall /etc/landfall/restart-control-plane; changed=1; fi

begin 'Write the keys'
if [ "$(cat /etc/kubernetes/landfall/encryption.json)" != "$CONFIG" ]; then
    (umask 077; printf '%s\n' "$CONFIG" > /etc/kubernetes/landfall/encryption.json.landfall)
    sync /etc/kubernetes/landfall/encryption.json.landfall
    mv /etc/kubernetes/landfall/encryption.json.landfall /etc/kubernetes/landfall/encryption.json
fi

begin 'Have the API server use them'
/etc/landfall/restart-control-plane

begin 'Encrypt all secrets with the new key'
pki=/etc/kubernetes/pki/etcd
etcdctl() {
    crictl exec "$(crictl ps --quiet --state Running --label io.kubernetes.container.name=etcd | head -n 1)" etcdctl \
        --endpoints https://127.0.0.1:2379 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key "$@"
}
stale() {
    etcdctl get /registry/secrets/ --prefix --write-out fields | awk -v wanted='"Value" : "k8s:enc:secretbox:v1:key-2026-11:' '
        /^"Key" : / { split($3, part, "/") }
        /^"Value" : / && index($0, wanted) != 1 { sub("\"", "", part[5]); print part[4], part[5] }'
}
for _ in 1 2 3 4 5; do
    for namespace in $(stale | cut -d ' ' -f 1 | sort -u); do
        kubectl get secrets --namespace "$namespace" --output json | kubectl replace --filename - >/dev/null 2>&1 || true
    done
    left=$(stale)
    if [ -z "$left" ]; then break; fi
done
[ -z "$left" ] || { printf 'These secrets could not be written again:\n%s\n' "$left" >&2; exit 1; }
}
main </dev/null
