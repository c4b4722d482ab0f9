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

begin 'Note how the machine was found, and whose it is now'
install -d -m 0700 /var/lib/landfall
if [ ! -e /var/lib/landfall/found ]; then
    rm -rf /var/lib/landfall/found.new
    mkdir /var/lib/landfall/found.new
    dpkg-query --show --showformat '${Package}\n' | sort -u > /var/lib/landfall/found.new/packages
    for setting in net.ipv4.ip_forward vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops; do
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
echo id > /var/lib/landfall/cluster

begin 'Set the kernel'
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
# As the kubelet wants it that protects the kernel's defaults.
vm.overcommit_memory = 1
vm.panic_on_oom = 0
kernel.panic = 10
kernel.panic_on_oops = 1
LANDFALL_END
chmod 0644 /etc/sysctl.d/90-landfall.conf.landfall
if cmp -s /etc/sysctl.d/90-landfall.conf.landfall /etc/sysctl.d/90-landfall.conf; then rm /etc/sysctl.d/90-landfall.conf.landfall; else mv /etc/sysctl.d/90-landfall.conf.landfall /etc/sysctl.d/90-landfall.conf; changed=1; fi
sysctl --quiet --load /etc/sysctl.d/90-landfall.conf

begin 'Install packages from the bundle'
. /etc/os-release
cd /var/lib/landfall/bundle/packages/"$ID-${VERSION_ID-}-$(dpkg --print-architecture)"
missing=()
for file in *.deb; do
    name=$(dpkg-deb --field "$file" Package)
    dpkg-query --show --showformat '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$file")
done
[ ${#missing[@]} -eq 0 ] || dpkg --install "${missing[@]}" >/dev/null

begin 'Install Kubernetes from the bundle'
if [ ! -e /var/lib/landfall/member ]; then
    arch=$(dpkg --print-architecture)
    install -m 0755 /var/lib/landfall/bundle/bin/"$arch"/{kubelet,kubeadm,kubectl,crictl,etcdctl} /usr/bin/
    install -d /opt/cni/bin
    install -m 0755 /var/lib/landfall/bundle/cni/"$arch"/* /opt/cni/bin/
fi

begin 'Import the images of the bundle'
systemctl enable --quiet --now containerd
cd /var/lib/landfall/bundle
install -d /var/lib/landfall/images
for file in images/*.tar; do
    sum=$(grep "  $file$" .checked)
    grep -qxF "$sum" /var/lib/landfall/images/imported 2>/dev/null && continue
    ctr --namespace k8s.io images import --no-unpack "$file" >/dev/null
    echo "$sum" >> /var/lib/landfall/images/imported
done
for image in $(ctr --namespace k8s.io images list --quiet | grep -v ^sha256:); do
    ctr --namespace k8s.io images label "$image" io.cri-containerd.pinned=pinned >/dev/null
done

begin 'Check the version'
[ -e /var/lib/landfall/member ] || [ "$(kubelet --version)" = "Kubernetes v1.36.3" ]

begin 'Set up the container runtime'
changed=
pause=$(kubeadm config images list 2>/dev/null | grep /pause:)
sed "s#@PAUSE@#$pause#" <<'LANDFALL_END' > /run/landfall-containerd.toml
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
if [ -n "$changed" ]; then systemctl restart containerd; else systemctl start containerd; fi

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

begin 'Share no virtual address'
if [ -e /etc/landfall/check-api ] || [ -e /etc/landfall/check-gateway ]; then
    systemctl disable --quiet --now keepalived
    rm -f /etc/keepalived/keepalived.conf /etc/landfall/check-{api,gateway}
fi

begin 'Leave load balancers'\'' Services to others'
if [ -e /etc/systemd/system/landfall-addresses.service ]; then
    systemctl disable --quiet --now landfall-addresses
    rm -f /etc/systemd/system/landfall-addresses.service /etc/landfall/give-addresses
    systemctl daemon-reload
fi
}
main </dev/null
