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

begin 'Look whether the machine is patched'
if [ "$(cat /var/lib/landfall/patched 2>/dev/null)" = '2026-11' ]; then echo patched; fi

begin 'Note what is under way'
boot="$(cat /proc/sys/kernel/random/boot_id) $(awk '{ print $22 }' /proc/1/stat)"
if [ "$(head -n 1 /var/lib/landfall/patching 2>/dev/null)" != '2026-11' ]; then
    printf '%s\n' '2026-11' "$boot" > /var/lib/landfall/patching
fi

begin 'Upgrade the packages'
keep=(--force-confdef --force-confold)
logged() { "$@" >/run/landfall-patches.log 2>&1 || { tail -n 20 /run/landfall-patches.log >&2; return 1; }; }
logged dpkg --configure --pending "${keep[@]}"
export NEEDRESTART_SUSPEND=1
for try in {1..30}; do
    if apt-get update --quiet --option APT::Update::Error-Mode=any >/run/landfall-patches.log 2>&1; then break; fi
    if [ "$try" -eq 30 ] || ! grep --quiet 'Could not get lock' /run/landfall-patches.log; then tail -n 20 /run/landfall-patches.log >&2; exit 1; fi
    sleep 10
done
logged apt-get upgrade --quiet --yes --with-new-pkgs --option DPkg::Lock::Timeout=300 \
    "${keep[@]/#/--option=Dpkg::Options::=}"
logged apt-get install --quiet --yes --only-upgrade --allow-change-held-packages --option DPkg::Lock::Timeout=300 \
    "${keep[@]/#/--option=Dpkg::Options::=}" keepalived

begin 'Look whether the machine is to be rebooted'
boot="$(cat /proc/sys/kernel/random/boot_id) $(awk '{ print $22 }' /proc/1/stat)"
echo "$boot"
if [ "$(tail -n 1 /var/lib/landfall/patching)" = "$boot" ]; then echo 'the settings say so'; fi
if [ -e /run/reboot-required ]; then echo 'a package asks for it'; fi
newest=$(find /boot -maxdepth 1 -name 'vmlinuz-*' -printf '%f\n' 2>/dev/null \
    | sed 's/^vmlinuz-//' | sort --version-sort | tail -n 1 || true)
if [ -n "$newest" ] && [ "$newest" != "$(uname -r)" ]; then echo "the kernel $newest is installed"; fi
outdated=$(grep --files-with-matches --extended-regexp ' /(usr|lib|opt)/.* \(deleted\)$' \
    /proc/[0-9]*/maps 2>/dev/null \
    | while IFS=/ read -r _ _ process _; do
        grep --quiet kubepods "/proc/$process/cgroup" 2>/dev/null || cat "/proc/$process/comm" 2>/dev/null || true
    done | sort -u | paste -sd ' ' || true)
if [ -n "$outdated" ]; then echo "replaced files are in use: $outdated"; fi
}
main </dev/null
