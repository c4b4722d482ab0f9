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
. /etc/os-release
apt-get update --quiet >/dev/null
apt-get install --quiet --yes --no-install-recommends ca-certificates curl gnupg >/dev/null
install -d -m 0755 /etc/apt/keyrings
export GNUPGHOME=/run/landfall-gnupg # else gpg leaves one in root's home
install -d -m 0700 $GNUPGHOME
trust() {
    curl --fail --silent --show-error --location --output "/run/landfall-$1.asc" "$2"
    fingerprints=$(gpg --batch --show-keys --with-colons "/run/landfall-$1.asc" | awk -F: '$1 == "fpr" { print $10 }')
    grep -qx "$3" <<<"$fingerprints" || { echo "The key at $2 is not the one that was pinned: $3" >&2; exit 1; }
    gpg --batch --yes --dearmor --output "/etc/apt/keyrings/landfall-$1.gpg" "/run/landfall-$1.asc"
    rm "/run/landfall-$1.asc"
}
trust kubernetes https://pkgs.k8s.io/core:/stable:/v1.36/deb/Release.key DE15B14486CD377B9E876E1A234654DA9A296436
trust docker https://download.docker.com/linux/"$ID"/gpg 9DC858229FC7DD38854AE2D88D81803C0EBFCD88
rm -rf $GNUPGHOME
cat > /etc/apt/sources.list.d/landfall.list <<LANDFALL_END
deb [signed-by=/etc/apt/keyrings/landfall-kubernetes.gpg] https://pkgs.k8s.io/core:/stable:/v1.36/deb/ /
deb [signed-by=/etc/apt/keyrings/landfall-docker.gpg] https://download.docker.com/linux/$ID $VERSION_CODENAME stable
LANDFALL_END
apt-get update --quiet >/dev/null
apt-mark unhold kubelet kubeadm kubectl >/dev/null 2>&1 || true
apt-get install --quiet --yes --no-install-recommends --allow-change-held-packages 'kubeadm=1.36.3-*' cri-tools >/dev/null
apt-mark hold kubelet kubeadm kubectl >/dev/null

begin 'Upgrade what kubeadm has set up here'
pki=/etc/kubernetes/pki/etcd
etcdctl() {
    crictl exec "$(crictl ps --quiet --state Running --label io.kubernetes.container.name=etcd | head -n 1)" etcdctl \
        --endpoints https://127.0.0.1:2379 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key "$@"
}
hand_on() {
    install -d -m 0700 /run/landfall
    touch /run/landfall/api-aside
    for _ in $(seq 10); do
        ip -4 -o address show | grep --fixed-strings ' 198.18.40.100/' >/dev/null || return 0
        sleep 1
    done
}

# A leader that goes without a word has writes wait for an election.
hand_on_lead() {
    local own other
    own=$(etcdctl endpoint status | cut -d , -f 2 | tr -d ' ')
    other=$(etcdctl member list | cut -d , -f 1 | grep --invert-match --line-regexp "$own" | head -n 1 || true)
    if [ -n "$other" ]; then etcdctl move-leader "$other" >/dev/null 2>&1 || true; fi # fails where another leads
}
trap 'code=$?; rm -f /run/landfall/api-aside; [ "$code" -eq 0 ] || echo "landfall: failed: $task" >&2' EXIT
hand_on
hand_on_lead || true
running=$(kubectl get configmap kubeadm-config --namespace kube-system \
    --output 'jsonpath={.data.ClusterConfiguration}' | awk '$1 == "kubernetesVersion:" { print $2 }')
if [ "$running" = v1.36.3 ]; then
    kubeadm upgrade node >/var/log/landfall-kubeadm.log 2>&1 || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }
else
    kubeadm upgrade apply --yes v1.36.3 >/var/log/landfall-kubeadm.log 2>&1 || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }
fi

begin 'Install the new kubelet'
pki=/etc/kubernetes/pki/etcd
etcdctl() {
    crictl exec "$(crictl ps --quiet --state Running --label io.kubernetes.container.name=etcd | head -n 1)" etcdctl \
        --endpoints https://127.0.0.1:2379 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key "$@"
}
hand_on() {
    install -d -m 0700 /run/landfall
    touch /run/landfall/api-aside
    for _ in $(seq 10); do
        ip -4 -o address show | grep --fixed-strings ' 198.18.40.100/' >/dev/null || return 0
        sleep 1
    done
}

# A leader that goes without a word has writes wait for an election.
hand_on_lead() {
    local own other
    own=$(etcdctl endpoint status | cut -d , -f 2 | tr -d ' ')
    other=$(etcdctl member list | cut -d , -f 1 | grep --invert-match --line-regexp "$own" | head -n 1 || true)
    if [ -n "$other" ]; then etcdctl move-leader "$other" >/dev/null 2>&1 || true; fi # fails where another leads
}
trap 'code=$?; rm -f /run/landfall/api-aside; [ "$code" -eq 0 ] || echo "landfall: failed: $task" >&2' EXIT
hand_on
hand_on_lead || true
apt-mark unhold kubelet kubeadm kubectl >/dev/null 2>&1 || true
apt-get install --quiet --yes --no-install-recommends --allow-change-held-packages 'kubelet=1.36.3-*' 'kubeadm=1.36.3-*' 'kubectl=1.36.3-*' cri-tools >/dev/null
apt-mark hold kubelet kubeadm kubectl >/dev/null
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
