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
}
main </dev/null
