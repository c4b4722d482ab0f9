import { controllerName } from "../../../../components/platform/gateway/names";
import { type Fields, fields, list, number, text, time } from "../fields";
import {
    condition, containerStatuses, created, heldSince, isLive, isTrue, nameOf, namespaceOf, ownerKind, waitsForClaim, workloadOf,
} from "../objects";
import { day, type Finding, hour, kubectl, minute, type Rule, second, type Situation } from "../problem";

/** Judges one pod. */
type PodRule = (pod: Fields, situation: Situation) => Finding | undefined;

/** How long each of these may last before it is a problem. */
const patience = { scheduling: minute, newNode: 5 * minute, starting: 5 * minute, answering: minute, ready: 2 * minute, deletion: 10 * minute };

/** Pods that don't run as they should. If several rules of `pod` apply to a pod, only the first reports it. */
export const podRules: Record<string, Rule> = {
    "pod": situation => situation.observed.pods.flatMap(pod =>
        [unschedulable, imageMissing, misconfigured, crashing, stillStarting, notReady, stuckDeleting]
            .reduce<Finding | undefined>((found, rule) => found ?? rule(pod, situation), undefined) ?? []),
    "pod-evicted": situation => situation.observed.pods.flatMap(pod => evicted(pod, situation) ?? []),
    "pod-preempted": situation => situation.observed.preemptions.flatMap(event => preempted(event, situation) ?? []),
    "pod-restarted": situation => situation.observed.pods.flatMap(pod => restarted(pod, situation) ?? []),
};

function finding(pod: Fields, severity: Finding["severity"], matter: string, since: number | undefined, action: string): Finding {
    return { severity, kind: "Pod", object: pod, matter, since, action, group: workloadOf(pod) };
}

const unschedulable: PodRule = (pod, { now, observed }) => {
    const scheduled = condition(pod, "PodScheduled");
    const since = heldSince(pod, scheduled);
    // The claim's own finding says so.
    if (waitsForClaim(pod) && claimsOf(pod, observed).some(claim => text(claim, "status", "phase") === "Pending")) return undefined;
    const isNew = text(pod, "status", "phase") === "Pending" && text(pod, "spec", "nodeName") === "";
    if (isLive(pod) && isNew && !scheduled && now - since >= patience.scheduling) {
        return finding(pod, "failing", "no scheduler has looked at it", since, "Does the scheduler run? kubectl -n kube-system get pods");
    }
    if (!isLive(pod) || text(scheduled, "status") !== "False" || now - since < patience.scheduling) return undefined;
    const message = text(scheduled, "message").replace(/[.,]? preemption: .*$/, "").replace(/\.? no new claims to deallocate,?/, "");
    const awaitsNode = /node\.kubernetes\.io\/not-ready|node\.cloudprovider\.kubernetes\.io\/uninitialized/.test(message)
        || (/Insufficient|Too many pods|no nodes available/.test(message) && growsByItself(observed.nodes));
    if (awaitsNode && now - since < patience.newNode) return undefined;
    const advice = schedulingAdvice.find(([pattern]) => pattern.test(message))?.[1] ?? (() => kubectl("describe", "pod", pod));
    return finding(pod, "failing", `can't be scheduled: ${message || text(scheduled, "reason")}`, since, advice(pod));
};

/** Whether the cloud adds nodes when pods need them, which takes minutes. So it is if the cluster has none yet. */
function growsByItself(nodes: Fields[]): boolean {
    return nodes.length === 0 || nodes.some(node => /^(aws|gce|azure):/.test(text(node, "spec", "providerID")));
}

function claimsOf(pod: Fields, { claims }: Situation["observed"]): Fields[] {
    const names = list(pod, "spec", "volumes").map(volume => text(volume, "persistentVolumeClaim", "claimName"));
    return claims.filter(claim => namespaceOf(claim) === namespaceOf(pod) && names.includes(nameOf(claim)));
}

const roomAdvice = "Add a node or a larger one, or lower requests or replicas in the settings. What is allocated: kubectl describe nodes";

/** What to do about a message of the scheduler: the first match counts. */
const schedulingAdvice: [RegExp, (pod: Fields) => string][] = [
    [/Insufficient|Too many pods/, () => roomAdvice],
    [/volume node affinity|PersistentVolumeClaim|persistentvolumeclaim/i, pod => `Its volume is elsewhere or missing: kubectl -n ${namespaceOf(pod)} get pvc`],
    [/node affinity\/selector|node selector/, pod => `No node has the labels it asks for: ${kubectl("describe", "pod", pod)}; kubectl get nodes --show-labels`],
    [/were unschedulable|is unschedulable/, () => "Nodes are cordoned. If the work on them is done: kubectl uncordon NODE"],
    [/taint/, () => "Nodes have a taint that it doesn't tolerate. Their taints: kubectl describe nodes"],
];

