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

begin 'Look whose the machine is'
[ -e /var/lib/landfall/owner ] || exit 0
owner=$(cat /var/lib/landfall/owner)
[ "$owner" = "landfall/server" ] || exit 0
[ "$(cat /var/lib/landfall/incarnation 2>/dev/null)" = id-one ] || exit 0

begin 'Hold no virtual address any more'
if [ -e /etc/landfall/check-api ] || [ -e /etc/landfall/check-gateway ]; then systemctl stop keepalived; fi
if [ -e /run/landfall/gateway-closed ]; then
    nft delete table ip landfall 2>/dev/null || true # somebody may have flushed all rules
    rm /run/landfall/gateway-closed
fi

begin 'Reset the node'
if [ -x /usr/bin/kubeadm ]; then
    kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock >/dev/null 2>&1 || true
fi
systemctl disable --quiet --now kubelet 2>/dev/null || true
if systemctl --quiet is-active containerd; then
    crictl pods --quiet 2>/dev/null | xargs --no-run-if-empty crictl rmp --force >/dev/null 2>&1 || true
fi
if command -v iptables-save >/dev/null; then
    for tables in iptables ip6tables; do
        "$tables-save" 2>/dev/null | grep --invert-match -E 'KUBE-|CNI-|POD-NETWORK|kube-(bridge|router)|allow outbound node port traffic' | "$tables-restore" 2>/dev/null || true
    done
fi
systemctl stop containerd 2>/dev/null || true
pkill -f '^/usr/bin/containerd-shim-runc-v2' || true
awk '$2 ~ "^/(var/lib/kubelet|run/containerd|var/lib/containerd|run/netns/cni)" { print $2 }' /proc/mounts | sort -r \
    | xargs --no-run-if-empty umount --lazy 2>/dev/null || true
for link in $(ip -o link show | awk -F': ' '{ sub("@.*", "", $2); print $2 }' | grep -E '^(veth|cni|kube-)' || true); do
    ip link delete "$link" 2>/dev/null || true
done

begin 'Bring the machine back to how it was found'
systemctl disable --quiet --now landfall-addresses landfall-kubelets keepalived containerd 2>/dev/null || true
systemctl disable --quiet --now landfall-certificates.timer 2>/dev/null || true
rm -f /etc/systemd/system/landfall-certificates.{service,timer} /var/lib/systemd/timers/stamp-landfall-certificates.timer /etc/landfall/renew-certificates
systemctl disable --quiet --now landfall-snapshot.timer 2>/dev/null || true
rm -f /etc/systemd/system/landfall-snapshot.{service,timer} /var/lib/systemd/timers/stamp-landfall-snapshot.timer /etc/landfall/take-snapshot
rm -f /etc/landfall/snapshots.env
held=$(apt-mark showhold | grep --line-regexp --extended-regexp 'containerd|containerd.io|runc|keepalived|kubelet|kubeadm|kubectl|kubernetes-cni|cri-tools' || true)
[ -z "$held" ] || patiently apt-mark unhold $held
touch /var/lib/landfall/packages
if [ -e /var/lib/landfall/packages-before ]; then
    dpkg-query --show --showformat '${Package}\n' | sort -u | comm -13 /var/lib/landfall/packages-before - | sort -u - /var/lib/landfall/packages > /var/lib/landfall/packages.new
    mv /var/lib/landfall/packages.new /var/lib/landfall/packages
    rm /var/lib/landfall/packages-before
fi
mapfile -t own < /var/lib/landfall/packages
if [ "${#own[@]}" -gt 0 ] && ! patiently dpkg --purge "${own[@]}"; then
    awk '/^dpkg: error: / { other = 1 }
        /^dpkg: error processing / { met = 1; getline; if ($0 != " dependency problems - not removing") other = 1 }
        END { exit other || !met }' /run/landfall-packages.log
    sed -n 's/^ \(.*\) depends on \([^ ;.]*\).*/landfall: note: \2 stays, as \1 needs it./p' /run/landfall-packages.log >&2
fi
[ -x /usr/sbin/keepalived ] || rm -f /etc/iproute2/rt_addrprotos.d/keepalived.conf
rm -f /usr/bin/{kubelet,kubeadm,kubectl,crictl,etcdctl} /etc/crictl.yaml
rm -f /etc/systemd/system/{kubelet,landfall-addresses,landfall-kubelets}.service /etc/sysctl.d/90-landfall.conf /etc/modules-load.d/landfall.conf
rm -f /etc/apt/sources.list.d/landfall.list /etc/apt/keyrings/landfall-*.gpg /var/log/landfall-kubeadm.log
rm -rf /etc/systemd/system/kubelet.service.d /etc/landfall /etc/keepalived /etc/containerd/config.toml
rm -rf /etc/kubernetes /etc/cni /opt/cni /opt/containerd /var/lib/etcd /var/lib/kubelet /var/lib/cni /run/cni-ipam-state
rm -rf /var/lib/containerd /run/containerd /var/log/kubernetes /var/log/pods /var/log/containers /run/landfall
tar --extract --directory / --file /var/lib/landfall/found/files.tar
systemctl daemon-reload
sysctl --quiet --load /var/lib/landfall/found/sysctl || true
rm -rf /var/lib/landfall /run/landfall-kubectl
}
main </dev/null
