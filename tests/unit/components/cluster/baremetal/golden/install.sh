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
            echo "The package system has been locked for 15 minutes by $(lock_holders). Wait until it has finished, or end it, and run this again." >&2
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
        # A container's files have the same paths.
        if [ "/proc/$pid/root$path" -ef "$path" ]; then found="${found:+$found, }$name (process $pid)"; fi
    done < <(lslocks --noheadings --raw --output PATH,PID,COMMAND 2>/dev/null | sort -u)
    echo "${found:-another program}"
}
begin 'Wait for another run on this machine'
exec 9>/run/landfall.lock
flock --wait 600 9

begin 'Record the machine'\''s original state and its owner'
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
echo "landfall/server" > /var/lib/landfall/owner
echo id-one > /var/lib/landfall/incarnation
echo one > /var/lib/landfall/name
echo id > /var/lib/landfall/cluster

begin 'Configure the kernel'
install -d "$(dirname /etc/modules-load.d/landfall.conf)"
cat > /etc/modules-load.d/landfall.conf.landfall <<'LANDFALL_END'
overlay
LANDFALL_END
chmod 0644 /etc/modules-load.d/landfall.conf.landfall
if cmp -s /etc/modules-load.d/landfall.conf.landfall /etc/modules-load.d/landfall.conf; then rm /etc/modules-load.d/landfall.conf.landfall; else mv /etc/modules-load.d/landfall.conf.landfall /etc/modules-load.d/landfall.conf; changed=1; fi
modprobe --quiet overlay || true
install -d "$(dirname /etc/sysctl.d/90-landfall.conf)"
cat > /etc/sysctl.d/90-landfall.conf.landfall <<'LANDFALL_END'
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

begin 'Record the installed packages'
if [ ! -e /var/lib/landfall/packages-before ]; then
    dpkg-query --show --showformat '${Package}\n' | sort -u > /var/lib/landfall/packages-before.new
    mv /var/lib/landfall/packages-before.new /var/lib/landfall/packages-before
fi

begin 'Install packages from the bundle'
. /etc/os-release
cd /var/lib/landfall/bundle/packages/"$ID-${VERSION_ID-}-$(dpkg --print-architecture)"
missing=()
for file in *.deb; do
    name=$(dpkg-deb --field "$file" Package)
    dpkg-query --show --showformat '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$file")
