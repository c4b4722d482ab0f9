main() {
set -euo pipefail
umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export KUBECONFIG=/etc/kubernetes/admin.conf KUBECACHEDIR=/run/landfall-kubectl
begin() { task=$1; }
trap 'code=$?; [ "$code" -eq 0 ] || echo "landfall: failed: $task" >&2' EXIT
patiently() {
    local lock=/var/lib/dpkg/lock-frontend begun=$SECONDS told=$((SECONDS + 5))
    while ! { flock --nonblock $lock true || { echo "$lock was locked by another"; false; } && "$@"; } >/run/landfall-packages.log 2>&1; do
        if ! grep --quiet --extended-regexp 'Could not get lock|was locked by' /run/landfall-packages.log; then
            tail -n 20 /run/landfall-packages.log >&2
            return 1
        fi
        if [ $((SECONDS - begun)) -ge 900 ]; then
            echo "The package system has been locked for 15 minutes by $(lock_holders). Wait until that is done, or end it, and run this again." >&2
            return 75
        fi
        if [ "$SECONDS" -ge "$told" ]; then
            echo "landfall: note: waits for $(lock_holders) to unlock the package system, up to 15 minutes." >&2
            told=$((SECONDS + 15))
        fi
        sleep 3
    done
}
lock_holders() {
    local path pid name found=
    while read -r path pid name; do
        case "$path" in /var/lib/dpkg/lock*|/var/lib/apt/lists/lock|/var/cache/apt/archives/lock) ;; *) continue ;; esac
        # A container's files have the same names.
        if [ "/proc/$pid/root$path" -ef "$path" ]; then found="${found:+$found, }$name (process $pid)"; fi
    done < <(lslocks --noheadings --raw --output PATH,PID,COMMAND 2>/dev/null | sort -u)
    echo "${found:-another program}"
}
begin 'Wait for another run on this machine'
exec 9>/run/landfall.lock
flock --wait 600 9

begin 'Install restic'
if ! command -v restic >/dev/null; then
if [ ! -e /var/lib/landfall/packages-before ]; then
    dpkg-query --show --showformat '${Package}\n' | sort -u > /var/lib/landfall/packages-before.new
    mv /var/lib/landfall/packages-before.new /var/lib/landfall/packages-before
fi
    patiently apt-get install --quiet --yes --no-install-recommends restic || {
        [ $? -eq 75 ] || echo "restic is neither here nor to be had: the bundle lacks its package." >&2
        exit 1
    }
touch /var/lib/landfall/packages
if [ -e /var/lib/landfall/packages-before ]; then
    dpkg-query --show --showformat '${Package}\n' | sort -u | comm -13 /var/lib/landfall/packages-before - | sort -u - /var/lib/landfall/packages > /var/lib/landfall/packages.new
    mv /var/lib/landfall/packages.new /var/lib/landfall/packages
    rm /var/lib/landfall/packages-before
fi
fi

begin 'Bring the snapshot'
export RESTIC_REPOSITORY='/mnt/backup/etcd'
export RESTIC_PASSWORD='PASSWORD'
export NAME='VALUE'
rm -rf /var/lib/landfall/recovery /var/lib/landfall/recovery.new
(umask 077; mkdir /var/lib/landfall/recovery.new)
said=$(restic --no-cache --quiet restore --no-lock ID --target /var/lib/landfall/recovery.new 2>&1 >/dev/null) || {
    rm -rf /var/lib/landfall/recovery.new
    echo "The snapshot ID can't be read. Nothing was changed. restic says: $said" >&2
    exit 1
}
mv /var/lib/landfall/recovery.new/var/lib/landfall/snapshot /var/lib/landfall/recovery
rm -rf /var/lib/landfall/recovery.new

begin 'Look at the snapshot'
etcdutl() {
    local image code=0 at
    image=$(kubeadm config images list --kubernetes-version "$(kubelet --version | cut -d ' ' -f 2)" 2>/dev/null | grep /etcd:)
    [ -n "$(ctr --namespace k8s.io images list --quiet "name==$image")" ] || crictl pull "$image" >/dev/null
    for at in /run/landfall-etcd.*; do # left by a run that was interrupted
        ctr --namespace k8s.io images unmount --rm "$at" >/dev/null 2>&1 && rmdir "$at" 2>/dev/null || true
    done
    at=$(mktemp -d /run/landfall-etcd.XXXXXX) # containerd 2.4 doesn't mount at a place twice
    ctr --namespace k8s.io images mount "$image" "$at" >/dev/null
    "$at/usr/local/bin/etcdutl" "$@" 2>/run/landfall-etcdutl.log || code=$?
    ctr --namespace k8s.io images unmount --rm "$at" >/dev/null
    rmdir "$at"
    [ "$code" -eq 0 ] || tail -n 5 /run/landfall-etcdutl.log >&2
    rm /run/landfall-etcdutl.log
    return "$code"
}
etcdutl snapshot status /var/lib/landfall/recovery/etcd.db >/dev/null || {
    echo "The snapshot ID holds no whole data of etcd, as is said above. Nothing was changed." >&2
    exit 1
}
taken=$(cat /var/lib/landfall/recovery/version)
if [ "${taken%.*}" != v1.36 ]; then
    echo "It was taken with Kubernetes $taken, and this is v1.36.4. Nothing was changed. Restore it with" \
        "landfall:cluster.kubernetesVersion: $taken, and upgrade then." >&2
    exit 1
fi
if ! cmp --silent /var/lib/landfall/recovery/pki/ca.crt /etc/kubernetes/pki/ca.crt; then
    echo "It is another cluster's, whose machines would not know this one's. Nothing was changed. Destroy this" \
        "cluster first: a new one can begin from the snapshot." >&2
    exit 1
