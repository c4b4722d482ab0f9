import { parseQuantity } from "../../../../components/quantity";
import { expiryAnnotation } from "../../../../components/workload/labels";
import { asleepIn } from "../asleep";
import { clean, duration, type Fields, fields, flag, list, number, text, time } from "../fields";
import { condition, created, heldSince, isDeleting, isLive, isReady, isTrue, nameOf, namespaceOf, type Observed, ownerName, waitsForClaim, workloadOf } from "../objects";
import { day, type Finding, hour, kubectl, minute, type Rule, type Situation } from "../problem";

const patience = { available: minute, stateful: 2 * minute, measuring: 3 * minute, binding: minute, fileSystem: 8 * minute, unbound: 5 * minute, budget: 5 * minute, resizing: hour };
/** A run renews the certificate between a server and its clients ten years before its end. */
const renewal = 365 * day;

/** Workloads that lack pods, and what decides how many there may be. */
export const workloadRules: Record<string, Rule> = {
    "nothing-runs": nothingRuns,
    "deployment": situation => situation.observed.deployments.flatMap(deployment => deploymentFinding(deployment, situation) ?? []),
    "stateful-set": situation => situation.observed.statefulSets.flatMap(set => statefulSetFinding(set, situation) ?? []),
    "pods-refused": situation => [...situation.observed.deployments, ...situation.observed.statefulSets]
        .flatMap(workload => refusedFinding(workload, situation) ?? []),
    "server-certificate": situation => situation.observed.statefulSets.flatMap(set => serverCertificateFinding(set, situation) ?? []),
    "autoscaler-maximum": situation => situation.observed.autoscalers.flatMap(scaler => atMaximum(scaler, situation) ?? []),
    "autoscaler-blind": situation => situation.observed.autoscalers.flatMap(scaler => blind(scaler, situation) ?? []),
    "claim": situation => situation.observed.claims.flatMap(claim => claimFinding(claim, situation) ?? []),
    "quota": situation => situation.observed.quotas.flatMap(quota => quotaFinding(quota) ?? []),
    "disruption-budget": situation => situation.observed.budgets.flatMap(budget => budgetFinding(budget, situation) ?? []),
};

function nothingRuns({ observed, environment, command }: Situation): Finding[] {
    if (environment === undefined) return [];
    const here = [...observed.deployments, ...observed.statefulSets].some(object => namespaceOf(object) === environment);
    if (here) return [];
    return [{
        severity: "outage", kind: "Namespace", object: { metadata: { name: environment } },
        matter: "holds no Deployment and no StatefulSet: the application isn't there", action: `Bring it up: ${command("start")}`,
    }];
}

function deploymentFinding(deployment: Fields, { now, environment, gateway, observed }: Situation): Finding | undefined {
    if (isDeleting(deployment) || asleepIn(observed, environment)?.workloads.includes(deployment)) return undefined;
    const found = (severity: Finding["severity"], matter: string, since: number | undefined, action: string): Finding =>
        ({ severity, kind: "Deployment", object: deployment, matter, since, action });
    const describe = kubectl("describe", "deployment", deployment);
    const wanted = number(deployment, "spec", "replicas") ?? 1;
    const isServing = [environment, gateway].includes(namespaceOf(deployment));
    const stopped = isServing ? "outage" : "failing";
    // Clouds have some in kube-system that they don't use.
    if (wanted === 0 && namespaceOf(deployment) === "kube-system") return undefined;
    if (wanted === 0) return found(stopped, "is scaled to 0 replicas", undefined, `To bring it back: ${kubectl("scale", "deployment", deployment)} --replicas=2`);

    if (refusalOf(deployment, observed)) return undefined;
    const available = condition(deployment, "Available");
    const since = heldSince(deployment, available);
    if (hasNone(deployment) && now - since >= patience.available) {
        return found(stopped, `none of its ${wanted} pods is available`, since, describe);
    }
    const progressing = condition(deployment, "Progressing");
    if (text(progressing, "reason") === "ProgressDeadlineExceeded") {
        const updated = number(deployment, "status", "updatedReplicas") ?? 0;
        const undo = kubectl("rollout undo", "deployment", deployment);
        return found("failing", `its rollout is stuck: ${updated} of ${wanted} pods are of the new version, and they don't become available`,
            heldSince(deployment, progressing), `Mend what keeps the new pods from running. Or go back: ${undo}`);
    }
    if (!flag(deployment, "spec", "paused")) return undefined;
    return found("risk", "its rollout is paused", undefined, kubectl("rollout resume", "deployment", deployment));
}

