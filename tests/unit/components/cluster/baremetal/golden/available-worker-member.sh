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

begin 'Take away what an interrupted run has left'
rm -f /var/lib/landfall/member
if [ -e /etc/kubernetes/kubelet.conf ] || [ -n "$(ls /etc/kubernetes/manifests 2>/dev/null)" ]; then
    kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock >/dev/null 2>&1
fi
rm -rf /etc/kubernetes/{admin,super-admin,kubelet,bootstrap-kubelet,controller-manager,scheduler}.conf /etc/kubernetes/pki /var/lib/etcd

begin 'Write kubeadm'\''s configuration'
changed=
(umask 077; mkdir -p /run/landfall)
trap 'code=$?; rm -f /run/landfall/discovery.conf; [ "$code" -eq 0 ] || echo "landfall: failed: $task" >&2' EXIT
(umask 077; cat > /run/landfall/discovery.conf <<LANDFALL_END
{
  "apiVersion": "v1",
  "kind": "Config",
  "current-context": "join",
  "contexts": [
    {
      "name": "join",
      "context": {
        "cluster": "join",
        "user": "join"
      }
    }
  ],
  "clusters": [
    {
      "name": "join",
      "cluster": {
        "server": "https://198.18.40.100:6443",
        "certificate-authority-data": "$AUTHORITY"
      }
    }
  ],
  "users": [
    {
      "name": "join",
      "user": {
        "token": "$TOKEN"
      }
    }
  ]
}
LANDFALL_END
)
install -d "$(dirname /etc/kubernetes/landfall-join.yaml)"
cat > /etc/kubernetes/landfall-join.yaml.landfall <<'LANDFALL_END'
{
  "apiVersion": "kubeadm.k8s.io/v1beta4",
  "kind": "JoinConfiguration",
  "nodeRegistration": {
    "name": "web",
    "criSocket": "unix:///run/containerd/containerd.sock",
    "imagePullPolicy": "IfNotPresent",
    "kubeletExtraArgs": [
      {
        "name": "node-ip",
        "value": "198.18.40.21"
      }
    ],
    "ignorePreflightErrors": []
  },
  "discovery": {
    "file": {
      "kubeConfigPath": "/run/landfall/discovery.conf"
    }
  },
  "timeouts": {
    "controlPlaneComponentHealthCheck": "10m0s",
    "etcdAPICall": "5m0s",
    "kubernetesAPICall": "3m0s"
  }
}
LANDFALL_END
chmod 0600 /etc/kubernetes/landfall-join.yaml.landfall
if cmp -s /etc/kubernetes/landfall-join.yaml.landfall /etc/kubernetes/landfall-join.yaml; then rm /etc/kubernetes/landfall-join.yaml.landfall; else mv /etc/kubernetes/landfall-join.yaml.landfall /etc/kubernetes/landfall-join.yaml; changed=1; fi

begin 'Join the cluster (kubeadm join)'
kubeadm join --config /etc/kubernetes/landfall-join.yaml >/var/log/landfall-kubeadm.log 2>&1 \
    || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }

begin 'Remember that the machine is a member'
echo id-web > /var/lib/landfall/member
}
main </dev/null
