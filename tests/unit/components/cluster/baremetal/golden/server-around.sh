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
mark=$(kubectl get node one --output 'jsonpath={.metadata.annotations.landfall\.dev/cordoned}')
cordoned=$(kubectl get node one --output 'jsonpath={.spec.unschedulable}')
if [ -n "$mark" ] || [ "$cordoned" != true ]; then
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
found=$(kubectl get node one --ignore-not-found --output name)
[ -n "$found" ] || exit 0
kubectl cordon one >/dev/null
said=$(kubectl drain one --ignore-daemonsets --delete-emptydir-data --timeout=1800s \
    --pod-selector '!landfall.dev/stays' 2>&1 >/dev/null) || {
    tail -n 5 <<<"$said" >&2
    sed -nE 's|.*evicting pods/"([^"]*)" -n "([^"]*)".*disruption budget.*|\2 \1|p' <<<"$said" | sort -u \
    | while read -r namespace pod; do
        budgets=$(kubectl get poddisruptionbudgets --namespace "$namespace" \
            --output 'jsonpath={.items[?(@.status.disruptionsAllowed==0)].metadata.name}' </dev/null)
        echo "$namespace/$pod can't be evicted: its PodDisruptionBudget allows none (${budgets// /, })." >&2
    done
    echo "one takes no new pods. Run this again once its pods may go, or: kubectl uncordon one" >&2
    exit 1
}

begin 'Look whether one was cordoned for this'
mark=$(kubectl get node one --output 'jsonpath={.metadata.annotations.landfall\.dev/cordoned}')
if [ "$mark" != upgrade ]; then exit 0; fi

begin 'Wait until one runs v1.36.4'
kubectl wait node one --for 'jsonpath={.status.nodeInfo.kubeletVersion}=v1.36.4' --timeout 180s >/dev/null
kubectl wait node one --for condition=Ready --timeout 180s >/dev/null

begin 'Let pods come to one'
kubectl uncordon one >/dev/null
kubectl annotate node one landfall.dev/cordoned- >/dev/null
}
main </dev/null