done
[ ${#missing[@]} -eq 0 ] || patiently dpkg --install "${missing[@]}"

begin 'Install Kubernetes from the bundle'
if [ ! -e /var/lib/landfall/member ]; then
arch=$(dpkg --print-architecture)
install -m 0755 /var/lib/landfall/bundle/bin/"$arch"/{kubelet,kubeadm,kubectl,crictl,etcdctl} /usr/bin/
install -d /opt/cni/bin
install -m 0755 /var/lib/landfall/bundle/cni/"$arch"/* /opt/cni/bin/
fi

begin 'Import the images from the bundle'
systemctl enable --quiet --now containerd
cd /var/lib/landfall/bundle
install -d /var/lib/landfall/images
for file in $(find images -name '[!.]*.tar' | sort); do
    sum=$(awk -v file="$file" 'substr($0, 67) == file { found = 1; print } END { exit !found }' .checked)
    grep -qxF "$sum" /var/lib/landfall/images/imported 2>/dev/null && continue
    ctr --namespace k8s.io images import --no-unpack "$file" >/dev/null
    echo "$sum" >> /var/lib/landfall/images/imported
done
for image in $(ctr --namespace k8s.io images list --quiet | grep -v ^sha256:); do
    ctr --namespace k8s.io images label "$image" io.cri-containerd.pinned=pinned >/dev/null
done

begin 'Check the version of Kubernetes'
[ -e /var/lib/landfall/member ] || [ "$(kubelet --version)" = "Kubernetes v1.36.4" ]

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
# has_package PACKAGE VERSION: succeeds for a newer version too.
has_package() {
    local installed
    installed=$(dpkg-query --show --showformat '${db:Status-Status} ${Version}' "$1" 2>/dev/null || true)
    [ "${installed%% *}" = installed ] && dpkg --compare-versions "${installed#* }" ge "$2"
}
packages_lacking() {
    local file name version
    . /etc/os-release
    for file in /var/lib/landfall/bundle/packages/"$ID-${VERSION_ID-}-$(dpkg --print-architecture)"/*.deb; do
        read -r name version < <(dpkg-deb --show --showformat '${Package} ${Version}\n' "$file")
        case "$name" in containerd|runc) has_package "$name" "$version" || echo "$file" ;; esac
    done
}
is_replaced() {
    case "$(readlink "/proc/$(systemctl show --property MainPID --value containerd)/exe")" in *' (deleted)') ;; *) return 1 ;; esac
}
lacking=$(packages_lacking)
if [ -n "$lacking" ]; then
    mapfile -t lacking <<<"$lacking"
    patiently dpkg --install "${lacking[@]}"
fi
installed=$({ dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' containerd containerd.io runc keepalived kubelet kubeadm kubectl kubernetes-cni cri-tools 2>/dev/null || true; } \
    | awk '$1 == "installed" { print $2 }')
[ -z "$installed" ] || patiently apt-mark hold $installed
fi

begin 'Configure the container runtime'
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

begin 'Reserve resources for the system'
if [ ! -e /var/lib/landfall/member ]; then
install -d /etc/kubernetes/kubelet.conf.d
kubelet_wanted > /etc/kubernetes/kubelet.conf.d/05-landfall.conf
fi

begin 'Record the new packages'
touch /var/lib/landfall/packages
if [ -e /var/lib/landfall/packages-before ]; then
    dpkg-query --show --showformat '${Package}\n' | sort -u | comm -13 /var/lib/landfall/packages-before - | sort -u - /var/lib/landfall/packages > /var/lib/landfall/packages.new
    mv /var/lib/landfall/packages.new /var/lib/landfall/packages
    rm /var/lib/landfall/packages-before
fi

begin 'Protect the volumes'\'' directory'
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

begin 'Remove virtual addresses'
if [ -e /etc/landfall/check-api ] || [ -e /etc/landfall/check-gateway ]; then
    systemctl disable --quiet --now keepalived
    rm -f /etc/keepalived/keepalived.conf /etc/landfall/{check,peers}-{api,gateway}
fi
if [ -e /run/landfall/gateway-closed ]; then
    nft delete table ip landfall 2>/dev/null || true # somebody may have flushed all rules
    rm /run/landfall/gateway-closed
fi

begin 'Assign addresses to Services of type LoadBalancer'
changed=
install -d "$(dirname /etc/landfall/give-addresses)"
cat > /etc/landfall/give-addresses.landfall <<'LANDFALL_END'
#!/bin/bash
# Assigns the address 198.18.40.11 to every Service of type LoadBalancer without a class.
export KUBECONFIG=/etc/kubernetes/admin.conf KUBECACHEDIR=/run/landfall-kubectl
while true; do
    kubectl get services --all-namespaces --watch --no-headers --output 'custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,TYPE:.spec.type,CLASS:.spec.loadBalancerClass,ADDRESS:.status.loadBalancer.ingress[0].ip' 2>/dev/null \
        | while read -r namespace name type class address; do
            if [ "$type" != LoadBalancer ] || [ "$class" != '<none>' ] || [ "$address" = 198.18.40.11 ]; then continue; fi
            kubectl patch service "$name" --namespace "$namespace" --subresource status --type merge \
                --patch '{"status":{"loadBalancer":{"ingress":[{"ip":"198.18.40.11"}]}}}' </dev/null
        done
    sleep 2 # the API server ends a watch after a while
done
LANDFALL_END
chmod 0755 /etc/landfall/give-addresses.landfall
if cmp -s /etc/landfall/give-addresses.landfall /etc/landfall/give-addresses; then rm /etc/landfall/give-addresses.landfall; else mv /etc/landfall/give-addresses.landfall /etc/landfall/give-addresses; changed=1; fi
install -d "$(dirname /etc/systemd/system/landfall-addresses.service)"
cat > /etc/systemd/system/landfall-addresses.service.landfall <<'LANDFALL_END'
[Unit]
Description=Addresses of Services of type LoadBalancer
After=network-online.target

[Service]
ExecStart=/etc/landfall/give-addresses
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
LANDFALL_END
chmod 0644 /etc/systemd/system/landfall-addresses.service.landfall
if cmp -s /etc/systemd/system/landfall-addresses.service.landfall /etc/systemd/system/landfall-addresses.service; then rm /etc/systemd/system/landfall-addresses.service.landfall; else mv /etc/systemd/system/landfall-addresses.service.landfall /etc/systemd/system/landfall-addresses.service; changed=1; fi
systemctl daemon-reload
systemctl enable --quiet landfall-addresses
if [ -n "$changed" ]; then systemctl restart landfall-addresses; else systemctl start landfall-addresses; fi

begin 'Write the program that restarts the control plane'
changed=
install -d "$(dirname /etc/landfall/restart-control-plane)"
cat > /etc/landfall/restart-control-plane.landfall <<'LANDFALL_END'
#!/bin/bash
# Restarts this node's control-plane components that started before one of their files was written: one after the other,
# each when the one before is healthy again.
set -euo pipefail
ask() { curl --fail --silent --max-time 5 --output /dev/null "$@"; }
etcd_ready() (
    cd /etc/kubernetes/pki/etcd
    ask --cacert ca.crt --cert server.crt --key server.key https://127.0.0.1:2379/health
)
kube-apiserver_ready() { ask --cacert /etc/kubernetes/pki/ca.crt --resolve kubernetes:6443:127.0.0.1 https://kubernetes:6443/readyz; }
kube-controller-manager_ready() { ask --insecure https://127.0.0.1:10257/healthz; }
kube-scheduler_ready() { ask --insecure https://127.0.0.1:10259/healthz; }
pki=/etc/kubernetes/pki/etcd
etcdctl() {
    crictl exec "$(crictl ps --quiet --state Running --label io.kubernetes.container.name=etcd | head -n 1)" etcdctl \
        --endpoints https://127.0.0.1:2379 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key "$@"
}

container() { crictl ps --quiet --state Running --label "io.kubernetes.container.name=$1" | head -n 1; }

# is_current NAME FILE…: succeeds if the container runs and started after the files were written.
is_current() {
    local id started written
    id=$(container "$1")
    [ -n "$id" ] || return 1
    shift
    started=$(date --date "$(crictl inspect --output go-template --template '{{.status.startedAt}}' "$id")" +%s%N)
    written=$(stat --format %.9Y "$@" | tr -d . | sort --numeric-sort | tail -n 1)
    [ "$started" -gt "$written" ]
}

# A member of etcd may only restart while all others are healthy. Without a quorum, there is nothing to lose.
others_are_well() {
    if ! etcd_ready || etcdctl endpoint health --cluster >/dev/null 2>&1; then return; fi
    echo "Another member of etcd is not healthy. Nothing was restarted on this node." >&2
    exit 1
}

hand_on() {
    return 0 # no other node has the API's address
}

# If a leader just stops, writes wait for an election.
hand_on_lead() {
    local own other
    own=$(etcdctl endpoint status | cut -d , -f 2 | tr -d ' ')
    other=$(etcdctl member list | cut -d , -f 1 | grep --invert-match --line-regexp "$own" | head -n 1 || true)
    if [ -n "$other" ]; then etcdctl move-leader "$other" >/dev/null 2>&1 || true; fi # fails if this node isn't the leader
}
trap 'rm -f /run/landfall/api-aside' EXIT

# Open requests get 5 seconds. Watches don't end, so the API server would wait a minute for them.
stop() { crictl stop --timeout 5 "$1" >/dev/null 2>&1 || crictl stop --timeout 5 "$1" >/dev/null; }

# The kubelet delays restarts of a container by up to 5 minutes, unless the exited one was removed.
forget_ends() {
    crictl ps --all --quiet --state Exited --label "io.kubernetes.container.name=$1" \
        | xargs --no-run-if-empty crictl rm >/dev/null 2>&1 || true
}

# restart NAME FILE…
restart() {
    local id second
    if ! is_current "$@"; then
        others_are_well
        id=$(container "$1")
        case "$1" in etcd|kube-apiserver) hand_on ;; esac
        if [ "$1" = etcd ] && etcd_ready; then hand_on_lead; fi
        if [ -n "$id" ]; then stop "$id"; fi
    fi
    for second in $(seq 180); do
        if is_current "$@" && "$1_ready"; then return; fi
        forget_ends "$1"
        # If the kubelet is stuck, a restart helps. The containers keep running.
        case $second in 60|120) systemctl restart kubelet ;; esac
        sleep 1
    done
    echo "$1 is not healthy 3 minutes after its restart. Its containers, and what the last one said:" >&2
    crictl ps --all --label "io.kubernetes.container.name=$1" >&2 || true
    id=$(crictl ps --all --quiet --label "io.kubernetes.container.name=$1" | head -n 1)
    [ -z "$id" ] || crictl logs --tail 5 "$id" >&2 || true
    exit 1
}

cd /etc/kubernetes
restart etcd pki/etcd/{server,peer,healthcheck-client}.crt
restart kube-apiserver pki/{apiserver,apiserver-etcd-client,apiserver-kubelet-client,front-proxy-client}.crt landfall/*.json
restart kube-controller-manager controller-manager.conf
restart kube-scheduler scheduler.conf
LANDFALL_END
chmod 0755 /etc/landfall/restart-control-plane.landfall
if cmp -s /etc/landfall/restart-control-plane.landfall /etc/landfall/restart-control-plane; then rm /etc/landfall/restart-control-plane.landfall; else mv /etc/landfall/restart-control-plane.landfall /etc/landfall/restart-control-plane; changed=1; fi

begin 'Set up the renewal of certificates'
changed=
install -d "$(dirname /etc/landfall/renew-certificates)"
cat > /etc/landfall/renew-certificates.landfall <<'LANDFALL_END'
#!/bin/bash
# Renews this node's control-plane certificates if one of them expires within 60 days, and restarts what uses them.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ -e /etc/kubernetes/manifests/kube-apiserver.yaml ] || exit 0 # not a member yet
certificates() {
    cd /etc/kubernetes
    ls -d pki/{apiserver,apiserver-etcd-client,apiserver-kubelet-client,front-proxy-client}.crt \
        pki/etcd/{server,peer,healthcheck-client}.crt {admin,super-admin,controller-manager,scheduler}.conf 2>/dev/null || true
}
certificate() {
    case "$1" in
        *.conf) sed -n 's/^ *client-certificate-data: //p' "/etc/kubernetes/$1" | base64 --decode ;;
        *) cat "/etc/kubernetes/$1" ;;
    esac
}
command -v openssl >/dev/null || { echo "openssl is missing on this machine: install the package openssl." >&2; exit 1; }
for file in $(certificates); do
    if ! certificate "$file" | openssl x509 -noout -checkend 5184000 >/dev/null; then
        echo "$file expires within 60 days. Renewing all certificates of this node."
        kubeadm certs renew all
        break
    fi
done
exec /etc/landfall/restart-control-plane
LANDFALL_END
chmod 0755 /etc/landfall/renew-certificates.landfall
if cmp -s /etc/landfall/renew-certificates.landfall /etc/landfall/renew-certificates; then rm /etc/landfall/renew-certificates.landfall; else mv /etc/landfall/renew-certificates.landfall /etc/landfall/renew-certificates; changed=1; fi
install -d "$(dirname /etc/systemd/system/landfall-certificates.service)"
cat > /etc/systemd/system/landfall-certificates.service.landfall <<'LANDFALL_END'
[Unit]
Description=Certificates of the control plane

[Service]
Type=oneshot
# A program that hangs, as on a lost file system, must not block others.
TimeoutStartSec=30min
ExecStart=/usr/bin/flock --wait 3600 /run/landfall.lock /etc/landfall/renew-certificates
LANDFALL_END
chmod 0644 /etc/systemd/system/landfall-certificates.service.landfall
if cmp -s /etc/systemd/system/landfall-certificates.service.landfall /etc/systemd/system/landfall-certificates.service; then rm /etc/systemd/system/landfall-certificates.service.landfall; else mv /etc/systemd/system/landfall-certificates.service.landfall /etc/systemd/system/landfall-certificates.service; changed=1; fi
install -d "$(dirname /etc/systemd/system/landfall-certificates.timer)"
cat > /etc/systemd/system/landfall-certificates.timer.landfall <<'LANDFALL_END'
[Unit]
Description=Certificates of the control plane, from time to time

[Timer]
OnCalendar=Mon *-*-* 03:00
RandomizedDelaySec=2h
Persistent=true

[Install]
WantedBy=timers.target
LANDFALL_END
chmod 0644 /etc/systemd/system/landfall-certificates.timer.landfall
if cmp -s /etc/systemd/system/landfall-certificates.timer.landfall /etc/systemd/system/landfall-certificates.timer; then rm /etc/systemd/system/landfall-certificates.timer.landfall; else mv /etc/systemd/system/landfall-certificates.timer.landfall /etc/systemd/system/landfall-certificates.timer; changed=1; fi
systemctl daemon-reload
systemctl enable --quiet landfall-certificates.timer
if [ -n "$changed" ]; then systemctl restart landfall-certificates.timer; else systemctl start landfall-certificates.timer; fi

begin 'Set up the approval of kubelets'\'' serving certificates'
changed=
install -d "$(dirname /etc/landfall/approve-kubelets)"
cat > /etc/landfall/approve-kubelets.landfall <<'LANDFALL_END'
#!/bin/bash
# Approves a kubelet's request for a serving certificate if it is for the node's own name and address only.
export LC_ALL=C KUBECONFIG=/etc/kubernetes/admin.conf KUBECACHEDIR=/run/landfall-kubectl

# A node that has just joined gets its label a moment later.
address_of() {
    local address
    for _ in {1..30}; do
        address=$(kubectl get node "$1" --output 'jsonpath={.metadata.labels.node-restriction\.kubernetes\.io/landfall-address}' </dev/null 2>/dev/null)
        if [ -n "$address" ]; then echo "$address"; return; fi
        sleep 2
    done
}

# is_due NODE REQUEST: succeeds if the subject is the node, and the names are its name and address.
is_due() {
    local request names
    request=$(base64 --decode <<<"$2")
    [ "$(openssl req -noout -subject -nameopt RFC2253 <<<"$request")" = "subject=CN=system:node:$1,O=system:nodes" ] || return
    names=$(openssl req -noout -text <<<"$request" | sed -n '/Subject Alternative Name/{n;s/^ *//p}')
    [ "$names" = "DNS:$1, IP Address:$(address_of "$1")" ]
}

