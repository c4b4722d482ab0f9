import { activatedAt, rests } from "../asleep";
import { etcdSnapshotOf } from "../etcd-snapshot";
import { duration, type Fields, fields, flag, list, number, text, time } from "../fields";
import { condition, created, isDeleting, isTrue, nameOf, namespaceOf, ownerKind, ownerName } from "../objects";
import { type Finding, hour, kubectl, minute, type Rule, type Situation } from "../problem";
import { nextRun } from "../schedule";

/** How long after its time a task may begin, beyond what its schedule allows. */
const late = 5 * minute;

/** Scheduled tasks, Jobs and snapshots. */
export const taskRules: Record<string, Rule> = {
    "task-failed": situation => situation.observed.cronJobs.flatMap(task => failed(task, situation) ?? []),
    "task-late": situation => situation.observed.cronJobs.flatMap(task => tooLate(task, situation) ?? []),
    "job-failed": situation => situation.observed.jobs.flatMap(job => jobFailed(job, situation) ?? []),
    "etcd-snapshot": situation => etcdSnapshot(situation) ?? [],
    "volume-snapshot": situation => situation.observed.volumeSnapshots.flatMap(snapshot => snapshotFailed(snapshot, situation) ?? []),
};

/** How long after it is due a snapshot of etcd may be recorded: the machine stops one after half an hour. */
const lateSnapshot = 40 * minute;

/** Those that keep data safe matter more than those that run again in a minute. */
function severityOf(task: Fields): Finding["severity"] {
    return /backup|snapshot/i.test(nameOf(task)) ? "failing" : "risk";
}

/** The last of a task's Jobs that has ended. */
function lastJob(task: Fields, jobs: Fields[]): Fields | undefined {
    const ended = jobs.filter(job => ownerKind(job) === "CronJob" && ownerName(job) === nameOf(task) && namespaceOf(job) === namespaceOf(task)
        && (isTrue(condition(job, "Complete")) || isTrue(condition(job, "Failed"))));
    return ended.reduce<Fields | undefined>((last, job) => (last && created(last) >= created(job) ? last : job), undefined);
}

function failed(task: Fields, { observed, command, environment, services = [] }: Situation): Finding | undefined {
    const last = lastJob(task, observed.jobs);
    const end = last && condition(last, "Failed");
    const since = time(end, "lastTransitionTime");
    const success = time(task, "status", "lastSuccessfulTime");
    if (isDeleting(task) || !last || !isTrue(end) || (success !== undefined && since !== undefined && success > since)) return undefined;
    const why = text(end, "reason") === "DeadlineExceeded" ? "it took longer than it may" : text(end, "reason");
    const isTasks = namespaceOf(task) === environment
        && (nameOf(task) === "scheduled-tasks" || services.some(service => nameOf(task).startsWith(`${service}-`)));
    return {
        severity: severityOf(task), kind: "CronJob", object: task, since,
        matter: `its last run failed${why && ` (${why})`}${success === undefined ? ", and none has succeeded yet" : ""}`,
        action: isTasks ? `Read why: ${command("logs", "tasks")}` : `Read why: kubectl -n ${namespaceOf(task)} logs job/${nameOf(last)}`,
    };
}

function tooLate(task: Fields, { now, observed }: Situation): Finding | undefined {
    const last = time(task, "status", "lastScheduleTime") ?? time(task, "metadata", "creationTimestamp");
    // While it slept, it wasn't due.
    const begun = last === undefined ? undefined : Math.max(last, activatedAt(task) ?? 0);
    const zone = text(task, "spec", "timeZone");
    if (isDeleting(task) || begun === undefined || !["", "UTC", "Etc/UTC"].includes(zone)) return undefined;
    if (rests(task)) return undefined;
    if (flag(task, "spec", "suspend")) {
        return {
            severity: severityOf(task), kind: "CronJob", object: task, since: begun, matter: "is suspended: it doesn't run any more",
            action: `kubectl -n ${namespaceOf(task)} patch cronjob ${nameOf(task)} --patch "spec: {suspend: false}"`,
        };
    }
    const due = nextRun(text(task, "spec", "schedule"), begun);
    const allowed = late + Math.min(number(task, "spec", "startingDeadlineSeconds") ?? 0, 3600) * 1000;
    if (due === undefined || now - Math.max(due, schedulingSince(observed.pods)) < allowed) return undefined;
    const running = observed.jobs.find(job => ownerKind(job) === "CronJob" && ownerName(job) === nameOf(task)
        && namespaceOf(job) === namespaceOf(task) && list(job, "status", "conditions").every(each => !isTrue(each)));
    // A run may take as long as its Job allows; only one that outlives that holds up the next ones.
    const most = (number(running, "spec", "activeDeadlineSeconds") ?? 3600) * 1000;
    if (running && now - created(running) < most + late) return undefined;
    const why = running ? `, but its run ${nameOf(running)} doesn't end: its node may be gone` : " and doesn't run";
    return {
        severity: severityOf(task), kind: "CronJob", object: task, since: due,
        matter: `has been due for ${duration(now - due)}${why}`,
        action: running ? `kubectl -n ${namespaceOf(task)} describe job ${nameOf(running)}` : kubectl("describe", "cronjob", task),
    };
}