fi

begin 'Stop the control plane'
if [ ! -e /var/lib/landfall/recovering ]; then rm -rf /var/lib/landfall/etcd-before; fi
touch /var/lib/landfall/recovering
install -d -m 0700 /var/lib/landfall/stopped-manifests
for part in kube-scheduler kube-controller-manager kube-apiserver etcd; do
    if [ -e /etc/kubernetes/manifests/$part.yaml ]; then mv /etc/kubernetes/manifests/$part.yaml /var/lib/landfall/stopped-manifests/; fi
done
running() { crictl ps --quiet --state Running --name '^(kube-scheduler|kube-controller-manager|kube-apiserver|etcd)$'; }
for _ in $(seq 60); do
    if [ -z "$(running)" ]; then break; fi
    running | xargs --no-run-if-empty crictl stop --timeout 5 >/dev/null 2>&1 || true
    sleep 1
done
if [ -n "$(running)" ]; then echo "The control plane doesn't stop." >&2; exit 1; fi

begin 'Replace the data of etcd'
if [ ! -e /var/lib/landfall/etcd-before ]; then
    install -d -m 0700 /var/lib/landfall/etcd-before.new /var/lib/etcd
    find /var/lib/etcd -mindepth 1 -maxdepth 1 -exec mv --target-directory /var/lib/landfall/etcd-before.new {} +
    mv /var/lib/landfall/etcd-before.new /var/lib/landfall/etcd-before
fi
etcdutl() {
    local image code=0 at
    image=$(kubeadm config images list --kubernetes-version "$(kubelet --version | cut -d ' ' -f 2)" 2>/dev/null | grep /etcd:)
    [ -n "$(ctr --namespace k8s.io images list --quiet "name==$image")" ] || crictl pull "$image" >/dev/null
    for at in /run/landfall-etcd.*; do # left by a run that was interrupted
        ctr --namespace k8s.io images unmount --rm "$at" >/dev/null 2>&1 && rmdir "$at" 2>/dev/null || true
    done
    at=$(mktemp -d /run/landfall-etcd.XXXXXX) # containerd 2.4 doesn't mount at a place twice
    ctr --namespace k8s.io images mount "$image" "$at" >/dev/null
    "$at/usr/local/bin/etcdutl" "$@" 2>/run/landfall-etcdutl.log || code=$?
    ctr --namespace k8s.io images unmount --rm "$at" >/dev/null
    rmdir "$at"
    [ "$code" -eq 0 ] || tail -n 5 /run/landfall-etcdutl.log >&2
    rm /run/landfall-etcdutl.log
    return "$code"
}
install -d -m 0700 /var/lib/etcd
find /var/lib/etcd -mindepth 1 -delete
held=$(etcdutl snapshot status /var/lib/landfall/recovery/etcd.db --write-out json | sed -n 's/.*"revision":\([0-9]*\).*/\1/p')
bump=$((1 - held))
if [ "$bump" -lt 1000000000 ]; then bump=1000000000; fi
etcdutl snapshot restore /var/lib/landfall/recovery/etcd.db --data-dir /var/lib/etcd --bump-revision "$bump" --mark-compacted \
    --name two --initial-cluster one=https://198.18.40.11:2380,two=https://198.18.40.12:2380,three=https://198.18.40.13:2380 \
    --initial-advertise-peer-urls https://198.18.40.12:2380 --initial-cluster-token ID >/dev/null
install -m 0600 /var/lib/landfall/recovery/encryption.json /etc/kubernetes/landfall/encryption.json

begin 'Start the control plane'
for part in kube-scheduler kube-controller-manager kube-apiserver etcd; do
    if [ -e /var/lib/landfall/stopped-manifests/$part.yaml ]; then mv /var/lib/landfall/stopped-manifests/$part.yaml /etc/kubernetes/manifests/; fi
done
rm -rf /var/lib/landfall/stopped-manifests

begin 'Look whether etcd and the API server answer'
ask() { curl --fail --silent --max-time 5 --output /dev/null "$@"; }
etcd_ready() (
    cd /etc/kubernetes/pki/etcd
    ask --cacert ca.crt --cert server.crt --key server.key https://127.0.0.1:2379/health
)
kube-apiserver_ready() { ask --cacert /etc/kubernetes/pki/ca.crt --resolve kubernetes:6443:127.0.0.1 https://kubernetes:6443/readyz; }
kube-controller-manager_ready() { ask --insecure https://127.0.0.1:10257/healthz; }
kube-scheduler_ready() { ask --insecure https://127.0.0.1:10259/healthz; }
for _ in $(seq 180); do
    if etcd_ready && kube-apiserver_ready; then answers=1; break; fi
    sleep 1
done
[ -n "${answers-}" ] || { echo "etcd or the API server of this node is not well." >&2; exit 1; }

begin 'Take away what was brought'
rm -rf /var/lib/landfall/recovery /var/lib/landfall/recovering

begin 'Look whether the machine is a member'
if [ -e /var/lib/landfall/member ]; then echo member; fi

begin 'Restart the kubelet'
if [ -e /var/lib/landfall/member ]; then systemctl restart kubelet; fi

begin 'Have the cluster know today'\''s nodes, and not the snapshot'\''s'
{ kubectl get nodes --output name | grep --invert-match --line-regexp --regexp node/one --regexp node/two --regexp node/three || true; } \
    | xargs --no-run-if-empty kubectl delete --wait=false >/dev/null
kubectl label node one --overwrite node-role.kubernetes.io/control-plane= >/dev/null
kubectl label node two --overwrite node-role.kubernetes.io/control-plane= >/dev/null
kubectl label node three --overwrite node-role.kubernetes.io/control-plane= >/dev/null
}
main </dev/null
