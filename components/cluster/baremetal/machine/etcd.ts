// @ts-nocheck
/** etcdctl of the etcd that runs on the node itself. */
export const etcdctl = `pki=/etc/kubernetes/pki/etcd
etcdctl() {
    crictl exec "$(crictl ps --quiet --state Running --label io.kubernetes.container.name=etcd | head -n 1)" etcdctl \\
        --endpoints https://127.0.0.1:2379 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key "$@"
}`;
