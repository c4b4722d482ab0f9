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

begin 'Note how the machine was found, and whose it is now'
install -d -m 0700 /var/lib/landfall
if [ ! -e /var/lib/landfall/found ]; then
    rm -rf /var/lib/landfall/found.new
    mkdir /var/lib/landfall/found.new
    for setting in net.ipv4.ip_forward vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops fs.inotify.max_user_instances fs.inotify.max_user_watches; do
        echo "$setting = $(sysctl --values "$setting")"
    done > /var/lib/landfall/found.new/sysctl
    tar --create --directory / --file /var/lib/landfall/found.new/files.tar --files-from /dev/null
    for file in etc/containerd etc/keepalived etc/kubernetes etc/cni opt/cni etc/crictl.yaml; do
        if [ -e "/$file" ]; then tar --append --directory / --file /var/lib/landfall/found.new/files.tar "$file"; fi
    done
    mv /var/lib/landfall/found.new /var/lib/landfall/found
fi
echo "landfall/prod" > /var/lib/landfall/owner
echo id-web > /var/lib/landfall/incarnation
echo web > /var/lib/landfall/name

begin 'Set the kernel'
install -d "$(dirname /etc/modules-load.d/landfall.conf)"
cat > /etc/modules-load.d/landfall.conf.landfall <<'LANDFALL_END'
overlay
br_netfilter
LANDFALL_END
chmod 0644 /etc/modules-load.d/landfall.conf.landfall
if cmp -s /etc/modules-load.d/landfall.conf.landfall /etc/modules-load.d/landfall.conf; then rm /etc/modules-load.d/landfall.conf.landfall; else mv /etc/modules-load.d/landfall.conf.landfall /etc/modules-load.d/landfall.conf; changed=1; fi
modprobe --quiet overlay || true
modprobe --quiet br_netfilter || true
install -d "$(dirname /etc/sysctl.d/90-landfall.conf)"
cat > /etc/sysctl.d/90-landfall.conf.landfall <<'LANDFALL_END'
net.bridge.bridge-nf-call-iptables = 1
net.ipv4.ip_forward = 1
vm.overcommit_memory = 1
vm.panic_on_oom = 0
kernel.panic = 10
kernel.panic_on_oops = 1
fs.inotify.max_user_instances = 8192
fs.inotify.max_user_watches = 524288
LANDFALL_END
chmod 0644 /etc/sysctl.d/90-landfall.conf.landfall
if cmp -s /etc/sysctl.d/90-landfall.conf.landfall /etc/sysctl.d/90-landfall.conf; then rm /etc/sysctl.d/90-landfall.conf.landfall; else mv /etc/sysctl.d/90-landfall.conf.landfall /etc/sysctl.d/90-landfall.conf; changed=1; fi
sysctl --quiet --load /etc/sysctl.d/90-landfall.conf

begin 'Note the packages that are here'
if [ ! -e /var/lib/landfall/packages-before ]; then
    dpkg-query --show --showformat '${Package}\n' | sort -u > /var/lib/landfall/packages-before.new
    mv /var/lib/landfall/packages-before.new /var/lib/landfall/packages-before
fi

begin 'Add Kubernetes'\'' and Docker'\''s package repositories'
. /etc/os-release
patiently apt-get update --quiet
patiently apt-get install --quiet --yes --no-install-recommends --no-upgrade ca-certificates curl gnupg
install -d -m 0755 /etc/apt/keyrings
export GNUPGHOME=/run/landfall-gnupg # else gpg leaves one in root's home
rm -rf $GNUPGHOME
install -d -m 0700 $GNUPGHOME
trust() {
    local keys all=$GNUPGHOME/$1.all own=$GNUPGHOME/$1.own
    curl --fail --silent --show-error --location --output $GNUPGHOME/$1.asc "$2"
    gpg --batch --quiet --no-default-keyring --keyring $all --import $GNUPGHOME/$1.asc || true
    # Whatever else the file holds, the pinned key alone is trusted; as another key's subkey it would bring that one along.
    keys=$(gpg --batch --quiet --no-default-keyring --keyring $all --export "$3" 2>/dev/null | tee $own \
        | gpg --batch --show-keys --with-colons 2>/dev/null \
        | awk -F: '$1 == "pub" { key = 1 } $1 == "fpr" && key { print $10; key = 0 }') || true
    [ "$keys" = "$3" ] || { echo "The file $2 doesn't hold the key that is pinned: $3" >&2; exit 1; }
    install -m 0644 $own /etc/apt/keyrings/landfall-$1.gpg
}
trust kubernetes https://pkgs.k8s.io/core:/stable:/v1.36/deb/Release.key DE15B14486CD377B9E876E1A234654DA9A296436
trust docker https://download.docker.com/linux/"$ID"/gpg 9DC858229FC7DD38854AE2D88D81803C0EBFCD88
rm -rf $GNUPGHOME
cat > /etc/apt/sources.list.d/landfall.list <<LANDFALL_END
deb [signed-by=/etc/apt/keyrings/landfall-kubernetes.gpg] https://pkgs.k8s.io/core:/stable:/v1.36/deb/ /
deb [signed-by=/etc/apt/keyrings/landfall-docker.gpg] https://download.docker.com/linux/$ID $VERSION_CODENAME stable
LANDFALL_END
patiently apt-get update --quiet

