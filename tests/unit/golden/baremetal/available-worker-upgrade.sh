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

begin 'Look which version web runs'
kubectl get node web --output 'jsonpath={.status.nodeInfo.kubeletVersion}'

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
kubeadm upgrade node >/var/log/landfall-kubeadm.log 2>&1 || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }

begin 'Install the new kubelet'
apt-mark unhold kubelet kubeadm kubectl >/dev/null 2>&1 || true
apt-get install --quiet --yes --no-install-recommends --allow-change-held-packages 'kubelet=1.36.3-*' 'kubeadm=1.36.3-*' 'kubectl=1.36.3-*' cri-tools >/dev/null
apt-mark hold kubelet kubeadm kubectl >/dev/null
systemctl restart kubelet
}
main </dev/null
