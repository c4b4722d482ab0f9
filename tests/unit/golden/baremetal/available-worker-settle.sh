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

begin 'Have the cluster remember the node'\''s incarnation'
kubectl wait node web --for create --timeout 60s >/dev/null
kubectl annotate node web --overwrite landfall.dev/incarnation=id-web >/dev/null

begin 'Spread the cluster'\''s DNS over nodes'
if [ "$(kubectl get nodes --no-headers | wc -l)" -gt 1 ]; then
    pods="get pods --namespace kube-system --selector k8s-app=kube-dns"
    over=$(kubectl $pods --output 'jsonpath={range .items[*]}{.spec.nodeName}{"\n"}{end}' | sort -u | grep -c . || true)
    if [ "$over" -lt 2 ]; then kubectl rollout restart deployment coredns --namespace kube-system >/dev/null; fi
fi
}
main </dev/null
