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

begin 'Look which version one runs'
kubectl get node one --output 'jsonpath={.status.nodeInfo.kubeletVersion}'

begin 'Install the new kubeadm'
install -m 0755 /var/lib/landfall/bundle/bin/"$(dpkg --print-architecture)"/kubeadm /usr/bin/

begin 'Upgrade what kubeadm has set up here'
running=$(kubectl get configmap kubeadm-config --namespace kube-system \
    --output 'jsonpath={.data.ClusterConfiguration}' | awk '$1 == "kubernetesVersion:" { print $2 }')
if [ "$running" = v1.36.3 ]; then
    kubeadm upgrade node --ignore-preflight-errors=SystemVerification >/var/log/landfall-kubeadm.log 2>&1 || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }
else
    kubeadm upgrade apply --yes v1.36.3 --ignore-preflight-errors=SystemVerification >/var/log/landfall-kubeadm.log 2>&1 || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }
fi

begin 'Install the new kubelet'
arch=$(dpkg --print-architecture)
install -m 0755 /var/lib/landfall/bundle/bin/"$arch"/{kubelet,kubeadm,kubectl,crictl,etcdctl} /usr/bin/
install -d /opt/cni/bin
install -m 0755 /var/lib/landfall/bundle/cni/"$arch"/* /opt/cni/bin/
systemctl restart kubelet

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

begin 'Wait for the API server of the node'
for _ in {1..100}; do
    ! curl --fail --silent --insecure --max-time 5 --output /dev/null https://127.0.0.1:6443/readyz || break
    sleep 3
done
curl --fail --silent --show-error --insecure --max-time 5 --output /dev/null https://127.0.0.1:6443/readyz

begin 'Wait for all members of etcd'
pki=/etc/kubernetes/pki/etcd
etcdctl() {
    crictl exec "$(crictl ps --quiet --state Running --label io.kubernetes.container.name=etcd | head -n 1)" etcdctl \
        --endpoints https://127.0.0.1:2379 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key "$@"
}
for _ in {1..60}; do
    ! etcdctl endpoint health --cluster >/dev/null 2>&1 || break
    sleep 3
done
etcdctl endpoint health --cluster >/dev/null
}
main </dev/null
