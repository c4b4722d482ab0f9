main() {
set -euo pipefail
umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export KUBECONFIG=/etc/kubernetes/admin.conf KUBECACHEDIR=/run/landfall-kubectl
begin() { task=$1; }
trap 'code=$?; [ "$code" -eq 0 ] || echo "landfall: failed: $task" >&2' EXIT
patiently() {
    local lock=/var/lib/dpkg/lock-frontend begun=$SECONDS told=$((SECONDS + 5))
    while ! { flock --nonblock $lock true || { echo "$lock was locked by another"; false; } && "$@"; } >/run/landfall-packages.log 2>&1; do
        if ! grep --quiet --extended-regexp 'Could not get lock|was locked by' /run/landfall-packages.log; then
            tail -n 20 /run/landfall-packages.log >&2
            return 1
        fi
        if [ $((SECONDS - begun)) -ge 900 ]; then
            echo "The package system has been locked for 15 minutes by $(lock_holders). Wait until that is done, or end it, and run this again." >&2
            return 75
        fi
        if [ "$SECONDS" -ge "$told" ]; then
            echo "landfall: note: waits for $(lock_holders) to unlock the package system, up to 15 minutes." >&2
            told=$((SECONDS + 15))
        fi
        sleep 3
    done
}
lock_holders() {
    local path pid name found=
    while read -r path pid name; do
        case "$path" in /var/lib/dpkg/lock*|/var/lib/apt/lists/lock|/var/cache/apt/archives/lock) ;; *) continue ;; esac
        # A container's files have the same names.
        if [ "/proc/$pid/root$path" -ef "$path" ]; then found="${found:+$found, }$name (process $pid)"; fi
    done < <(lslocks --noheadings --raw --output PATH,PID,COMMAND 2>/dev/null | sort -u)
    echo "${found:-another program}"
}
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
patiently dpkg --configure --pending "${keep[@]}"
export NEEDRESTART_SUSPEND=1
patiently apt-get update --quiet --option APT::Update::Error-Mode=any
patiently apt-get upgrade --quiet --yes --with-new-pkgs "${keep[@]/#/--option=Dpkg::Options::=}"
patiently apt-get install --quiet --yes --only-upgrade --allow-change-held-packages \
    "${keep[@]/#/--option=Dpkg::Options::=}" keepalived
installed=$({ dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' containerd containerd.io runc keepalived kubelet kubeadm kubectl kubernetes-cni cri-tools 2>/dev/null || true; } \
    | awk '$1 == "installed" { print $2 }')
[ -z "$installed" ] || patiently apt-mark hold $installed

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
