import { type Fields, fields, list, text, time } from "./fields";

/** The kinds of objects that show a stack's state. */
export const kinds = [
    "nodes", "pods", "events", "deployments", "statefulSets", "autoscalers", "jobs", "cronJobs", "budgets", "claims", "quotas",
    "services", "gateways", "routes", "certificates", "challenges", "volumeSnapshots", "preemptions", "nodeStats",
] as const;

export type Kind = (typeof kinds)[number];

/** What the cluster holds: the objects of each kind, in the stack's namespaces. */
export type Observed = Record<Kind, Fields[]>;

/** An observation of nothing, or of these objects. */
export function observed(some: Partial<Observed> = {}): Observed {
    return { ...(Object.fromEntries(kinds.map(kind => [kind, []])) as unknown as Observed), ...some };
}

export function nameOf(object: Fields): string {
    return text(object, "metadata", "name");
}

export function namespaceOf(object: Fields): string {
    return text(object, "metadata", "namespace");
}

/** When the object was created; very long ago if it doesn't say. */
export function created(object: Fields): number {
    return time(object, "metadata", "creationTimestamp") ?? 0;
}

export function isDeleting(object: Fields): boolean {
    return text(object, "metadata", "deletionTimestamp") !== "";
}

export function condition(object: Fields, type: string): Fields | undefined {
    return list(object, "status", "conditions").find(found => text(found, "type") === type);
}

export function isTrue(found: Fields | undefined): boolean {
    return text(found, "status") === "True";
}

/** Since when a condition holds: never before the object was there, as defaults of a CRD claim. */
export function heldSince(object: Fields, found: Fields | undefined): number {
    return Math.max(created(object), time(found, "lastTransitionTime") ?? 0);
}

export function isReady(pod: Fields): boolean {
    return isTrue(condition(pod, "Ready"));
}

/** Whether a pod is to run: neither finished nor about to be deleted. */
export function isLive(pod: Fields): boolean {
    return !isDeleting(pod) && !["Succeeded", "Failed"].includes(text(pod, "status", "phase"));
}

/** The kind of the object that created this one, for example `Job`. */
export function ownerKind(object: Fields): string {
    return text(list(object, "metadata", "ownerReferences")[0], "kind");
}

export function ownerName(object: Fields): string {
    return text(list(object, "metadata", "ownerReferences")[0], "name");
}

/** The name of the workload that a pod belongs to. */
export function workloadOf(pod: Fields): string {
    const labels = fields(pod, "metadata", "labels");
    return text(labels, "app.kubernetes.io/name") || text(labels, "k8s-app") || ownerName(pod) || nameOf(pod);
}

/** Whether the scheduler waits for a volume of a pod's. */
export function waitsForClaim(pod: Fields | undefined): boolean {
    const scheduled = pod && condition(pod, "PodScheduled");
    return pod !== undefined && (scheduled === undefined || /unbound .*PersistentVolumeClaims/.test(text(scheduled, "message")));
}

/** The states of a pod's containers, initial ones first. */
export function containerStatuses(pod: Fields): Fields[] {
    return [...list(pod, "status", "initContainerStatuses"), ...list(pod, "status", "containerStatuses")];
}

/** The date in the name of an image that Landfall has built; undefined for any other image. */
export function imageDate(image: string): string | undefined {
    return /:(?:[a-z0-9._-]+-)?(\d{4}-\d{2}-\d{2})-[0-9a-f]{6,}/.exec(image)?.[1];
}