function hasNone(workload: Fields): boolean {
    return (number(workload, "status", "availableReplicas") ?? 0) === 0;
}

/** Why a workload can't create pods, and since when. Of a StatefulSet, only events tell. */
function refusalOf(workload: Fields, { deployments, events }: Observed): { why: string; since: number } | undefined {
    const isDeployment = deployments.includes(workload);
    const failure = condition(workload, "ReplicaFailure");
    if (isDeployment) return isTrue(failure) ? { why: text(failure, "message"), since: heldSince(workload, failure) } : undefined;
    const event = (number(workload, "status", "replicas") ?? 0) === 0 ? eventOf(workload, "FailedCreate", events) : undefined;
    return event && { why: text(event, "message"), since: Math.max(created(workload), time(event, "firstTimestamp") ?? 0) };
}

function refusedFinding(workload: Fields, { environment, gateway, command, observed }: Situation): Finding | undefined {
    const refusal = refusalOf(workload, observed);
    const wanted = number(workload, "spec", "replicas") ?? 1;
    if (isDeleting(workload) || wanted === 0 || !refusal) return undefined;
    const kind = observed.deployments.includes(workload) ? "Deployment" : "StatefulSet";
    const isServing = [environment, gateway].includes(namespaceOf(workload));
    const advice = refusalAdvice.find(([pattern]) => pattern.test(refusal.why))?.[1](command);
    return {
        severity: hasNone(workload) && isServing ? "outage" : "failing", kind, object: workload, since: refusal.since,
        matter: `${hasNone(workload) ? `none of its ${wanted} pods is available: it ` : ""}can't create pods: ${refusal.why}`,
        action: advice ?? kubectl("describe", kind.toLowerCase(), workload),
    };
}

/** What to do about pods that the API server doesn't admit. The first pattern that matches counts. */
const refusalAdvice: [RegExp, (command: Situation["command"]) => string][] = [
    [/exceeded quota: priorities\b/, () => "Its PriorityClass is another environment's or the platform's: leave priorityClassName to the environment"],
    [/exceeded quota/, command => `Raise landfall:environment.quota, then: ${command("start")}`],
    [/no PriorityClass/, command => `Create the platform's PriorityClasses again, in the stack that has the platform: ${command("start")}`],
];

function statefulSetFinding(set: Fields, { now, environment, observed }: Situation): Finding | undefined {
    const wanted = number(set, "spec", "replicas") ?? 1;
    const own = observed.pods.filter(pod => ownerName(pod) === nameOf(set) && namespaceOf(pod) === namespaceOf(set));
    if (isDeleting(set) || own.some(isReady) || asleepIn(observed, environment)?.workloads.includes(set)) return undefined;
    const severity = namespaceOf(set) === environment ? "outage" : "failing";
    const finding = { severity, kind: "StatefulSet", object: set, action: kubectl("describe", "statefulset", set) } as const;
    const back = `To bring it back: ${kubectl("scale", "statefulset", set)} --replicas=1`;
    if (wanted === 0) return { ...finding, matter: "is scaled to 0 replicas", action: back };
    if (refusalOf(set, observed)) return undefined;
    const since = Math.max(created(set), ...own.map(pod => heldSince(pod, condition(pod, "Ready"))));
    // While its pod ends, the next can't begin.
    if (now - since < patience.stateful || own.some(isDeleting)) return undefined;
    return { ...finding, matter: "none of its pods is ready", since };
}

