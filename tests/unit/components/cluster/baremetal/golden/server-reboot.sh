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

begin 'Reboot'
boot="$(cat /proc/sys/kernel/random/boot_id) $(awk '{ print $22 }' /proc/1/stat)"
[ "$boot" = 'ID' ] || exit 0
systemctl reboot --no-block --message 'Landfall: a package asks for it'

begin 'Wait for the API server of the node'
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

begin 'Remember that the machine is patched'
printf '%s\n' '2026-11' > /var/lib/landfall/patched
rm -f /var/lib/landfall/patching
}
main </dev/null
