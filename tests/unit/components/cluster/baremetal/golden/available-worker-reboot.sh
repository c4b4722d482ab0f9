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

begin 'Remember that the machine is patched'
printf '%s\n' '2026-11' > /var/lib/landfall/patched
rm -f /var/lib/landfall/patching
}
main </dev/null