function serverCertificateFinding(set: Fields, { now, command }: Situation): Finding | undefined {
    const end = time(set, "metadata", "annotations", expiryAnnotation);
    if (end === undefined || isDeleting(set) || end - now > renewal) return undefined;
    const matter = end > now ? `has a certificate that ends in ${duration(end - now)}; without another, its clients refuse it then`
        : "has a certificate that has ended, so its clients refuse it";
    return {
        severity: end > now ? "risk" : "outage", kind: "StatefulSet", object: set, matter,
        action: `Renew it: ${command("start")}`,
    };
}

function atMaximum(scaler: Fields, { command, environment, gateway, services }: Situation): Finding | undefined {
    const most = number(scaler, "spec", "maxReplicas");
    const least = number(scaler, "spec", "minReplicas") ?? 1;
    const limited = condition(scaler, "ScalingLimited");
    const wantsMore = isTrue(limited) && text(limited, "reason") === "TooManyReplicas";
    const reached = most !== undefined && (number(scaler, "status", "desiredReplicas") ?? 0) >= most && most > least;
    if (!wantsMore && !reached) return undefined;
    const use = number(list(scaler, "status", "currentMetrics")[0], "resource", "current", "averageUtilization");
    const aim = number(list(scaler, "spec", "metrics")[0], "resource", "target", "averageUtilization");
    const busy = wantsMore && use !== undefined && aim !== undefined ? `: its pods use ${use} % of the CPU they request, and should use ${aim} %` : "";
    const place = `${namespaceOf(scaler)}/${nameOf(scaler)}`;
    const settings = environment === undefined ? [["envoy", "gateway.pods"]] : services === undefined ? [["web", "app.web.replicas.max"], ["envoy", "app.web.replicas.max"]]
        : [...services.map(name => [name, `app.services.${name}.replicas.max`]), ["envoy", "app.services.<name>.replicas.max of those that are exposed"]];
    // The gateway's maximum follows from that of the pods behind it.
    const setting = settings.find(([name]) => place === `${name === "envoy" ? gateway : environment}/${name}`)?.[1];
    return {
        severity: "risk", kind: "HorizontalPodAutoscaler", object: scaler, since: wantsMore ? heldSince(scaler, limited) : undefined,
        matter: `is at its maximum of ${most ?? "?"} replicas${wantsMore ? `, and the load asks for more${busy}` : ""}`,
        action: setting !== undefined ? `Raise landfall:${setting}, then: ${command("start")}` : kubectl("describe", "hpa", scaler),
    };
}

function blind(scaler: Fields, { now }: Situation): Finding | undefined {
    const found = ["ScalingActive", "AbleToScale"].map(type => condition(scaler, type)).find(each => text(each, "status") === "False"
        && text(each, "reason") !== "ScalingDisabled");
    const since = heldSince(scaler, found);
    if (!found || now - since < patience.measuring) return undefined;
    const does = text(found, "type") === "ScalingActive" ? "can't measure the load, so it doesn't scale" : "can't scale";
    return {
        severity: "failing", kind: "HorizontalPodAutoscaler", object: scaler, since,
        matter: `${does}: ${text(found, "message").slice(0, 300)}`, action: "Is metrics-server well? kubectl get apiservice v1beta1.metrics.k8s.io",
    };
}