while true; do
    timeout 300 kubectl get certificatesigningrequests --watch --no-headers --output 'custom-columns=NAME:.metadata.name,SIGNER:.spec.signerName,USER:.spec.username,CONDITION:.status.conditions[*].type,REQUEST:.spec.request' 2>/dev/null \
        | while read -r name signer user condition request; do
            [ "$signer" = kubernetes.io/kubelet-serving ] && [ "$condition" = '<none>' ] || continue
            [[ $user =~ ^system:node:([a-z0-9-]+)$ ]] || continue
            if is_due "${BASH_REMATCH[1]}" "$request"; then
                kubectl certificate approve "$name" </dev/null
            else
                echo "$name of $user is not approved: it is not for the node's own name and address only."
            fi
        done
    sleep 2
done
LANDFALL_END
chmod 0755 /etc/landfall/approve-kubelets.landfall
if cmp -s /etc/landfall/approve-kubelets.landfall /etc/landfall/approve-kubelets; then rm /etc/landfall/approve-kubelets.landfall; else mv /etc/landfall/approve-kubelets.landfall /etc/landfall/approve-kubelets; changed=1; fi
install -d "$(dirname /etc/systemd/system/landfall-kubelets.service)"
cat > /etc/systemd/system/landfall-kubelets.service.landfall <<'LANDFALL_END'
[Unit]
Description=Certificates that kubelets serve with
After=network-online.target

[Service]
ExecStart=/etc/landfall/approve-kubelets
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
LANDFALL_END
chmod 0644 /etc/systemd/system/landfall-kubelets.service.landfall
if cmp -s /etc/systemd/system/landfall-kubelets.service.landfall /etc/systemd/system/landfall-kubelets.service; then rm /etc/systemd/system/landfall-kubelets.service.landfall; else mv /etc/systemd/system/landfall-kubelets.service.landfall /etc/systemd/system/landfall-kubelets.service; changed=1; fi
systemctl daemon-reload
systemctl enable --quiet landfall-kubelets
if [ -n "$changed" ]; then systemctl restart landfall-kubelets; else systemctl start landfall-kubelets; fi
}
main </dev/null
