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

begin 'Look whether the machine is a member'
member=
if [ -e /var/lib/landfall/member ]; then member=$(cat /var/lib/landfall/member); fi
if [ "$member" = id-one ]; then exit 0; fi

begin 'Take away what an interrupted run has left'
rm -f /var/lib/landfall/member
if [ -e /etc/kubernetes/kubelet.conf ] || [ -n "$(ls /etc/kubernetes/manifests 2>/dev/null)" ]; then
    kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock >/dev/null 2>&1
fi
rm -rf /etc/kubernetes/{admin,super-admin,kubelet,bootstrap-kubelet,controller-manager,scheduler}.conf /etc/kubernetes/pki /var/lib/etcd

begin 'Write the API server'\''s audit policy and who may ask without a name'
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

begin 'Begin from the snapshot that was brought, if one was'
if [ -e /var/lib/landfall/recovery/etcd.db ]; then
    (umask 077; mkdir -p /etc/kubernetes/pki; cp -r /var/lib/landfall/recovery/pki/. /etc/kubernetes/pki)
    chmod 0644 /etc/kubernetes/pki/{ca,front-proxy-ca,etcd/ca}.crt
    install -m 0600 /var/lib/landfall/recovery/encryption.json /etc/kubernetes/landfall/encryption.json
    etcdutl() {
        local image code=0 at
        image=$(kubeadm config images list --kubernetes-version "$(kubelet --version | cut -d ' ' -f 2)" 2>/dev/null | grep /etcd:)
        [ -n "$(ctr --namespace k8s.io images list --quiet "name==$image")" ] || crictl pull "$image" >/dev/null
        for at in /run/landfall-etcd.*; do # left by a run that was interrupted
            ctr --namespace k8s.io images unmount --rm "$at" >/dev/null 2>&1 && rmdir "$at" 2>/dev/null || true
        done
        at=$(mktemp -d /run/landfall-etcd.XXXXXX) # containerd 2.4 doesn't mount at a place twice
        ctr --namespace k8s.io images mount "$image" "$at" >/dev/null
        "$at/usr/local/bin/etcdutl" "$@" 2>/run/landfall-etcdutl.log || code=$?
        ctr --namespace k8s.io images unmount --rm "$at" >/dev/null
        rmdir "$at"
        [ "$code" -eq 0 ] || tail -n 5 /run/landfall-etcdutl.log >&2
        rm /run/landfall-etcdutl.log
        return "$code"
    }
    install -d -m 0700 /var/lib/etcd
    find /var/lib/etcd -mindepth 1 -delete
    held=$(etcdutl snapshot status /var/lib/landfall/recovery/etcd.db --write-out json | sed -n 's/.*"revision":\([0-9]*\).*/\1/p')
    bump=$(($(date +%s)000 - held))
    if [ "$bump" -lt 1000000000 ]; then bump=1000000000; fi
    etcdutl snapshot restore /var/lib/landfall/recovery/etcd.db --data-dir /var/lib/etcd --bump-revision "$bump" --mark-compacted \
        --name one --initial-cluster one=https://198.18.40.11:2380 \
        --initial-advertise-peer-urls https://198.18.40.11:2380 --initial-cluster-token landfall >/dev/null
fi

begin 'Make the key that encrypts secrets at rest'
if [ ! -e /etc/kubernetes/landfall/encryption.json ]; then
    key=$(head -c 32 /dev/urandom | base64 --wrap=0)
    (umask 077; cat > /etc/kubernetes/landfall/encryption.json <<LANDFALL_END
{
  "apiVersion": "apiserver.config.k8s.io/v1",
  "kind": "EncryptionConfiguration",
  "resources": [
    {
      "resources": [
        "secrets"
      ],
      "providers": [
        {
          "secretbox": {
            "keys": [
              {
                "name": "key1",
                "secret": "$key"
              }
            ]
          }
        },
        {
          "identity": {}
        }
      ]
    }
  ]
}
LANDFALL_END
    )
fi

