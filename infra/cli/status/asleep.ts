import { activatorManager } from "../../../components/workload/labels";
import { type Fields, fields, flag, list, number, text, time } from "./fields";
import { namespaceOf, type Observed } from "./objects";

/** When the activator last stopped or started a workload, in milliseconds since 1970; undefined if somebody else did later. */
export function activatedAt(workload: Fields): number | undefined {
    const own = list(workload, "metadata", "managedFields").filter(entry => text(entry, "manager") === activatorManager)
        .find(entry => ["f:replicas", "f:suspend"].some(field => Object.hasOwn(fields(entry, "fieldsV1", "f:spec"), field)));
    return time(own, "time");
}

/** Since when the activator keeps a workload stopped, likewise; undefined if it runs, or somebody else stopped it. */
export function asleepSince(workload: Fields): number | undefined {
    const isStopped = number(workload, "spec", "replicas") === 0 || flag(workload, "spec", "suspend");
    return isStopped ? activatedAt(workload) : undefined;
}

/** Since when an environment sleeps, likewise; undefined if it doesn't. */
export function environmentAsleepSince({ deployments, statefulSets }: Observed, environment: string): number | undefined {
    const since = [...deployments, ...statefulSets].filter(workload => namespaceOf(workload) === environment).flatMap(each => asleepSince(each) ?? []);
    return since.length === 0 ? undefined : Math.max(...since);
}
