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

begin 'Look at the machine'
say() { printf '%s=%s\n' "$1" "${2-}"; }
. /etc/os-release
say os "$ID-${VERSION_ID-}"
say arch "$(uname -m)"
say machine "$(cat /etc/machine-id)"
say memory "$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)"
say processors "$(nproc)"
say disk "$(df --output=avail -BM /var/lib | tail -n 1 | tr -dc 0-9)"
say swap "$(tail -n +2 /proc/swaps | awk '{ print $1 }' | paste -sd, )"
say time "$(date +%s)"
say systemd "$(test -d /run/systemd/system && echo yes || echo no)"
say addresses "$(ip -o -4 address show | awk '{ sub("/.*", "", $4); print $4 }' | paste -sd,)"

begin 'Look at the kernel'
has_module() { modprobe --dry-run --quiet "$1" 2>/dev/null; }
grep -qw overlay /proc/filesystems || has_module overlay || say kernel overlay

begin 'Look for another cluster'
owner=/var/lib/landfall/owner
if [ -e "$owner" ]; then say owner "$(cat "$owner")"; fi
if [ -e /var/lib/landfall/member ] && [ -e /etc/kubernetes/kubelet.conf ]; then
    say member "$(cat /var/lib/landfall/name 2>/dev/null || true)"
    for directory in /etc/kubernetes/manifests /var/lib/landfall/stopped-manifests; do
        if [ -e $directory/etcd.yaml ]; then say role control-plane; fi
    done
fi
for leftover in /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/etcd.yaml /var/lib/etcd/member /var/lib/rancher/k3s /var/lib/rancher/rke2 /var/snap/microk8s; do
    if [ -e "$leftover" ]; then say leftover "$leftover"; fi
done
for runtime in containerd docker crio; do
    if systemctl --quiet is-active "$runtime"; then say runtime "$runtime"; fi
done
if [ -x /usr/bin/kubelet ]; then say version "$(kubelet --version | awk '{ print $2 }')"; fi

begin 'Look at the ports'
for port in 6443; do
    if [ -n "$(ss -Hltn "sport = :$port")" ]; then
        say port "$port $(ss -Hltnp "sport = :$port" | sed -n 's/.*users:(("\([^"]*\)".*/\1/p' | head -n 1)"
    fi
done

begin 'Look for firewalls between the nodes'
ask() { timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null || [ $? -ne 124 ] || say dropped "$1:$2"; }
for peer in ; do
    ask "${peer%:*}" "${peer#*:}" &
done
wait
}
main </dev/null
