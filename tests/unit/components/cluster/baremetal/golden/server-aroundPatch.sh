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

begin 'Look whether all members of etcd are healthy'
pki=/etc/kubernetes/pki/etcd
etcdctl() {
    crictl exec "$(crictl ps --quiet --state Running --label io.kubernetes.container.name=etcd | head -n 1)" etcdctl \
        --endpoints https://127.0.0.1:2379 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key "$@"
}
etcdctl endpoint health --cluster >/dev/null

begin 'Cordon one'
mark=$(kubectl get node one --output 'jsonpath={.metadata.annotations.landfall\.dev/cordoned}')
cordoned=$(kubectl get node one --output 'jsonpath={.spec.unschedulable}')
if [ -n "$mark" ] || [ "$cordoned" != true ]; then
    kubectl annotate node one --overwrite landfall.dev/cordoned=patch >/dev/null
    kubectl cordon one >/dev/null
fi

begin 'Wait until one is ready'
lease() { kubectl get lease one --namespace kube-node-lease --output 'jsonpath={.spec.renewTime}' || true; }
for _ in 1 2; do
    before=$(lease)
    for _ in {1..90}; do
        sleep 2
        now=$(lease)
        if [ -n "$now" ] && [ "$now" != "$before" ]; then continue 2; fi
    done
    echo "The kubelet of one does not report." >&2
    exit 1
done
kubectl wait node one --for condition=Ready --timeout 180s >/dev/null

begin 'Look whether one was cordoned for this'
mark=$(kubectl get node one --output 'jsonpath={.metadata.annotations.landfall\.dev/cordoned}')
if [ "$mark" != patch ]; then exit 0; fi

begin 'Let pods come to one'
kubectl uncordon one >/dev/null
kubectl annotate node one landfall.dev/cordoned- >/dev/null
}
main </dev/null