function claimFinding(claim: Fields, { now, observed }: Situation): Finding | undefined {
    const finding = { kind: "PersistentVolumeClaim", object: claim, action: kubectl("describe", "pvc", claim) } as const;
    const phase = text(claim, "status", "phase");
    if (isDeleting(claim)) return undefined;
    if (phase === "Lost") return { ...finding, severity: "outage", matter: "has lost its volume: the data isn't reachable" };
    const user = observed.pods.find(pod => isLive(pod) && namespaceOf(pod) === namespaceOf(claim)
        && list(pod, "spec", "volumes").some(volume => text(volume, "persistentVolumeClaim", "claimName") === nameOf(claim)));
    const failure = eventOf(claim, "ProvisioningFailed", observed.events);
    // Until a pod has a node, many classes make no volume, and the pod's own finding says what it lacks.
    const provisioner = text(claim, "metadata", "annotations", "volume.kubernetes.io/storage-provisioner");
    const awaited = failure !== undefined || waitsForClaim(user) || provisioner !== "";
    // Google makes a file system in minutes, and each attempt meanwhile counts as failed.
    const isBeingMade = provisioner === "filestore.csi.storage.gke.io" && !/code = (?!DeadlineExceeded|Aborted)/.test(text(failure, "message"));
    const most = isBeingMade ? patience.fileSystem : awaited ? patience.binding : patience.unbound;
    if (phase === "Pending" && now - created(claim) >= most) {
        // Many classes make a volume only once a pod uses it.
        if (!user && !failure) return undefined;
        const why = (user ? `, and ${workloadOf(user)} waits for it` : "") + (failure ? `: ${text(failure, "message").slice(0, 300)}` : "");
        const storageClass = text(claim, "spec", "storageClassName") || "(default)";
        return { ...finding, severity: "failing", since: created(claim), matter: `waits for a volume of the class ${storageClass}${why}` };
    }
    const resizing = list(claim, "status", "conditions").find(each => {
        const takesLong = now - (time(each, "lastTransitionTime") ?? now) > patience.resizing;
        return isTrue(each) && (takesLong ? /Error$|Resiz/ : /Error$/).test(text(each, "type"));
    });
    if (!resizing) return undefined;
    return { ...finding, severity: "risk", since: time(resizing, "lastTransitionTime"), matter: `doesn't get its new size (${text(resizing, "type")})` };
}

function eventOf(object: Fields, reason: string, events: Fields[]): Fields | undefined {
    return events.find(event => text(event, "reason") === reason && text(event, "involvedObject", "name") === nameOf(object)
        && text(event, "involvedObject", "namespace") === namespaceOf(object));
}

function quotaFinding(quota: Fields): Finding | undefined {
    const hard = fields(quota, "status", "hard");
    const full = Object.keys(hard).filter(name => {
        // Volumes are created in a run, which says so itself. A quota that just holds them is as it should be.
        if (name === "requests.storage") return false;
        const [most, used] = [parseQuantity(text(hard, name)), parseQuantity(text(quota, "status", "used", name))];
        return most !== undefined && used !== undefined && most > 0n && used >= most;
    });
    if (full.length === 0) return undefined;
    const figures = full.map(name => `${text(quota, "status", "used", name)} of ${text(hard, name)} ${clean(name)}`).join(", ");
    return {
        severity: "risk", kind: "ResourceQuota", object: quota, matter: `is used up: ${figures}. What needs more can't be created`,
        action: "Raise landfall:environment.quota, or lower what the application may use",
    };
}

function budgetFinding(budget: Fields, { now }: Situation): Finding | undefined {
    const allowed = condition(budget, "DisruptionAllowed");
    const expected = number(budget, "status", "expectedPods") ?? 0;
    const healthy = number(budget, "status", "currentHealthy") ?? 0;
    const since = heldSince(budget, allowed);
    const current = (number(budget, "status", "observedGeneration") ?? 0) >= (number(budget, "metadata", "generation") ?? 0);
    const underway = Object.keys(fields(budget, "status", "disruptedPods")).length > 0;
    if (number(budget, "status", "disruptionsAllowed") !== 0 || expected === 0 || healthy < expected) return undefined;
    if (underway || !current || now - since < patience.budget) return undefined;
    return {
        severity: "risk", kind: "PodDisruptionBudget", object: budget, since,
        matter: `allows no disruption although all ${expected} pods are healthy: draining and upgrading nodes never ends`,
        action: kubectl("describe", "pdb", budget),
    };
}