const pullErrors = [
    "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable",
];

const imageMissing: PodRule = (pod, { command }) => {
    const status = waitingFor(pod, pullErrors);
    if (!isLive(pod) || !status) return undefined;
    const image = text(status, "image");
    const delivered = image.startsWith("landfall.local/");
    const message = text(status, "state", "waiting", "message");
    const why = /not found|manifest unknown/.test(message) ? "the registry has no such image"
        : /unauthorized|denied|authentication required|403|401/i.test(message) ? "the registry refuses the login"
            : /no such host|timeout|connection refused|i\/o/.test(message) ? "the registry doesn't answer" : "";
    return finding(pod, "failing",
        `can't get its image ${image} (${text(status, "state", "waiting", "reason")}${why && `: ${why}`})`, created(pod),
        delivered ? `Deliver it to the nodes again: ${command("start")}` : kubectl("describe", "pod", pod));
};

const misconfigured: PodRule = (pod, { command }) => {
    const status = waitingFor(pod, ["CreateContainerConfigError", "CreateContainerError", "PreCreateHookError"]);
    if (!isLive(pod) || !status) return undefined;
    const waiting = text(status, "state", "waiting", "message");
    // Messages of this form only contain names. Others may quote the container's configuration, and so secrets.
    const missing = /^(?:secret|configmap) "[^"]+" not found$|^couldn't find key \S+ in (?:Secret|ConfigMap) \S+$/.exec(waiting)?.[0];
    const reason = text(status, "state", "waiting", "reason");
    return finding(pod, "failing", `its container ${text(status, "name")} can't be created (${reason}${missing ? `: ${missing}` : ""})`,
        created(pod), missing ? `Create what is missing again: ${command("start")}` : kubectl("describe", "pod", pod));
};

const crashing: PodRule = (pod, situation) => {
    // Between two attempts to start a container, Kubernetes gives either reason.
    const status = waitingFor(pod, ["CrashLoopBackOff", "RunContainerError"])
        ?? containerStatuses(pod).find(found => endedBadly(found) && (number(found, "restartCount") ?? 0) > 0);
    if (!isLive(pod) || !status || ownerKind(pod) === "Job") return undefined;
    const last = lastEnd(status);
    const count = number(status, "restartCount") ?? 0;
    const does = cannotStart(status) ? "can't be started:" : "crashes again and again:";
    return finding(pod, "failing", `its container ${text(status, "name")} ${does} ${describeEnd(last)}, ${count} restarts`,
        heldSince(pod, condition(pod, "Ready")), crashAdvice(pod, last, situation));
};

const stillStarting: PodRule = (pod, { now, observed }) => {
    const scheduled = condition(pod, "PodScheduled");
    const since = heldSince(pod, scheduled);
    if (!isLive(pod) || text(pod, "status", "phase") !== "Pending" || !isTrue(scheduled) || now - since < patience.starting) return undefined;
    const waiting = text(containerStatuses(pod).find(status => text(status, "state", "waiting", "reason")), "state", "waiting", "reason");
    const reason = lastWarning(observed.events, pod);
    return finding(pod, "failing", `has not started${waiting && ` (${waiting})`}${reason && `: ${reason}`}`, since, kubectl("describe", "pod", pod));
};

const notReady: PodRule = (pod, situation) => {
    const { now, observed } = situation;
    const ready = condition(pod, "Ready");
    const since = heldSince(pod, ready);
    if (!isLive(pod) || text(pod, "status", "phase") !== "Running" || ownerKind(pod) === "Job") return undefined;
    const failure = probeFailure(pod, observed.events);
    const most = / gets 4\d\d$/.test(failure) ? patience.answering : Math.min(patience.ready, startingTime(pod));
    const unready = list(pod, "status", "containerStatuses").filter(status => status.ready !== true);
    // Pulling the image takes time. After a restart, the first start counts.
    const begun = Math.max(since, ...unready.filter(status => (number(status, "restartCount") ?? 0) === 0).map(status => time(status, "state", "running", "startedAt") ?? 0));
    if (isTrue(ready) || now - begun < most) return undefined;
    const names = unready.map(status => text(status, "name"));
    const why = [names.join(", "), failure].filter(Boolean).join(": ");
    return finding(pod, "failing", `runs but isn't ready, so it gets no requests${why && ` (${why})`}`, since, logsAdvice(pod, situation));
};

