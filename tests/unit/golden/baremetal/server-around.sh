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

begin 'Cordon one'
if [ "$(kubectl get node one --output 'jsonpath={.spec.unschedulable}')" != true ]; then
    kubectl annotate node one --overwrite landfall.dev/cordoned=upgrade >/dev/null
    kubectl cordon one >/dev/null
fi

begin 'Mark the pods that can run on one only'
own=$(kubectl get persistentvolumes \
    --output 'jsonpath={range .items[*]}{.spec.claimRef.namespace} {.spec.claimRef.name} {.spec.nodeAffinity.required.nodeSelectorTerms[*].matchExpressions[*].values[*]}{"\n"}{end}' \
    | awk 'NF == 3 && $3 == "one" { print $1 "/" $2 }')
kubectl get pods --all-namespaces --field-selector spec.nodeName=one \
    --output 'jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name} {.spec.volumes[*].persistentVolumeClaim.claimName}{"\n"}{end}' \
    | while read -r namespace pod claims; do
        for claim in $claims; do
            grep -qxF "$namespace/$claim" <<<"$own" || continue
            kubectl label pod "$pod" --namespace "$namespace" --overwrite landfall.dev/stays=true >/dev/null </dev/null
        done
    done

begin 'Drain one'
kubectl get node one >/dev/null 2>&1 || exit 0
kubectl cordon one >/dev/null
kubectl drain one --ignore-daemonsets --delete-emptydir-data --pod-selector '!landfall.dev/stays' --timeout=600s >/dev/null

begin 'Look whether one was cordoned for an upgrade'
mark=$(kubectl get node one --output 'jsonpath={.metadata.annotations.landfall\.dev/cordoned}')
if [ -z "$mark" ]; then exit 0; fi

begin 'Wait until one runs v1.36.3'
kubectl wait node one --for 'jsonpath={.status.nodeInfo.kubeletVersion}=v1.36.3' --timeout 180s >/dev/null
kubectl wait node one --for condition=Ready --timeout 180s >/dev/null

begin 'Let pods come to one'
kubectl uncordon one >/dev/null
kubectl annotate node one landfall.dev/cordoned- >/dev/null
}
main </dev/null
