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

begin 'Drain web'
found=$(kubectl get node web --ignore-not-found --output name)
[ -n "$found" ] || exit 0
kubectl cordon web >/dev/null
said=$(kubectl drain web --ignore-daemonsets --delete-emptydir-data --timeout=1800s 2>&1 >/dev/null) || {
    tail -n 5 <<<"$said" >&2
    sed -nE 's|.*evicting pods/"([^"]*)" -n "([^"]*)".*disruption budget.*|\2 \1|p' <<<"$said" | sort -u \
    | while read -r namespace pod; do
        budgets=$(kubectl get poddisruptionbudgets --namespace "$namespace" \
            --output 'jsonpath={.items[?(@.status.disruptionsAllowed==0)].metadata.name}' </dev/null)
        echo "$namespace/$pod can't be evicted: its PodDisruptionBudget allows none (${budgets// /, })." >&2
    done
    echo "web takes no new pods. Run this again once its pods may go, or: kubectl uncordon web" >&2
    exit 1
}

begin 'Hold no virtual address any more'
if [ -e /etc/landfall/check-api ] || [ -e /etc/landfall/check-gateway ]; then systemctl stop keepalived; fi
if [ -e /run/landfall/gateway-closed ]; then
    nft delete table ip landfall 2>/dev/null || true # somebody may have flushed all rules
    rm /run/landfall/gateway-closed
fi

begin 'Take web out of etcd'
pki=/etc/kubernetes/pki/etcd
etcdctl() {
    crictl exec "$(crictl ps --quiet --state Running --label io.kubernetes.container.name=etcd | head -n 1)" etcdctl \
        --endpoints https://127.0.0.1:2379 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key "$@"
}
id=$(etcdctl member list | awk -F', ' '$3 == "web" { print $1 }')
if [ -n "$id" ]; then etcdctl member remove "$id" >/dev/null; fi

begin 'Take web out of the cluster'
kubectl delete node web --ignore-not-found --wait=false >/dev/null
}
main </dev/null
