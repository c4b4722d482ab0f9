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

begin 'Remove what an interrupted run has left'
rm -f /var/lib/landfall/member
if [ -e /etc/kubernetes/kubelet.conf ] || [ -n "$(ls /etc/kubernetes/manifests 2>/dev/null)" ]; then
    kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock >/dev/null 2>&1
fi
rm -rf /etc/kubernetes/{admin,super-admin,kubelet,bootstrap-kubelet,controller-manager,scheduler}.conf /etc/kubernetes/pki /var/lib/etcd

begin 'Write the API server'\''s audit policy and authentication'
changed=
install -d -m 0700 /etc/kubernetes/landfall
install -d -m 0700 /var/log/kubernetes
install -d "$(dirname /etc/kubernetes/landfall/audit-policy.json)"
cat > /etc/kubernetes/landfall/audit-policy.json.landfall <<'LANDFALL_END'
{
  "apiVersion": "audit.k8s.io/v1",
  "kind": "Policy",
  "omitStages": [
    "RequestReceived"
  ],
  "rules": [
    {
      "level": "None",
      "nonResourceURLs": [
        "/healthz*",
        "/livez*",
        "/readyz*",
        "/version"
      ]
    },
    {
      "level": "None",
      "userGroups": [
        "system:nodes"
      ],
      "verbs": [
        "get",
        "list",
        "watch"
      ]
    },
    {
      "level": "None",
      "resources": [
        {
          "group": "coordination.k8s.io",
          "resources": [
            "leases"
          ]
        }
      ]
    },
    {
      "level": "Metadata",
      "resources": [
        {
          "group": "",
          "resources": [
            "secrets",
            "configmaps",
            "serviceaccounts/token"
          ]
        },
        {
          "group": "authentication.k8s.io",
          "resources": [
            "tokenreviews"
          ]
        }
      ]
    },
    {
      "level": "None",
      "verbs": [
        "get",
        "list",
        "watch"
      ],
      "userGroups": [
        "system:serviceaccounts:kube-system"
      ]
    },
    {
      "level": "Metadata",
      "verbs": [
        "get",
        "list",
        "watch"
      ]
    },
    {
      "level": "Request"
    }
  ]
}
LANDFALL_END
chmod 0600 /etc/kubernetes/landfall/audit-policy.json.landfall
if cmp -s /etc/kubernetes/landfall/audit-policy.json.landfall /etc/kubernetes/landfall/audit-policy.json; then rm /etc/kubernetes/landfall/audit-policy.json.landfall; else mv /etc/kubernetes/landfall/audit-policy.json.landfall /etc/kubernetes/landfall/audit-policy.json; changed=1; fi
install -d "$(dirname /etc/kubernetes/landfall/authentication.json)"
cat > /etc/kubernetes/landfall/authentication.json.landfall <<'LANDFALL_END'
{
  "apiVersion": "apiserver.config.k8s.io/v1",
  "kind": "AuthenticationConfiguration",
  "anonymous": {
    "enabled": true,
    "conditions": [
      {
        "path": "/livez"
      },
      {
        "path": "/readyz"
      },
      {
        "path": "/healthz"
      }
    ]
  }
}
LANDFALL_END
chmod 0600 /etc/kubernetes/landfall/authentication.json.landfall
if cmp -s /etc/kubernetes/landfall/authentication.json.landfall /etc/kubernetes/landfall/authentication.json; then rm /etc/kubernetes/landfall/authentication.json.landfall; else mv /etc/kubernetes/landfall/authentication.json.landfall /etc/kubernetes/landfall/authentication.json; changed=1; fi

begin 'Unpack the control plane'\''s keys'
(umask 077; base64 --decode <<<"$KEYS" | tar -xz -C /etc/kubernetes --no-same-owner)

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
    "name": "two",
    "criSocket": "unix:///run/containerd/containerd.sock",
    "imagePullPolicy": "IfNotPresent",
    "kubeletExtraArgs": [
      {
        "name": "node-ip",
        "value": "198.18.40.12"
      }
    ],
    "ignorePreflightErrors": [],
    "taints": [
      {
        "key": "node-role.kubernetes.io/control-plane",
        "effect": "NoSchedule"
      }
    ]
  },
  "discovery": {
    "file": {
      "kubeConfigPath": "/run/landfall/discovery.conf"
    }
  },
  "controlPlane": {
    "localAPIEndpoint": {
      "advertiseAddress": "198.18.40.12",
      "bindPort": 6443
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

begin 'Record that the machine is a member'
echo id-two > /var/lib/landfall/member
}
main </dev/null