/** How long a container's startup probe allows it to start; at least a minute. */
function startingTime(pod: Fields): number {
    const starting = list(pod, "status", "containerStatuses").filter(status => status.started === false).map(status => text(status, "name"));
    const probes = list(pod, "spec", "containers").filter(container => starting.includes(text(container, "name"))).map(({ startupProbe }) => startupProbe);
    return Math.max(minute, ...probes.map(probe => {
        const [delay, period, times] = ["initialDelaySeconds", "periodSeconds", "failureThreshold"].map(key => number(probe, key));
        return probe === undefined ? patience.ready : ((delay ?? 0) + (period ?? 10) * (times ?? 3)) * second;
    }), starting.length === 0 ? patience.ready : 0);
}

/** The last result of a probe, from the kubelet. Leaves out the output of a probe's command, which may contain secrets. */
function probeFailure(pod: Fields, events: Fields[]): string {
    const last = eventsOf(pod, events).find(event => text(event, "reason") === "Unhealthy");
    const [, probe, what] = /^(Startup|Readiness|Liveness) probe failed: (.*)$/.exec(text(last, "message")) ?? [];
    if (probe === undefined) return "";
    const code = /statuscode: (\d+)$/.exec(what)?.[1];
    const why = code ? ` gets ${code}` : /connection refused/.test(what) ? ": nothing listens on its port"
        : /deadline exceeded|timed? ?out|i\/o timeout/i.test(what) ? ": no answer in time" : " fails";
    return `its ${probe.toLowerCase()} probe${why}`;
}

const stuckDeleting: PodRule = (pod, { now }) => {
    const deletion = time(pod, "metadata", "deletionTimestamp");
    if (deletion === undefined || now - deletion < patience.deletion) return undefined;
    return finding(pod, "risk", `is being deleted, and its node ${text(pod, "spec", "nodeName")} doesn't confirm it`, deletion,
        "Is the node gone for good? Then delete it from the cluster: kubectl delete node NAME");
};

const evicted: PodRule = (pod, { now }) => {
    const reason = text(pod, "status", "reason");
    if (text(pod, "status", "phase") !== "Failed" || ownerKind(pod) === "Job" || reason === "") return undefined;
    const disrupted = condition(pod, "DisruptionTarget");
    const since = time(disrupted, "lastTransitionTime") ?? time(pod, "status", "startTime") ?? created(pod);
    // A node that shuts down cleanly also leaves failed pods. Others have replaced them.
    if (now - since > day || ["NodeShutdown", "Terminated", "Shutdown"].includes(reason)) return undefined;
    const message = text(pod, "status", "message").replace(/\. .*$/, "");
    return finding(pod, "risk", `was evicted${reason === "Evicted" ? "" : ` (${reason})`}: ${message}`, since,
        `Free what the node ran out of. Then clear the list: kubectl -n ${namespaceOf(pod)} delete pods --field-selector=status.phase=Failed`);
};

/** The pod is gone, and only the event about it remains, for an hour. */
function preempted(event: Fields, { now, observed }: Situation): Finding | undefined {
    const [namespace, name] = [text(event, "involvedObject", "namespace"), text(event, "involvedObject", "name")];
    const since = eventTime(event);
    if (text(event, "reason") !== "Preempted" || name === "" || now - since > hour) return undefined;
    const owners = [...observed.deployments, ...observed.statefulSets].filter(owner => namespaceOf(owner) === namespace).map(nameOf);
    const workload = owners.filter(owner => name.startsWith(`${owner}-`)).sort((a, b) => b.length - a.length)[0];
    const [related, place] = [text(event, "related", "name"), text(event, "related", "namespace")];
    return {
        severity: "risk", kind: "Pod", object: { metadata: { name, namespace } }, group: workload ?? name, since,
        matter: `was preempted: the cluster is full, and ${related ? `${place}/${related}` : "a pod"} of a higher priority took its place`,
        action: roomAdvice,
    };
}

const restarted: PodRule = (pod, situation) => {
    const { now, environment, observed } = situation;
    if (!isLive(pod) || crashing(pod, situation)) return undefined;
    const status = containerStatuses(pod).find(found => (number(found, "restartCount") ?? 0) > 0);
    const last = lastEnd(status);
    const since = time(last, "finishedAt");
    if (!status || since === undefined) return undefined;
    const count = number(status, "restartCount") ?? 0;
    const isDatabase = namespaceOf(pod) === environment && ownerKind(pod) === "StatefulSet";
    const ranOut = text(last, "reason") === "OOMKilled";
    const recent = now - since < (isDatabase ? day : hour);
    if (!recent || !(isDatabase || ranOut || count >= 3) || endedWithNode(pod, since, observed.pods)) return undefined;
    const what = isDatabase ? "the database" : `its container ${text(status, "name")}`;
    return finding(pod, "risk", `${what} restarted ${count === 1 ? "once" : `${count} times`}, last: ${describeEnd(last)}`,
        since, crashAdvice(pod, last, situation));
};

