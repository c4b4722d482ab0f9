// Snapshots of etcd, taken by a timer, and the restic repository that stores them. Each contains the keys that its data is
// encrypted with.
import type { ClusterFacts, SnapshotRepository } from "../program/facts";
import { etcdctl } from "./etcd";
import { noteNewPackages, notePackages } from "./packages";
import { given, removeTimer, shellQuote, type Task, task, timerTask, writeFile } from "./script";

const timer = { name: "landfall-snapshot", file: "/etc/landfall/take-snapshot" };
const variables = "/etc/landfall/snapshots.env";

/** The systemd service that takes a snapshot. */
export const snapshotUnit = `${timer.name}.service`;

/** Where a snapshot is put together. The repository stores this path. */
export const snapshotDirectory = "/var/lib/landfall/snapshot";

/** Sets up the timer on a control-plane node. The program itself does nothing on nodes that don't lead etcd. */
export function snapshotTasks(
    { name, ...facts }: Pick<ClusterFacts, "name" | "schedule" | "keep">, settings: SnapshotRepository,
): Task[] {
    const schedule = given(facts.schedule, "schedule");
    const keep = given(facts.keep, "keep");
    return [...openTasks(settings), timerTask("Set up scheduled snapshots", {
        ...timer,
        description: "Snapshots of etcd",
        program: take(name, schedule, keep),
        when: [`OnCalendar=${schedule}`],
    },
    `systemd-analyze calendar ${shellQuote(schedule)} >/dev/null || {`,
    `    echo "landfall:cluster.snapshots.schedule is not a valid systemd calendar event: "${shellQuote(schedule)} >&2`,
    `    exit 1`,
    `}`,
    `umask 077`,
    writeFile(variables, exportLines(settings).join("\n"), { mode: "0600" }),
    `umask 022`)];
}

/** Takes a snapshot now. Prints `saved` on the node that leads etcd, nothing on others. */
export const takeTasks = [task("Take a snapshot", timer.file)];

/**
 * Annotations in which a node notes its snapshots, for `npm run status`: when it last took one, when and why the last one failed
 * (removed by the next that is taken), and when the next is due.
 */
export const snapshotNotes = {
    taken: "landfall.dev/snapshot-taken", failed: "landfall.dev/snapshot-failed", due: "landfall.dev/snapshot-due",
};

function take(name: string, schedule: string, { hourly, daily, weekly }: NonNullable<ClusterFacts["keep"]>): string {
    const such = `--host ${name} --tag ${tag}`;
    return `#!/bin/bash
# Saves etcd's data, and the keys that it is encrypted with, off this node. Only etcd's leader does, and notes how it went.
set -euo pipefail
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export KUBECONFIG=/etc/kubernetes/admin.conf KUBECACHEDIR=/run/landfall-kubectl
. ${variables}
${etcdctl}
${checkApart}

manifest=/etc/kubernetes/manifests/etcd.yaml
[ -e $manifest ] || exit 0 # not a member yet
status=$(etcdctl endpoint status --write-out json)
number() { sed -n "s/.*\\"$1\\":\\([0-9]*\\).*/\\1/p" <<<"$status"; }
[ "$(number member_id)" = "$(number leader)" ] || exit 0

errors=/run/landfall-snapshot.errors saved=
finish() {
    set +e
    trap '' TERM # systemd repeats it
    exec 2>&3
    rm -rf ${snapshotDirectory} /var/lib/etcd/landfall.snapshot*
    cat $errors >&2
    now=$(date --utc +%FT%TZ)
    next=$(systemd-analyze calendar ${shellQuote(schedule)} | sed -n -e 's/^ *Next elapse: *//p' -e 's/^ *(in UTC): *//p' | tail -n 1)
    due=$(date --utc --date "\${next:-never}" +%FT%TZ 2>/dev/null)
    # Without the login that an address may contain. Its password may have an @ in it.
    why=$(tail -n 3 $errors | sed -E 's#//[^/ ]*@#//#g' | tr -s '[:space:]' ' ' | cut -c 1-300)
    notes=("${snapshotNotes.failed}=$now $why")
    [ -z "$saved" ] || notes=("${snapshotNotes.taken}=$now" ${snapshotNotes.failed}-)
    node=$(sed -n 's/^ *- --name=//p' $manifest)
    kubectl annotate node "$node" --overwrite --request-timeout 30s "\${notes[@]}" "${snapshotNotes.due}\${due:+=}\${due:--}" >/dev/null
    rm -f $errors
}
trap finish EXIT
trap 'echo "It did not end in time, or was stopped." >&2; exit 143' TERM
umask 077
exec 3>&2 2>$errors

if [ -z "$(etcdctl get /registry/configmaps/kube-system/kubeadm-config --keys-only)" ]; then
    echo "etcd has lost its data, so no snapshot was taken." >&2
    exit 1
fi
check_apart
rm -rf ${snapshotDirectory}
mkdir -p ${snapshotDirectory}/pki/etcd
etcdctl snapshot save /var/lib/etcd/landfall.snapshot >${snapshotDirectory}/log 2>&1 || { cat ${snapshotDirectory}/log >&2; exit 1; }
rm ${snapshotDirectory}/log
mv /var/lib/etcd/landfall.snapshot ${snapshotDirectory}/etcd.db
cd /etc/kubernetes
cp pki/ca.* pki/sa.* pki/front-proxy-ca.* ${snapshotDirectory}/pki
cp pki/etcd/ca.* ${snapshotDirectory}/pki/etcd
cp landfall/encryption.json ${snapshotDirectory}
kubelet --version | cut -d ' ' -f 2 > ${snapshotDirectory}/version

${restic} unlock >/dev/null # of an interrupted run
${restic} backup ${such} ${snapshotDirectory}
${restic} forget ${such} --group-by host --keep-hourly ${hourly} --keep-daily ${daily} --keep-weekly ${weekly} --prune >/dev/null
saved=yes
echo saved`;
}