begin 'Write kubeadm'\''s configuration'
changed=
install -d "$(dirname /etc/kubernetes/landfall/kubeadm.yaml)"
cat > /etc/kubernetes/landfall/kubeadm.yaml.landfall <<'LANDFALL_END'
{
  "apiVersion": "kubeadm.k8s.io/v1beta4",
  "kind": "InitConfiguration",
  "nodeRegistration": {
    "name": "one",
    "criSocket": "unix:///run/containerd/containerd.sock",
    "imagePullPolicy": "IfNotPresent",
    "kubeletExtraArgs": [
      {
        "name": "node-ip",
        "value": "198.18.40.11"
      }
    ],
    "ignorePreflightErrors": [
      "SystemVerification"
    ],
    "taints": []
  },
  "localAPIEndpoint": {
    "advertiseAddress": "198.18.40.11",
    "bindPort": 6443
  },
  "bootstrapTokens": [
    {
      "ttl": "1m0s"
    }
  ],
  "timeouts": {
    "controlPlaneComponentHealthCheck": "10m0s",
    "etcdAPICall": "5m0s",
    "kubernetesAPICall": "3m0s"
  }
}
---
{
  "apiVersion": "kubeadm.k8s.io/v1beta4",
  "kind": "ClusterConfiguration",
  "clusterName": "landfall-server",
  "kubernetesVersion": "v1.36.4",
  "controlPlaneEndpoint": "198.18.40.11:6443",
  "networking": {
    "podSubnet": "198.19.0.0/17",
    "serviceSubnet": "198.19.128.0/20"
  },
  "apiServer": {
    "certSANs": [
      "198.18.40.11"
    ],
    "extraArgs": [
      {
        "name": "audit-log-maxage",
        "value": "30"
      },
      {
        "name": "audit-log-maxbackup",
        "value": "10"
      },
      {
        "name": "audit-log-maxsize",
        "value": "100"
      },
      {
        "name": "audit-log-path",
        "value": "/var/log/kubernetes/audit.log"
      },
      {
        "name": "audit-policy-file",
        "value": "/etc/kubernetes/landfall/audit-policy.json"
      },
      {
        "name": "authentication-config",
        "value": "/etc/kubernetes/landfall/authentication.json"
      },
      {
        "name": "encryption-provider-config",
        "value": "/etc/kubernetes/landfall/encryption.json"
      },
      {
        "name": "kubelet-certificate-authority",
        "value": "/etc/kubernetes/pki/ca.crt"
      },
      {
        "name": "profiling",
        "value": "false"
      },
      {
        "name": "tls-cipher-suites",
        "value": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
      },
      {
        "name": "tls-min-version",
        "value": "VersionTLS12"
      }
    ],
    "extraVolumes": [
      {
        "name": "landfall",
        "hostPath": "/etc/kubernetes/landfall",
        "mountPath": "/etc/kubernetes/landfall",
        "readOnly": true,
        "pathType": "Directory"
      },
      {
        "name": "audit",
        "hostPath": "/var/log/kubernetes",
        "mountPath": "/var/log/kubernetes",
        "pathType": "DirectoryOrCreate"
      }
    ]
  },
  "controllerManager": {
    "extraArgs": [
      {
        "name": "profiling",
        "value": "false"
      },
      {
        "name": "terminated-pod-gc-threshold",
        "value": "500"
      }
    ]
  },
  "scheduler": {
    "extraArgs": [
      {
        "name": "profiling",
        "value": "false"
      }
    ]
  }
}
---
{
  "apiVersion": "kubelet.config.k8s.io/v1beta1",
  "kind": "KubeletConfiguration",
  "authentication": {
    "anonymous": {
      "enabled": false
    },
    "webhook": {
      "enabled": true
    }
  },
  "authorization": {
    "mode": "Webhook"
  },
  "cgroupDriver": "systemd",
  "podPidsLimit": 4096,
  "protectKernelDefaults": true,
  "readOnlyPort": 0,
  "rotateCertificates": true,
  "seccompDefault": true,
  "serverTLSBootstrap": true,
  "streamingConnectionIdleTimeout": "5m0s",
  "tlsCipherSuites": [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
  ],
  "tlsMinVersion": "VersionTLS12"
}
---
{
  "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
  "kind": "KubeProxyConfiguration",
  "conntrack": {
    "maxPerCore": 0
  }
}
LANDFALL_END
chmod 0600 /etc/kubernetes/landfall/kubeadm.yaml.landfall
if cmp -s /etc/kubernetes/landfall/kubeadm.yaml.landfall /etc/kubernetes/landfall/kubeadm.yaml; then rm /etc/kubernetes/landfall/kubeadm.yaml.landfall; else mv /etc/kubernetes/landfall/kubeadm.yaml.landfall /etc/kubernetes/landfall/kubeadm.yaml; changed=1; fi

begin 'Begin the cluster (kubeadm init)'
kubeadm init --config /etc/kubernetes/landfall/kubeadm.yaml --skip-token-print \
    --ignore-preflight-errors DirAvailable--var-lib-etcd >/var/log/landfall-kubeadm.log 2>&1 \
    || { tail -n 20 /var/log/landfall-kubeadm.log >&2; exit 1; }

begin 'Forget the nodes of the snapshot'
if [ -e /var/lib/landfall/recovery ]; then
    for _ in $(seq 60); do
        ! kubectl get --raw /readyz >/dev/null 2>&1 || break
        sleep 1
    done
    { kubectl get nodes --output name | grep --invert-match --line-regexp node/one || true; } \
        | xargs --no-run-if-empty kubectl delete --wait=false >/dev/null
    kubectl uncordon one >/dev/null
    rm -rf /var/lib/landfall/recovery
fi

begin 'Remember that the machine is a member'
echo id-one > /var/lib/landfall/member
}
main </dev/null