begin 'Install packages'
patiently apt-get install --quiet --yes --no-install-recommends --no-upgrade conntrack curl ethtool iptables keepalived nftables openssl socat
installed=$({ dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' containerd containerd.io runc keepalived kubelet kubeadm kubectl kubernetes-cni cri-tools 2>/dev/null || true; } \
    | awk '$1 == "installed" { print $2 }')
[ -z "$installed" ] || patiently apt-mark hold $installed

begin 'Install Kubernetes'
if [ ! -e /var/lib/landfall/member ]; then
patiently apt-get install --quiet --yes --no-install-recommends --allow-change-held-packages 'kubelet=1.36.4-*' 'kubeadm=1.36.4-*' 'kubectl=1.36.4-*' cri-tools
installed=$({ dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' containerd containerd.io runc keepalived kubelet kubeadm kubectl kubernetes-cni cri-tools 2>/dev/null || true; } \
    | awk '$1 == "installed" { print $2 }')
[ -z "$installed" ] || patiently apt-mark hold $installed
fi

begin 'Install the container runtime'
if [ ! -e /var/lib/landfall/member ]; then
reservation() { # MEMORY (MiB) PROCESSORS DISK (MiB)
    awk -v memory="$1" -v processors="$2" -v disk="$3" '
    function share(total, steps, n, i, part, size, sum) {
        n = split(steps, part, " ")
        for (i = 1; i < n && total > 0; i += 2) {
            size = total < part[i] ? total : part[i]
            sum += size * part[i + 1]
            total -= size
        }
        return sum
    }
    BEGIN {
        printf "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nkubeReserved:\n"
        printf "  memory: %dMi\n", share(memory, "4096 0.25 4096 0.2 8192 0.1 114688 0.06 1e9 0.02")
        printf "  cpu: %dm\n", share(processors, "1 60 1 10 2 5 1e9 2.5")
        printf "  ephemeral-storage: %dMi\n", disk / 10
        printf "  pid: \"1000\"\n"
        printf "evictionHard:\n  memory.available: 100Mi\n  pid.available: 5%%\n"
        printf "  nodefs.available: 10%%\n  nodefs.inodesFree: 5%%\n  imagefs.available: 15%%\n  imagefs.inodesFree: 5%%\n"
    }'
}
kubelet_wanted() {
    reservation "$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)" "$(nproc --all)" \
        "$(df --output=size -B1M /var/lib | tail -n 1)"
}
containerd_wanted() {
    local pause
    pause=$(kubeadm config images list --kubernetes-version "$(kubeadm version --output short)" 2>/dev/null | grep /pause:)
    sed "s#@PAUSE@#$pause#" <<'LANDFALL_END'
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "@PAUSE@"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = true
LANDFALL_END
}
# PACKAGE VERSION: one that is newer than it has to be stays.
has_package() {
    local installed
    installed=$(dpkg-query --show --showformat '${db:Status-Status} ${Version}' "$1" 2>/dev/null || true)
    [ "${installed%% *}" = installed ] && dpkg --compare-versions "${installed#* }" ge "$2"
}
packages_lacking() {
    has_package containerd.io 2.4.2 || echo 'containerd.io=2.4.2-*'
}
is_replaced() {
    case "$(readlink "/proc/$(systemctl show --property MainPID --value containerd)/exe")" in *' (deleted)') ;; *) return 1 ;; esac
}
lacking=$(packages_lacking)
if [ -n "$lacking" ]; then
    mapfile -t lacking <<<"$lacking"
    patiently apt-get install --quiet --yes --no-install-recommends --allow-change-held-packages "${lacking[@]}"
fi
installed=$({ dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' containerd containerd.io runc keepalived kubelet kubeadm kubectl kubernetes-cni cri-tools 2>/dev/null || true; } \
    | awk '$1 == "installed" { print $2 }')
[ -z "$installed" ] || patiently apt-mark hold $installed
fi

begin 'Set up the container runtime'
if [ ! -e /var/lib/landfall/member ]; then
changed=
containerd_wanted > /run/landfall-containerd.toml
if ! cmp -s /run/landfall-containerd.toml /etc/containerd/config.toml; then
    install -D -m 0644 /run/landfall-containerd.toml /etc/containerd/config.toml
    changed=1
fi
rm /run/landfall-containerd.toml
install -d "$(dirname /etc/crictl.yaml)"
cat > /etc/crictl.yaml.landfall <<'LANDFALL_END'
runtime-endpoint: unix:///run/containerd/containerd.sock
LANDFALL_END
chmod 0644 /etc/crictl.yaml.landfall
if cmp -s /etc/crictl.yaml.landfall /etc/crictl.yaml; then rm /etc/crictl.yaml.landfall; else mv /etc/crictl.yaml.landfall /etc/crictl.yaml; changed=1; fi
systemctl enable --quiet containerd
if [ -n "$changed" ] || is_replaced; then systemctl restart containerd; else systemctl start containerd; fi
fi

begin 'Say what the kubelet keeps from pods'
if [ ! -e /var/lib/landfall/member ]; then
install -d /etc/kubernetes/kubelet.conf.d
kubelet_wanted > /etc/kubernetes/kubelet.conf.d/05-landfall.conf
fi

begin 'Note the packages that have come'
touch /var/lib/landfall/packages
if [ -e /var/lib/landfall/packages-before ]; then
    dpkg-query --show --showformat '${Package}\n' | sort -u | comm -13 /var/lib/landfall/packages-before - | sort -u - /var/lib/landfall/packages > /var/lib/landfall/packages.new
    mv /var/lib/landfall/packages.new /var/lib/landfall/packages
    rm /var/lib/landfall/packages-before
fi

begin 'Keep volumes from others on the machine'
install -d -m 0700 /var/lib/landfall-volumes

begin 'Set up the kubelet'
install -d /etc/kubernetes/kubelet.conf.d /etc/kubernetes/manifests
install -d "$(dirname /etc/systemd/system/kubelet.service)"
cat > /etc/systemd/system/kubelet.service.landfall <<'LANDFALL_END'
[Unit]
Description=kubelet: The Kubernetes Node Agent
Wants=network-online.target
After=network-online.target containerd.service

[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml --config-dir=/etc/kubernetes/kubelet.conf.d"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS
Restart=always
StartLimitInterval=0
RestartSec=1

[Install]
WantedBy=multi-user.target
LANDFALL_END
chmod 0644 /etc/systemd/system/kubelet.service.landfall
if cmp -s /etc/systemd/system/kubelet.service.landfall /etc/systemd/system/kubelet.service; then rm /etc/systemd/system/kubelet.service.landfall; else mv /etc/systemd/system/kubelet.service.landfall /etc/systemd/system/kubelet.service; changed=1; fi
install -d "$(dirname /etc/systemd/system/kubelet.service.d/20-landfall.conf)"
cat > /etc/systemd/system/kubelet.service.d/20-landfall.conf.landfall <<'LANDFALL_END'
[Service]
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml --config-dir=/etc/kubernetes/kubelet.conf.d"
LANDFALL_END
chmod 0644 /etc/systemd/system/kubelet.service.d/20-landfall.conf.landfall
if cmp -s /etc/systemd/system/kubelet.service.d/20-landfall.conf.landfall /etc/systemd/system/kubelet.service.d/20-landfall.conf; then rm /etc/systemd/system/kubelet.service.d/20-landfall.conf.landfall; else mv /etc/systemd/system/kubelet.service.d/20-landfall.conf.landfall /etc/systemd/system/kubelet.service.d/20-landfall.conf; changed=1; fi
systemctl daemon-reload
systemctl enable --quiet kubelet

begin 'Share virtual addresses'
install -d "$(dirname /etc/landfall/check-gateway)"
cat > /etc/landfall/check-gateway.landfall <<'LANDFALL_END'
#!/bin/sh
# Whether this node has a pod of every Service that load balancers ask for; kube-proxy answers on a port of its own.
set -eu
ports=/run/landfall/health-ports
[ -e /etc/kubernetes/kubelet.conf ] # else it is no node yet
every=0.5 # minutes
[ -e $ports ] || every=0.1
if [ -z "$(find $ports.asked -mmin -$every 2>/dev/null)" ]; then
    mkdir -p /run/landfall
    touch $ports.asked
    export KUBECACHEDIR=/run/landfall-kubectl
    # As long as the API doesn't answer, what it has said last holds.
    if timeout 4 kubectl --kubeconfig /etc/kubernetes/kubelet.conf get services --all-namespaces \
        --output 'jsonpath={range .items[*]}{.spec.healthCheckNodePort}{"\n"}{end}' | grep '^[1-9]' > $ports.new
    then mv $ports.new $ports
    fi
fi
while read -r port; do
    if status=$(curl --silent --max-time 2 --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$port/healthz")
    then touch $ports.answered
    # While kube-proxy itself is away, as when it is updated, its rules stay: its last word holds for half a minute.
    elif [ ! -e /run/landfall/gateway-closed ] && [ -n "$(find $ports.answered -mmin -0.5 2>/dev/null)" ]; then continue
    else exit 1
    fi
    [ "$status" = 200 ] && continue
    [ -e /run/landfall/gateway-closed ] || nft -f - <<'RULES'
table ip landfall {
    chain gateway {
        type filter hook prerouting priority raw;
        ip daddr 198.18.40.101 tcp flags & (fin | syn | rst | ack) == syn drop
    }
}
RULES
    touch /run/landfall/gateway-closed
    exit 1
done < $ports
if [ -e /run/landfall/gateway-closed ]; then
    nft delete table ip landfall 2>/dev/null || true # somebody may have flushed all rules
    rm /run/landfall/gateway-closed
fi
LANDFALL_END
chmod 0755 /etc/landfall/check-gateway.landfall
if cmp -s /etc/landfall/check-gateway.landfall /etc/landfall/check-gateway; then rm /etc/landfall/check-gateway.landfall; else mv /etc/landfall/check-gateway.landfall /etc/landfall/check-gateway; changed=1; fi
changed=
interface=$(ip -o -4 address show | awk '$4 ~ "^198[.]18[.]40[.]21/" && !found++ { print $2 }')
# NAME PEER…
peers() {
    local file=/etc/landfall/peers-$1 before all
    shift
    before=$(head -n 1 "$file" 2>/dev/null || true)
    if [ ! -e "$file" ] || [ "$before" != "$*" ]; then
        { echo "$*"; comm -23 <(tr ' ' '
' <<<"$before" | sort) <(printf '%s
' "$@" | sort) | paste -sd ' '; } > "$file.new"
        mv "$file.new" "$file"
    fi
    all="$* $(tail -n +2 "$file")"
    [ -n "${all// }" ] || return 0
    printf '    unicast_src_ip 198.18.40.21
    unicast_peer {
'
    printf '        %s
' $all
    echo '    }'
}
peers gateway 198.18.40.11 198.18.40.12 198.18.40.13 > /run/landfall-peers-gateway
sed -e "s/@INTERFACE@/$interface/" -e '/@PEERS-gateway@/{r /run/landfall-peers-gateway' -e 'd}' <<'LANDFALL_END' > /run/landfall-keepalived.conf
global_defs {
    enable_script_security
    script_user root
    vrrp_version 3
    vrrp_priority -20
}
vrrp_script gateway {
    script /etc/landfall/check-gateway
    interval 1
    timeout 8
    fall 3
    rise 2
    init_fail
}
vrrp_instance gateway {
    state BACKUP
    nopreempt
    interface @INTERFACE@
    virtual_router_id 101
    priority 197
    advert_int 0.5
@PEERS-gateway@
    virtual_ipaddress {
        198.18.40.101/32
    }
    track_script {
        gateway
    }
}
LANDFALL_END
if ! cmp -s /run/landfall-keepalived.conf /etc/keepalived/keepalived.conf; then
    install -D -m 0644 /run/landfall-keepalived.conf /etc/keepalived/keepalived.conf
    changed=1
fi
rm /run/landfall-keepalived.conf /run/landfall-peers-*
systemctl enable --quiet keepalived
if [ -n "$changed" ]; then systemctl reload-or-restart keepalived; else systemctl start keepalived; fi
}
main </dev/null