/** Whether everything else on the node restarted at that time too. A laptop's nodes restart at every stop and start. */
function endedWithNode(pod: Fields, since: number, pods: Fields[]): boolean {
    const others = pods.filter(other => other !== pod && isLive(other) && text(other, "spec", "nodeName") === text(pod, "spec", "nodeName")
        && (time(other, "status", "startTime") ?? since) < since);
    const begun = others.flatMap(other => list(other, "status", "containerStatuses").map(status => time(status, "state", "running", "startedAt") ?? since));
    return others.length >= 3 && begun.every(start => start >= since - 2 * minute);
}

function waitingFor(pod: Fields, reasons: string[]): Fields | undefined {
    return containerStatuses(pod).find(status => reasons.includes(text(status, "state", "waiting", "reason")));
}

/** Whether a container failed. Code 255 with the reason Unknown isn't a failure: its node stopped, and the kubelet restarts it. */
function endedBadly(status: Fields): boolean {
    const code = number(status, "state", "terminated", "exitCode");
    return code !== undefined && code !== 0 && !(code === 255 && text(status, "state", "terminated", "reason") === "Unknown");
}

/** How a container last ended, without its termination message, which may contain secrets. */
function lastEnd(status: Fields | undefined): Fields {
    const now = fields(status, "state", "terminated");
    return number(now, "exitCode") === undefined ? fields(status, "lastState", "terminated") : now;
}

function describeEnd(end: Fields): string {
    const reason = text(end, "reason") || "it ended";
    const code = number(end, "exitCode");
    if (reason === "OOMKilled") return "out of memory (OOMKilled)";
    const missing = missingProgram(end);
    if (missing) return missing[2] === "permission denied" ? `its program ${missing[1]} can't be executed` : `the image has no program ${missing[1]}`;
    return code === undefined ? reason : `${reason}, exit code ${code}`;
}

/** The runtime's message about a program that it can't execute. It contains nothing else of the command. */
function missingProgram(end: Fields): RegExpExecArray | null {
    if (text(end, "reason") !== "StartError") return null;
    return /exec: ("[^"]+"): (executable file not found|stat [^:]*: no such file|permission denied)/.exec(text(end, "message"));
}

/** Whether the runtime couldn't start a container's program the last time. */
function cannotStart(status: Fields): boolean {
    return text(status, "state", "waiting", "reason") === "RunContainerError" || text(lastEnd(status), "reason") === "StartError";
}

function crashAdvice(pod: Fields, last: Fields, situation: Situation): string {
    const { command, environment, services } = situation;
    const workload = workloadOf(pod);
    const isService = namespaceOf(pod) === environment && services?.includes(workload);
    if (isService && missingProgram(last)) return `Correct the command of landfall:app.services.${workload}, then: ${command("start")}`;
    // It has printed nothing.
    if (text(last, "reason") === "StartError" || number(last, "exitCode") === undefined) return kubectl("describe", "pod", pod);
    const key = services?.includes(workload) ? `services.${workload}` : ["web", "database"].includes(workload) ? workload : undefined;
    if (text(last, "reason") === "OOMKilled" && namespaceOf(pod) === environment && key !== undefined) {
        return `Raise landfall:app.${key}.memory.limit, then: ${command("start")}`;
    }
    return logsAdvice(pod, situation, true);
}

/** The parts that `npm run logs` knows, by their pods' workload. */
const parts: Record<string, string> = { web: "web", database: "database", envoy: "gateway", [controllerName]: "gateway", "scheduled-tasks": "tasks" };

function logsAdvice(pod: Fields, { command, environment, services }: Situation, previous = false): string {
    const workload = workloadOf(pod);
    const isService = namespaceOf(pod) === environment && services?.includes(workload);
    const part = isService ? workload : Object.hasOwn(parts, workload) ? parts[workload] : undefined;
    if (part) return `Read why: ${command("logs", part, ...(previous ? ["--previous"] : []))}`;
    return `Read why: kubectl -n ${namespaceOf(pod)} logs ${nameOf(pod)} --all-containers${previous ? " --previous" : ""}`;
}

function lastWarning(events: Fields[], object: Fields): string {
    const [last] = eventsOf(object, events);
    return last ? [text(last, "reason"), text(last, "message").slice(0, 200)].join(": ") : "";
}

/** The events about an object, the last first. Those of an earlier pod of a StatefulSet have the same name. */
function eventsOf(object: Fields, events: Fields[]): Fields[] {
    return events.filter(event => text(event, "involvedObject", "name") === nameOf(object)
        && text(event, "involvedObject", "namespace") === namespaceOf(object)
        && eventTime(event) >= created(object)).sort((a, b) => eventTime(b) - eventTime(a));
}

function eventTime(event: Fields): number {
    return time(event, "lastTimestamp") ?? time(event, "series", "lastObservedTime") ?? time(event, "eventTime") ?? created(event);
}
