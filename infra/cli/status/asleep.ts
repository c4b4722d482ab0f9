import { activatorManager, activatorName } from "../../../components/workload/labels";
import { type Fields, fields, flag, list, number, text, time } from "./fields";
import { nameOf, namespaceOf, type Observed } from "./objects";

/** What of an environment the activator keeps stopped. */
export interface Asleep {
    workloads: Fields[];
    /** Since when, in milliseconds since 1970. */
    since: number;
}

/**
 * The workloads of an environment that sleeps; undefined if it doesn't. It sleeps if it has an activator, which wakes it, and
 * all else is scaled to 0. The cluster doesn't record who scaled a workload.
 */
export function asleepIn(
    { deployments, statefulSets }: Pick<Observed, "deployments" | "statefulSets">, environment: string | undefined,
): Asleep | undefined {
    const own = [...deployments, ...statefulSets].filter(each => namespaceOf(each) === environment
        && text(each, "metadata", "labels", "app.kubernetes.io/part-of") === "landfall");
    const workloads = own.filter(each => nameOf(each) !== activatorName);
    const sleeps = own.length > workloads.length && workloads.length > 0 && workloads.every(each => number(each, "spec", "replicas") === 0);
    return sleeps ? { workloads, since: Math.max(...workloads.map(stoppedAt)) } : undefined;
}

/** When the controller last wrote a workload's status. At 0 replicas, that is when the last pod had gone. */
function stoppedAt(workload: Fields): number {
    return Math.max(0, ...list(workload, "metadata", "managedFields").filter(entry => text(entry, "subresource") === "status")
        .map(entry => time(entry, "time") ?? 0));
}

/** When the activator last suspended or resumed a task, likewise; undefined if somebody else did later. */
export function activatedAt(task: Fields): number | undefined {
    return time(list(task, "metadata", "managedFields").find(entry => text(entry, "manager") === activatorManager
        && Object.hasOwn(fields(entry, "fieldsV1", "f:spec"), "f:suspend")), "time");
}

/** Whether the activator keeps a task suspended. */
export function rests(task: Fields): boolean {
    return flag(task, "spec", "suspend") && activatedAt(task) !== undefined;
}
