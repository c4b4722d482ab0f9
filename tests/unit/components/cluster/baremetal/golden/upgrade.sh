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

begin 'Check which version one runs'
kubectl get node one --output 'jsonpath={.status.nodeInfo.kubeletVersion}'

begin 'Check the container runtime and the kubelet'\''s reservations'
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
    has_package containerd.io 2.4.2 || echo 'containerd.io=2.4.2-*'
}
is_replaced() {
    case "$(readlink "/proc/$(systemctl show --property MainPID --value containerd)/exe")" in *' (deleted)') ;; *) return 1 ;; esac
}
if [ -n "$(packages_lacking)" ] || is_replaced; then echo runtime; fi
containerd_wanted | cmp -s - /etc/containerd/config.toml || echo containerd
kubelet_wanted | cmp -s - /etc/kubernetes/kubelet.conf.d/05-landfall.conf || echo kubelet

begin 'Install the new kubeadm'
. /etc/os-release
patiently apt-get update --quiet
patiently apt-get install --quiet --yes --no-install-recommends --no-upgrade ca-certificates curl gnupg
install -d -m 0755 /etc/apt/keyrings
export GNUPGHOME=/run/landfall-gnupg # gpg would create one in root's home
rm -rf $GNUPGHOME
install -d -m 0700 $GNUPGHOME
trust() {
    local keys all=$GNUPGHOME/$1.all own=$GNUPGHOME/$1.own
    curl --fail --silent --show-error --location --output $GNUPGHOME/$1.asc "$2"
    gpg --batch --quiet --no-default-keyring --keyring $all --import $GNUPGHOME/$1.asc || true
    # Trusts the pinned key only, whatever else is in the file. It must be a primary key: a subkey would bring another along.
    keys=$(gpg --batch --quiet --no-default-keyring --keyring $all --export "$3" 2>/dev/null | tee $own \
        | gpg --batch --show-keys --with-colons 2>/dev/null \
        | awk -F: '$1 == "pub" { key = 1 } $1 == "fpr" && key { print $10; key = 0 }') || true
    [ "$keys" = "$3" ] || { echo "$2 doesn't contain the pinned key $3." >&2; exit 1; }
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
patiently apt-get install --quiet --yes --no-install-recommends --allow-change-held-packages 'kubeadm=1.36.4-*' cri-tools
installed=$({ dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' containerd containerd.io runc keepalived kubelet kubeadm kubectl kubernetes-cni cri-tools 2>/dev/null || true; } \
    | awk '$1 == "installed" { print $2 }')
[ -z "$installed" ] || patiently apt-mark hold $installed

begin 'Upgrade the node (kubeadm upgrade)'
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

# If a leader just stops, writes wait for an election.
hand_on_lead() {
    local own other
    own=$(etcdctl endpoint status | cut -d , -f 2 | tr -d ' ')
    other=$(etcdctl member list | cut -d , -f 1 | grep --invert-match --line-regexp "$own" | head -n 1 || true)
    if [ -n "$other" ]; then etcdctl move-leader "$other" >/dev/null 2>&1 || true; fi # fails if this node isn't the leader
}
trap 'code=$?; rm -f /run/landfall/api-aside; [ "$code" -eq 0 ] || echo "landfall: failed: $task" >&2' EXIT
hand_on
hand_on_lead || true
running=$(kubectl get configmap kubeadm-config --namespace kube-system \
    --output 'jsonpath={.data.ClusterConfiguration}' | awk '$1 == "kubernetesVersion:" { print $2 }')
if [ "$running" = v1.36.4 ]; then
    kubeadm upgrade node >/var/log/landfall-kubeadm.log 2>&1 || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }
else
    kubeadm upgrade apply --yes v1.36.4 >/var/log/landfall-kubeadm.log 2>&1 || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }
fi

begin 'Hand over the API'\''s address and etcd'\''s leadership'
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

# If a leader just stops, writes wait for an election.
hand_on_lead() {
    local own other
    own=$(etcdctl endpoint status | cut -d , -f 2 | tr -d ' ')
    other=$(etcdctl member list | cut -d , -f 1 | grep --invert-match --line-regexp "$own" | head -n 1 || true)
    if [ -n "$other" ]; then etcdctl move-leader "$other" >/dev/null 2>&1 || true; fi # fails if this node isn't the leader
}
trap 'code=$?; rm -f /run/landfall/api-aside; [ "$code" -eq 0 ] || echo "landfall: failed: $task" >&2' EXIT
hand_on
hand_on_lead || true

begin 'Install the container runtime'
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

begin 'Configure the container runtime'
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

begin 'Reserve resources for the system'
install -d /etc/kubernetes/kubelet.conf.d
kubelet_wanted > /etc/kubernetes/kubelet.conf.d/05-landfall.conf

begin 'Install the new kubelet'
patiently apt-get install --quiet --yes --no-install-recommends --allow-change-held-packages 'kubelet=1.36.4-*' 'kubeadm=1.36.4-*' 'kubectl=1.36.4-*' cri-tools
installed=$({ dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' containerd containerd.io runc keepalived kubelet kubeadm kubectl kubernetes-cni cri-tools 2>/dev/null || true; } \
    | awk '$1 == "installed" { print $2 }')
[ -z "$installed" ] || patiently apt-mark hold $installed
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

begin 'Wait for the node'\''s API server'
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