/** Bash that removes the timer and the repository's credentials. */
export const removeSnapshots = [...removeTimer(timer), `rm -f ${variables}`];

/** Stops taking snapshots. Those that exist stay. */
export const endTasks = [task("Stop taking snapshots", ...removeSnapshots, `systemctl daemon-reload`,
    `kubectl annotate nodes --all --request-timeout 10s ${Object.values(snapshotNotes).map(note => `${note}-`).join(" ")} >/dev/null 2>&1 || true`)];

/** Distinguishes Landfall's snapshots from what else is in the repository. */
const tag = "landfall-etcd";

/** restic, without a cache that would stay on the machine. */
export const restic = "restic --no-cache --quiet";

/** Bash that exports restic's settings. */
export function exportLines({ repository, password, environment = "" }: SnapshotRepository): string[] {
    const credentials = environment.split("\n").map(line => line.trim()).filter(line => line && !line.startsWith("#"))
        .map(line => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
    return [["RESTIC_REPOSITORY", repository], ["RESTIC_PASSWORD", password], ...credentials]
        .map(([name, value]) => `export ${name}=${shellQuote(value)}`);
}

/** A bash function that refuses a directory on the machine's own disk, because snapshots there are lost with the machine. */
export const checkApart = `check_apart() {
    local at=$RESTIC_REPOSITORY
    case "$at" in /*) ;; *) return ;; esac
    while [ ! -e "$at" ]; do at=$(dirname "$at"); done
    case "$(findmnt --noheadings --output TARGET --target "$at")" in
        /|"$(findmnt --noheadings --output TARGET --target /var/lib/landfall)") ;;
        *) return ;;
    esac
    echo "$RESTIC_REPOSITORY is on this machine's own disk, and would be lost with it. Mount a file system from elsewhere there." >&2
    exit 1
}`;

/** Installs restic, unless the machine has it. */
export const resticTask = task("Install restic",
    `if ! command -v restic >/dev/null; then`,
    notePackages,
    `    patiently apt-get install --quiet --yes --no-install-recommends restic || {`,
    `        [ $? -eq 75 ] || echo "restic is not installed and can't be: the bundle has no package for it." >&2`,
    `        exit 1`,
    `    }`,
    noteNewPackages,
    `fi`);

/** Creates the repository if there is none, else checks the password. */
function openTasks(settings: SnapshotRepository): Task[] {
    return [resticTask, task("Open the repository of snapshots",
        checkApart,
        ...exportLines(settings),
        `check_apart`,
        `if ! said=$(timeout 120 ${restic} cat config 2>&1 >/dev/null); then`,
        `    case "$said" in`,
        `        *"wrong password"*)`,
        `            echo "landfall:cluster.snapshots.password does not open $RESTIC_REPOSITORY." >&2`,
        `            exit 1 ;;`,
        `        *"does not exist"*|*"unable to open config file"*) timeout 120 ${restic} init >/dev/null ;;`,
        `        *)`,
        `            echo "$RESTIC_REPOSITORY can't be opened. restic says: $said" >&2`,
        `            exit 1 ;;`,
        `    esac`,
        `fi`)];
}

/** Prints the repository's snapshots as JSON. */
export function listTasks(settings: SnapshotRepository): Task[] {
    return [resticTask, task("List the snapshots",
        ...exportLines(settings),
        `timeout 120 ${restic} snapshots --no-lock --json --tag ${tag}`)];
}
