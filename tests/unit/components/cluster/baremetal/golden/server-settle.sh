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

begin 'Have the cluster remember the node'\''s address and incarnation'
kubectl wait node one --for create --timeout 60s >/dev/null
kubectl label node one --overwrite node-restriction.kubernetes.io/landfall-address=198.18.40.11 >/dev/null
kubectl annotate node one --overwrite landfall.dev/incarnation=id-one >/dev/null

begin 'Spread the cluster'\''s DNS over nodes'
if [ "$(kubectl get nodes --no-headers | wc -l)" -gt 1 ]; then
    pods="get pods --namespace kube-system --selector k8s-app=kube-dns"
    over=$(kubectl $pods --output 'jsonpath={range .items[*]}{.spec.nodeName}{"\n"}{end}' | sort -u | grep -c . || true)
    if [ "$over" -lt 2 ]; then
        said=$(kubectl rollout restart deployment coredns --namespace kube-system 2>&1) \
            || grep --quiet 'already been triggered' <<<"$said" || { echo "$said" >&2; exit 1; }
    fi
fi

begin 'List the volumes of one'
kubectl get persistentvolumes --output 'jsonpath={range .items[*]}{.spec.hostPath.path}{.spec.local.path} {.spec.nodeAffinity.required.nodeSelectorTerms[*].matchExpressions[*].values[*]}{"\n"}{end}' \
    | awk '$1 ~ "^/var/lib/landfall-volumes/" && (NF == 1 || $2 == "one") { print $1 }'

begin 'Make the directories of volumes that were lost'
for directory in 'DIRECTORY'; do
    mkdir -p "$directory"
    [ -z "$(ls -A "$directory")" ] || continue
    group=$(sed -nE 's/.*_([0-9]+)_[^_]*$/\1/p' <<<"$directory")
    if [ -n "$group" ] && chgrp "$group" "$directory"; then chmod 0770 "$directory"; else chmod 0777 "$directory"; fi
    chmod 0700 "$(dirname "$directory")"
done

begin 'Say whether pods may run on the control plane'
kubectl taint node one node-role.kubernetes.io/control-plane:NoSchedule- >/dev/null 2>&1 || true
}
main </dev/null
