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

begin 'Install restic'
if ! command -v restic >/dev/null; then
if [ ! -e /var/lib/landfall/packages-before ]; then
    dpkg-query --show --showformat '${Package}\n' | sort -u > /var/lib/landfall/packages-before.new
    mv /var/lib/landfall/packages-before.new /var/lib/landfall/packages-before
fi
    patiently apt-get install --quiet --yes --no-install-recommends restic || {
        [ $? -eq 75 ] || echo "restic is neither here nor to be had: the bundle lacks its package." >&2
        exit 1
    }
touch /var/lib/landfall/packages
if [ -e /var/lib/landfall/packages-before ]; then
    dpkg-query --show --showformat '${Package}\n' | sort -u | comm -13 /var/lib/landfall/packages-before - | sort -u - /var/lib/landfall/packages > /var/lib/landfall/packages.new
    mv /var/lib/landfall/packages.new /var/lib/landfall/packages
    rm /var/lib/landfall/packages-before
fi
fi

begin 'Open the repository of snapshots'
check_apart() {
    local at=$RESTIC_REPOSITORY
    case "$at" in /*) ;; *) return ;; esac
    while [ ! -e "$at" ]; do at=$(dirname "$at"); done
    case "$(findmnt --noheadings --output TARGET --target "$at")" in
        /|"$(findmnt --noheadings --output TARGET --target /var/lib/landfall)") ;;
        *) return ;;
    esac
    echo "$RESTIC_REPOSITORY is on this machine's own disk, and would be lost with it: mount it from elsewhere." >&2
    exit 1
}
export RESTIC_REPOSITORY='/mnt/backup/etcd'
export RESTIC_PASSWORD='PASSWORD'
export NAME='VALUE'
check_apart
if ! said=$(timeout 120 restic --no-cache --quiet cat config 2>&1 >/dev/null); then
    case "$said" in
        *"wrong password"*)
            echo "landfall:cluster.snapshots.password does not open $RESTIC_REPOSITORY." >&2
            exit 1 ;;
        *"does not exist"*|*"unable to open config file"*) timeout 120 restic --no-cache --quiet init >/dev/null ;;
        *)
            echo "$RESTIC_REPOSITORY can't be opened. restic says: $said" >&2
            exit 1 ;;
    esac
fi

begin 'Take snapshots on a schedule'
systemd-analyze calendar 'hourly' >/dev/null || {
    echo "landfall:cluster.snapshots.schedule is no calendar event of systemd's: "'hourly' >&2
    exit 1
}
umask 077
install -d "$(dirname /etc/landfall/snapshots.env)"
cat > /etc/landfall/snapshots.env.landfall <<'LANDFALL_END'
export RESTIC_REPOSITORY='/mnt/backup/etcd'
export RESTIC_PASSWORD='PASSWORD'
export NAME='VALUE'
LANDFALL_END
chmod 0600 /etc/landfall/snapshots.env.landfall
if cmp -s /etc/landfall/snapshots.env.landfall /etc/landfall/snapshots.env; then rm /etc/landfall/snapshots.env.landfall; else mv /etc/landfall/snapshots.env.landfall /etc/landfall/snapshots.env; changed=1; fi
umask 022
changed=
install -d "$(dirname /etc/landfall/take-snapshot)"
cat > /etc/landfall/take-snapshot.landfall <<'LANDFALL_END'
#!/bin/bash
# Saves what etcd holds, and the keys without which it can't be read, off this node. Only the leader of etcd does.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
. /etc/landfall/snapshots.env
pki=/etc/kubernetes/pki/etcd
etcdctl() {
    crictl exec "$(crictl ps --quiet --state Running --label io.kubernetes.container.name=etcd | head -n 1)" etcdctl \
        --endpoints https://127.0.0.1:2379 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key "$@"
}
check_apart() {
    local at=$RESTIC_REPOSITORY
    case "$at" in /*) ;; *) return ;; esac
    while [ ! -e "$at" ]; do at=$(dirname "$at"); done
    case "$(findmnt --noheadings --output TARGET --target "$at")" in
        /|"$(findmnt --noheadings --output TARGET --target /var/lib/landfall)") ;;
        *) return ;;
    esac
    echo "$RESTIC_REPOSITORY is on this machine's own disk, and would be lost with it: mount it from elsewhere." >&2
    exit 1
}

[ -e /etc/kubernetes/manifests/etcd.yaml ] || exit 0 # not a member yet
status=$(etcdctl endpoint status --write-out json)
number() { sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" <<<"$status"; }
[ "$(number member_id)" = "$(number leader)" ] || exit 0

if [ -z "$(etcdctl get /registry/configmaps/kube-system/kubeadm-config --keys-only)" ]; then
    echo "etcd has lost its data: this is no snapshot to go back to." >&2
    exit 1
fi
check_apart
trap 'rm -rf /var/lib/landfall/snapshot /var/lib/etcd/landfall.snapshot*' EXIT
rm -rf /var/lib/landfall/snapshot
umask 077
mkdir -p /var/lib/landfall/snapshot/pki/etcd
etcdctl snapshot save /var/lib/etcd/landfall.snapshot >/var/lib/landfall/snapshot/log 2>&1 || { cat /var/lib/landfall/snapshot/log >&2; exit 1; }
rm /var/lib/landfall/snapshot/log
mv /var/lib/etcd/landfall.snapshot /var/lib/landfall/snapshot/etcd.db
cd /etc/kubernetes
cp pki/ca.* pki/sa.* pki/front-proxy-ca.* /var/lib/landfall/snapshot/pki
cp pki/etcd/ca.* /var/lib/landfall/snapshot/pki/etcd
cp landfall/encryption.json /var/lib/landfall/snapshot
kubelet --version | cut -d ' ' -f 2 > /var/lib/landfall/snapshot/version

restic --no-cache --quiet unlock >/dev/null # of a run that was cut off
restic --no-cache --quiet backup --host landfall-prod --tag landfall-etcd /var/lib/landfall/snapshot
restic --no-cache --quiet forget --host landfall-prod --tag landfall-etcd --group-by host --keep-hourly 24 --keep-daily 7 --keep-weekly 4 --prune >/dev/null
echo saved
LANDFALL_END
chmod 0755 /etc/landfall/take-snapshot.landfall
if cmp -s /etc/landfall/take-snapshot.landfall /etc/landfall/take-snapshot; then rm /etc/landfall/take-snapshot.landfall; else mv /etc/landfall/take-snapshot.landfall /etc/landfall/take-snapshot; changed=1; fi
install -d "$(dirname /etc/systemd/system/landfall-snapshot.service)"
cat > /etc/systemd/system/landfall-snapshot.service.landfall <<'LANDFALL_END'
[Unit]
Description=Snapshots of etcd

[Service]
Type=oneshot
# What hangs, such as a file system that isn't there, must not keep others from the machine.
TimeoutStartSec=30min
ExecStart=/usr/bin/flock --wait 3600 /run/landfall.lock /etc/landfall/take-snapshot
LANDFALL_END
chmod 0644 /etc/systemd/system/landfall-snapshot.service.landfall
if cmp -s /etc/systemd/system/landfall-snapshot.service.landfall /etc/systemd/system/landfall-snapshot.service; then rm /etc/systemd/system/landfall-snapshot.service.landfall; else mv /etc/systemd/system/landfall-snapshot.service.landfall /etc/systemd/system/landfall-snapshot.service; changed=1; fi
install -d "$(dirname /etc/systemd/system/landfall-snapshot.timer)"
cat > /etc/systemd/system/landfall-snapshot.timer.landfall <<'LANDFALL_END'
[Unit]
Description=Snapshots of etcd, from time to time

[Timer]
OnCalendar=hourly
Persistent=true

[Install]
WantedBy=timers.target
LANDFALL_END
chmod 0644 /etc/systemd/system/landfall-snapshot.timer.landfall
if cmp -s /etc/systemd/system/landfall-snapshot.timer.landfall /etc/systemd/system/landfall-snapshot.timer; then rm /etc/systemd/system/landfall-snapshot.timer.landfall; else mv /etc/systemd/system/landfall-snapshot.timer.landfall /etc/systemd/system/landfall-snapshot.timer; changed=1; fi
systemctl daemon-reload
systemctl enable --quiet landfall-snapshot.timer
if [ -n "$changed" ]; then systemctl restart landfall-snapshot.timer; else systemctl start landfall-snapshot.timer; fi

begin 'Take a snapshot'
/etc/landfall/take-snapshot
}
main </dev/null
