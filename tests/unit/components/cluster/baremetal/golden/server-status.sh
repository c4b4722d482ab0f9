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
[ -e /var/lib/landfall/owner ] || exit 0
owner=$(cat /var/lib/landfall/owner)
[ "$owner" = "landfall/server" ] || exit 0
if [ -e /var/lib/landfall/member ] && [ ! -e /etc/kubernetes/kubelet.conf ]; then exit 0; fi
df --output=avail,size -B1M /var/lib | awk 'NR == 2 && $2 > 0 { print "free=" int(100 * $1 / $2) }'
if systemctl --quiet is-failed landfall-snapshot.service; then echo snapshots=failed; fi
if [ -e /var/lib/landfall/incarnation ]; then
    member=$(cat /var/lib/landfall/incarnation)
    echo "member=$member"
fi
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
authorities=$([ ! -e /etc/kubernetes/pki/ca.key ] || echo pki/ca.crt pki/etcd/ca.crt pki/front-proxy-ca.crt)
for file in $authorities $(certificates 2>/dev/null || true) \
    /var/lib/kubelet/pki/kubelet-{client,server}-current.pem; do
    case "$file" in /*) pem=$(cat "$file" 2>/dev/null || true) ;; *) pem=$(certificate "$file" 2>/dev/null || true) ;; esac
    end=$(openssl x509 -noout -enddate <<<"$pem" 2>/dev/null | cut -d= -f 2 || true)
    if [ -n "$end" ]; then echo "expires=$(date --date "$end" +%s) $file"; fi
done
if [ -e /var/lib/landfall/administrator ]; then
    administrator=$(cat /var/lib/landfall/administrator)
    echo "administrator=$administrator"
fi
if [ -e /var/lib/landfall/cluster ]; then
    incarnation=$(cat /var/lib/landfall/cluster)
    echo "incarnation=$incarnation"
    kubectl get nodes --request-timeout 5s --output 'jsonpath={range .items[*]}known={.metadata.name} '\
'{.metadata.annotations.landfall\.dev/incarnation}{"\n"}{end}' 2>/dev/null && echo asked=yes || true
fi

begin 'Look what the node was made with'
if [ -e /var/lib/landfall/member ] && [ -e /etc/kubernetes/kubelet.conf ]; then
    address=$(sed -n 's/.*--node-ip=\([0-9.]*\).*/\1/p' /var/lib/kubelet/kubeadm-flags.env 2>/dev/null || true)
    echo "made.address=$address"
    role=worker
    for directory in /etc/kubernetes/manifests /var/lib/landfall/stopped-manifests; do
        manifest=$directory/kube-controller-manager.yaml
        if [ ! -e $manifest ]; then continue; fi
        role=control-plane
        sed -n -e 's/^ *- --cluster-cidr=/made.podSubnet=/p' -e 's/^ *- --service-cluster-ip-range=/made.serviceSubnet=/p' $manifest
        sed -n 's|^ *server: https://|made.endpoint=|p' /etc/kubernetes/admin.conf 2>/dev/null || true
        networks=$(ls /etc/cni/net.d 2>/dev/null | grep -v -e podman -e containerd -e crio || true)
        if grep --quiet --line-regexp 10-kube-router.conflist <<<"$networks"; then echo made.network=kube-router
        elif [ -n "$networks" ]; then echo made.network=none
        fi
    done
    echo "made.role=$role"
    if [ $role = control-plane ]; then
        version=$(kubectl get --raw /version --server "https://$address:6443" --request-timeout 5s 2>/dev/null \
            | sed -n 's/.*"gitVersion": *"\([^"]*\)".*/\1/p' || true)
        echo "made.kubernetesVersion=$version"
        if [ -n "$version" ]; then
            kubectl get nodes,persistentvolumes --server "https://$address:6443" --request-timeout 5s \
                --output 'jsonpath={range .items[*]}{.kind}|{.metadata.name}|{.status.conditions[?(@.type=="Ready")].status}|{.status.phase}|{.spec.hostPath.path}|{.spec.nodeAffinity.required.nodeSelectorTerms[*].matchExpressions[*].values[*]}|{.spec.claimRef.namespace}|{.spec.claimRef.name}{"\n"}{end}' 2>/dev/null \
                | awk -F'|' '$1 == "Node" { nodes++; if ($3 == "True") ready[$2] = 1 }
                    $4 == "Bound" && $6 == "" && $5 ~ "^/[^ ]*$" { volumes = volumes " " $5 }
                    $4 == "Bound" && $6 in ready { homes = homes " " $6 "=" $7 "/" $8 }
                    END { if (nodes == 1 && volumes) print "made.volumes=" substr(volumes, 2)
                        if (homes) print "made.homes=" substr(homes, 2) }' || true
        fi
    fi
fi
}
main </dev/null
