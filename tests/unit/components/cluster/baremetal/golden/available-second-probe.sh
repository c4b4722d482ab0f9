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
awk '$1 !~ /^#/ && $3 == "swap" && $4 !~ /noauto/ { print $1 }' /etc/fstab 2>/dev/null \
    | while read -r device; do say swaps "fstab $device"; done || true
generator=lib/systemd/system-generators/zram-generator
if [ -e /usr/$generator ] || [ -e /usr/local/$generator ]; then
    file=$(ls -d /{etc,run,usr/local/lib,usr/lib}/systemd/zram-generator.conf 2>/dev/null | head -n 1 || true)
    if grep --quiet '^\[zram' $file /{etc,run,usr/local/lib,usr/lib}/systemd/zram-generator.conf.d/*.conf 2>/dev/null
    then say swaps zram-generator; fi
fi
for unit in zramswap zram-config dphys-swapfile swapspace; do
    if systemctl --quiet is-enabled "$unit" 2>/dev/null; then say swaps "service $unit"; fi
done
for unit in /etc/systemd/system/*.wants/*.swap /run/systemd/generator.late/*.swap; do
    if [ -e "$unit" ]; then say swaps "unit $(basename "$unit")"; fi
done
say time "$(date +%s)"
say systemd "$(test -d /run/systemd/system && echo yes || echo no)"
say addresses "$(ip -o -4 address show | awk '{ sub("/.*", "", $4); print $4 }' | paste -sd,)"

begin 'Look at the kernel'
has_module() { modprobe --dry-run --quiet "$1" 2>/dev/null; }
grep -qw overlay /proc/filesystems || has_module overlay || say kernel overlay
test -d /proc/sys/net/bridge || has_module br_netfilter || say kernel br_netfilter

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

begin 'Look for the name servers that pods would ask'
file=$(sed -nE 's/^resolvConf: *"?([^" ]+)"?.*/\1/p' /etc/kubernetes/kubelet.conf.d/*.conf 2>/dev/null | tail -n 1 || true)
if [ -z "$file" ]; then
    file=/etc/resolv.conf
    if systemctl --quiet is-active systemd-resolved; then file=/run/systemd/resolve/resolv.conf; fi
fi
awk '$1 == "nameserver" && ($2 ~ /^127\./ || $2 == "::1") { print $2 }' "$file" 2>/dev/null \
    | while read -r server; do say resolver "$server $file"; done || true

begin 'Listen where a node will'
listen() {
    perl -MSocket -e 'for (@ARGV) {
        socket(my $socket, PF_INET, SOCK_STREAM, 6);
        setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
        push @sockets, $socket if bind($socket, sockaddr_in($_, INADDR_ANY)) && listen($socket, 128);
    }
    sleep 120' "$@" </dev/null >/dev/null 2>&1 9>&- &
}
# HOST PORT: as timeout has it, 124 is no answer.
call() { timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null; }
if [ ! -e /var/lib/landfall/member ]; then
    listen 6443
    echo $! > /run/landfall-listener.pid
fi

begin 'Look for firewalls between the nodes'
ask() {
    local code last=$((SECONDS + 10))
    while true; do
        code=0
        call "$1" "$2" || code=$?
        case "$code" in
            0) return ;;
            124) say dropped "$1:$2"; return ;;
        esac
        if [ "$SECONDS" -ge "$last" ]; then say rejected "$1:$2"; return; fi
        sleep 0.3
    done
}
for peer in 198.18.40.11:6443 198.18.40.13:6443; do
    ask "${peer%:*}" "${peer#*:}" &
    asked+=($!)
done
wait "${asked[@]}"

begin 'Look for firewalls between pods and the machine'
pods() (
    set +e
    forget() {
        ip netns pids landfall-pod-2 | xargs --no-run-if-empty kill
        for pod in 1 2; do ip netns delete landfall-pod-$pod; done
        [ -z "$mounted" ] || { umount /run/netns && rmdir /run/netns; }
    } 2>/dev/null
    mounted=
    if ! mountpoint --quiet /run/netns; then mounted=yes; fi
    trap forget EXIT
    forget
    for pod in 1 2; do
        case $pod in 1) address=198.19.127.253 ;; 2) address=198.19.127.254 ;; esac
        in_pod="ip -netns landfall-pod-$pod"
        { ip netns add landfall-pod-$pod &&
            ip link add landfall$pod type veth peer name eth0 netns landfall-pod-$pod &&
            ip link set landfall$pod up && ip route add $address/32 dev landfall$pod &&
            echo 1 > /proc/sys/net/ipv4/conf/landfall$pod/forwarding && $in_pod link set eth0 up &&
            $in_pod address add $address/32 dev eth0 && $in_pod route add 169.254.1.1 dev eth0 scope link &&
            $in_pod neighbour add 169.254.1.1 dev eth0 lladdr "$(cat /sys/class/net/landfall$pod/address)" &&
            $in_pod route add default via 169.254.1.1; } 2>/dev/null || return 0
    done
    export -f call listen
    ip netns exec landfall-pod-2 bash -c 'listen 8080'
    from_pod() {
        ip netns exec landfall-pod-1 bash -c 'for try in {1..10}; do
            code=0
            call "$0" "$1" || code=$?
            case "$code" in 0|124) exit "$code" ;; esac
            sleep 0.2
        done
        exit 1' "$@"
    }
    for port in 6443; do from_pod 198.18.40.12 $port || say blocked "INPUT $port"; done
    from_pod 198.19.127.254 8080 || say blocked FORWARD
)
found=$(pods)
if [ -n "$found" ]; then
    echo "$found"
    for hook in INPUT FORWARD; do
        grep --quiet "=$hook" <<<"$found" || continue
        {
            { nft list ruleset 2>/dev/null || true; } | awk -v hook="${hook,,}" '
                $1 == "table" { table = $2 " " $3 }
                $1 == "chain" { chain = $2; here = 0 }
                $1 == "type" && $0 ~ "hook " hook " " { here = 1; if (/policy drop/) print "nft table " table ", chain " chain ": policy drop"; next }
                here && /(^|[[:space:]])(drop|reject)([[:space:]]|$)/ { sub(/^[[:space:]]+/, ""); print "nft table " table ", chain " chain ": " $0 }'
            for tool in iptables-legacy $(command -v nft >/dev/null || echo iptables); do
                "$tool" -S "$hook" 2>/dev/null | grep -E -e '^-P [A-Z]+ DROP|-j (DROP|REJECT)' | sed "s/^/$tool /" || true
            done
        } | head -n 4 | while read -r rule; do say rule "$hook $rule"; done
    done
fi
}
main </dev/null