/** Since when tasks are started: a cluster that was stopped catches up once it runs. 0 where its own pods can't be seen. */
function schedulingSince(pods: Fields[]): number {
    const managers = pods.filter(pod => text(pod, "metadata", "labels", "component") === "kube-controller-manager");
    return Math.max(0, ...managers.flatMap(pod => list(pod, "status", "containerStatuses"))
        .map(status => time(status, "state", "running", "startedAt") ?? 0));
}

function jobFailed(job: Fields, { command, environment, services = [] }: Situation): Finding | undefined {
    const end = condition(job, "Failed");
    if (ownerKind(job) === "CronJob" || isDeleting(job) || !isTrue(end)) return undefined;
    const isService = namespaceOf(job) === environment && services.includes(nameOf(job));
    return {
        severity: "failing", kind: "Job", object: job, since: time(end, "lastTransitionTime"),
        matter: `failed (${text(end, "reason")})`,
        action: isService ? `Read why: ${command("logs", nameOf(job))}. To run it again: ${command("start")}`
            : `Read why: kubectl -n ${namespaceOf(job)} logs job/${nameOf(job)}`,
    };
}

function snapshotFailed(snapshot: Fields, { now }: Situation): Finding | undefined {
    const error = text(snapshot, "status", "error", "message");
    const pending = !flag(snapshot, "status", "readyToUse") && now - created(snapshot) >= hour;
    if (isDeleting(snapshot) || (error === "" && !pending)) return undefined;
    return {
        severity: "failing", kind: "VolumeSnapshot", object: snapshot, since: time(snapshot, "status", "error", "time") ?? created(snapshot),
        matter: error === "" ? "isn't ready yet" : `failed: ${error.slice(0, 300)}`, action: kubectl("describe", "volumesnapshot", snapshot),
    };
}

function etcdSnapshot({ observed, now, etcdSnapshots, command }: Situation): Finding[] | undefined {
    if (etcdSnapshots !== true || observed.nodes.length === 0) return undefined;
    const finding = { severity: "failing", kind: "The snapshot of etcd", object: {} } as const;
    const last = etcdSnapshotOf(observed.nodes);
    if (last === undefined) {
        return [{
            ...finding, severity: "risk", matter: "isn't recorded on any machine",
            action: `${command("start")}. If that changes nothing, on each control-plane machine as root: systemctl start landfall-snapshot`,
        }];
    }
    const { node, taken, failed, due } = last;
    const good = taken === undefined ? "There is no good one yet" : `The last good one is ${duration(now - taken)} old`;
    if (failed) {
        // Only the one that leads etcd takes any, which may be another by now.
        const several = observed.nodes.filter(one => "node-role.kubernetes.io/control-plane" in fields(one, "metadata", "labels")).length > 1;
        const why = failed.why.slice(0, 300).replace(/\.$/, "") || "it gave no reason";
        return [{
            ...finding, matter: `failed ${duration(now - failed.time)} ago on ${node}: ${why}. ${good}`,
            action: `When that is repaired, take one on ${several ? "each control-plane machine" : node} as root: systemctl start landfall-snapshot. `
                + `Its whole output: journalctl --unit landfall-snapshot${several ? ` on ${node}` : ""}`,
        }];
    }
    if (due === undefined || now - Math.max(due, schedulingSince(observed.pods)) < lateSnapshot) return undefined;
    return [{
        ...finding, matter: `has been due for ${duration(now - due)}. ${good}`,
        action: `Is the timer of the machine that leads etcd active? The last one was taken on ${node}. As root: systemctl status landfall-snapshot.timer landfall-snapshot`,
    }];
}
