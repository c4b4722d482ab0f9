// @ts-nocheck
// Snapshots of etcd on a schedule, and of the keys without which nobody could read them.
import { etcdctl } from "./etcd";
import { checkApart, exportLines, openTasks, restic, tag } from "./repository";
import { shellQuote, task, writeFile } from "./script";
import { removeTimer, timerTask } from "./service";

const timer = { name: "landfall-snapshot", file: "/etc/landfall/take-snapshot" };
const variables = "/etc/landfall/snapshots.env";

/** The service of systemd that takes one. */
export const snapshotUnit = `${timer.name}.service`;

/** Where a snapshot is put together; restic remembers the path. */
export const directory = "/var/lib/landfall/snapshot";

/** Run on each node of the control plane: whichever leads etcd takes them. */
export function snapshotTasks({ name, schedule, keep }, settings) {
    return [...openTasks(settings), timerTask("Take snapshots on a schedule", {
        ...timer,
        description: "Snapshots of etcd",
        program: take(name, keep),
        when: [`OnCalendar=${schedule}`],
    },
    `systemd-analyze calendar ${shellQuote(schedule)} >/dev/null || {`,
    `    echo "landfall:cluster.snapshots.schedule is no calendar event of systemd's: "${shellQuote(schedule)} >&2`,
    `    exit 1`,
    `}`,
    `umask 077`,
    writeFile(variables, exportLines(settings).join("\n"), { mode: "0600" }),
    `umask 022`)];
}

/** Prints `saved` on the node that leads etcd. */
export const takeTasks = [task("Take a snapshot", timer.file)];

function take(name, { hourly, daily, weekly }) {
    const such = `--host ${name} --tag ${tag}`;
    return `#!/bin/bash
# Saves what etcd holds, and the keys without which it can't be read, off this node. Only the leader of etcd does.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
. ${variables}
${etcdctl}
${checkApart}

[ -e /etc/kubernetes/manifests/etcd.yaml ] || exit 0 # not a member yet
status=$(etcdctl endpoint status --write-out json)
number() { sed -n "s/.*\\"$1\\":\\([0-9]*\\).*/\\1/p" <<<"$status"; }
[ "$(number member_id)" = "$(number leader)" ] || exit 0

if [ -z "$(etcdctl get /registry/configmaps/kube-system/kubeadm-config --keys-only)" ]; then
    echo "etcd has lost its data: this is no snapshot to go back to." >&2
    exit 1
fi
check_apart
trap 'rm -rf ${directory} /var/lib/etcd/landfall.snapshot*' EXIT
rm -rf ${directory}
umask 077
mkdir -p ${directory}/pki/etcd
etcdctl snapshot save /var/lib/etcd/landfall.snapshot >${directory}/log 2>&1 || { cat ${directory}/log >&2; exit 1; }
rm ${directory}/log
mv /var/lib/etcd/landfall.snapshot ${directory}/etcd.db
cd /etc/kubernetes
cp pki/ca.* pki/sa.* pki/front-proxy-ca.* ${directory}/pki
cp pki/etcd/ca.* ${directory}/pki/etcd
cp landfall/encryption.json ${directory}
kubelet --version | cut -d ' ' -f 2 > ${directory}/version

${restic} unlock >/dev/null # of a run that was cut off
${restic} backup ${such} ${directory}
${restic} forget ${such} --group-by host --keep-hourly ${hourly} --keep-daily ${daily} --keep-weekly ${weekly} --prune >/dev/null
echo saved`;
}

/** What ends them on a machine. */
export const removeSnapshots = [...removeTimer(timer), `rm -f ${variables}`];

export const endTasks = [task("Take no more snapshots", ...removeSnapshots, `systemctl daemon-reload`)];
