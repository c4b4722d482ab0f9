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

begin 'Look whether the certificates were rotated'
if [ "$(cat /var/lib/landfall/certificates-rotated 2>/dev/null)" = 2026-11 ]; then exit 0; fi

begin 'Note the certificates as they are'
certificates() {
    cd /etc/kubernetes
    ls -d pki/{apiserver,apiserver-etcd-client,apiserver-kubelet-client,front-proxy-client}.crt \
        pki/etcd/{server,peer,healthcheck-client}.crt {admin,super-admin,controller-manager,scheduler}.conf 2>/dev/null || true
}
certificate() {
    case "$1" in
        *.conf) sed -n 's/^ *client-certificate-data: //p' "/etc/kubernetes/$1" | base64 --decode ;;
        *) cat "/etc/kubernetes/$1" ;;
    esac
}
command -v openssl >/dev/null || { echo "openssl is missing on this machine: install the package openssl." >&2; exit 1; }
describe() { certificate "$1" | openssl x509 -noout -fingerprint -sha256; }
expiry() { date --date "$(certificate "$1" | openssl x509 -noout -enddate | cut -d= -f 2)" +%s; }
if [ "$(head -n 1 /var/lib/landfall/certificates-begun 2>/dev/null)" != 2026-11 ]; then
    { echo 2026-11; for file in $(certificates); do echo "$file $(expiry "$file") $(describe "$file")"; done; } > /var/lib/landfall/certificates-begun.new
    mv /var/lib/landfall/certificates-begun.new /var/lib/landfall/certificates-begun
fi

begin 'Renew the certificates'
old() { for file in $(certificates); do grep --quiet --fixed-strings "$(describe "$file")" /var/lib/landfall/certificates-begun && echo "$file"; done; true; }
if [ -n "$(old)" ]; then kubeadm certs renew all >/dev/null; fi
if [ -n "$(old)" ]; then echo "kubeadm left as they were: $(old)" >&2; exit 1; fi
for file in $(certificates); do
    before=$(awk -v file="$file" '$1 == file { print $2 }' /var/lib/landfall/certificates-begun)
    [ "$(expiry "$file")" -gt "${before:-0}" ] || { echo "$file doesn't last longer than before." >&2; exit 1; }
done

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

begin 'Restart the control plane with them'
/etc/landfall/restart-control-plane

begin 'Look whether they are served'
served() { openssl s_client -connect "$1" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256; }
[ "$(served 127.0.0.1:6443)" = "$(describe pki/apiserver.crt)" ]
[ "$(served 127.0.0.1:2379)" = "$(describe pki/etcd/server.crt)" ]

begin 'Remember what they were rotated for'
echo 2026-11 > /var/lib/landfall/certificates-rotated
rm /var/lib/landfall/certificates-begun
}
main </dev/null
