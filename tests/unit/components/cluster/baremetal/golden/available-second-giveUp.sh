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

begin 'Give up dead control-plane nodes that the settings no longer name'
pki=/etc/kubernetes/pki/etcd
etcdctl() {
    crictl exec "$(crictl ps --quiet --state Running --label io.kubernetes.container.name=etcd | head -n 1)" etcdctl \
        --endpoints https://127.0.0.1:2379 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key "$@"
}
etcdctl member list | while IFS=', ' read -r id _ name peer url _; do
    if [ "$name" != two ] && [ "$peer" != https://198.18.40.12:2380 ]; then
        case " one three " in *" $name "*) continue ;; esac
        if curl --silent --max-time 5 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key \
            --output /dev/null "$url/health"; then continue; fi
    fi
    etcdctl member remove "$id" >/dev/null
    if [ -n "$name" ]; then kubectl delete node "$name" --ignore-not-found --wait=false >/dev/null; fi
done
}
main </dev/null
