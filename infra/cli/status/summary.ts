import { namespaces } from "../../../components/platform/namespaces";
import { asleepIn } from "./asleep";
import type { Seen } from "./collect";
import { type Fields, list, number, text, time } from "./fields";
import { condition, created, imageDate, isLive, isReady, isTrue, nameOf, namespaceOf, ownerKind, ownerName, workloadOf } from "./objects";
import type { Problem } from "./problem";

/** A workload and its pods. */
export interface Part {
    namespace: string;
    name: string;
    ready: number;
    wanted: number;
    /** Since when the activator keeps it stopped; ISO 8601. */
    asleep?: string;
    /** The autoscaler's bounds. */
    between?: [least: number, most: number];
    /** When the oldest of its pods started; ISO 8601. */
    since?: string;
    /** Dates or tags of the images that run. */
    images: string[];
    nodes: string[];
}

/** A scheduled task. */
export interface Task {
    namespace: string;
    name: string;
    schedule: string;
    /** When it last ended well; ISO 8601. */
    succeeded?: string;
}

/** A stack's state, as `--json` prints it. */
export interface Status {
    stack: string;
    target: string;
    healthy: boolean;
    /** When it was looked at, by the cluster's clock; ISO 8601. */
    time: string;
    address?: string;
    /** Since when the environment sleeps; ISO 8601. */
    asleep?: string;
    /** Versions: of Landfall as it was last applied, of this code, and of the cluster. */
    versions: { applied?: string; code: string; kubernetes?: string };
    /** Dates of the images that Landfall has built. */
    imageDates: string[];
    nodes: { name: string; ready: boolean; version: string }[];
    parts: Part[];
    tasks: Task[];
    /** When the machines last took a snapshot of etcd; ISO 8601. */
    etcdSnapshot?: string;
    problems: Problem[];
    /** What else to know, such as that this computer's clock is wrong. */
    notes: string[];
}

/** What runs, the environment first. */
export function partsOf({ observed }: Seen, environment?: string): Part[] {
    const own = [environment ?? "", ...Object.values(namespaces)];
    const asleep = asleepIn(observed, environment);
    const workloads = [...observed.deployments, ...observed.statefulSets].filter(object => own.includes(namespaceOf(object)));
    const place = (object: Fields): string => `${own.indexOf(namespaceOf(object)) === 0 ? 0 : 1} ${namespaceOf(object)} ${nameOf(object)}`;
    return workloads.sort((a, b) => (place(a) < place(b) ? -1 : 1)).map(workload => {
        const selector = text(workload, "spec", "selector", "matchLabels", "app.kubernetes.io/name") || nameOf(workload);
        const pods = observed.pods.filter(pod => isLive(pod) && namespaceOf(pod) === namespaceOf(workload)
            && workloadOf(pod) === selector && ownerKind(pod) !== "Job");
        const scaler = observed.autoscalers.find(each => namespaceOf(each) === namespaceOf(workload)
            && text(each, "spec", "scaleTargetRef", "name") === nameOf(workload));
        const [least, most] = [number(scaler, "spec", "minReplicas") ?? 1, number(scaler, "spec", "maxReplicas")];
        const starts = pods.flatMap(pod => time(pod, "status", "startTime") ?? []);
        return {
            namespace: namespaceOf(workload), name: nameOf(workload),
            ready: pods.filter(isReady).length, wanted: number(workload, "spec", "replicas") ?? 1,
            ...(asleep?.workloads.includes(workload) && { asleep: new Date(asleep.since).toISOString() }),
            ...(most !== undefined && { between: [least, most] as [number, number] }),
            ...(starts.length > 0 && { since: new Date(Math.min(...starts)).toISOString() }),
            images: [...new Set(pods.map(pod => shortImage(text(list(pod, "spec", "containers")[0], "image"))).filter(Boolean))].sort(),
            nodes: [...new Set(pods.map(pod => text(pod, "spec", "nodeName")).filter(Boolean))].sort(),
        };
    });
}

export function tasksOf({ observed }: Seen, environment?: string): Task[] {
    if (environment === undefined) return [];
    return observed.cronJobs.filter(task => namespaceOf(task) === environment).map(task => {
        const own = observed.jobs.filter(job => ownerName(job) === nameOf(task) && namespaceOf(job) === environment);
        const ends = own.filter(job => isTrue(condition(job, "Complete")))
            .map(job => time(job, "status", "completionTime") ?? created(job));
        const last = Math.max(time(task, "status", "lastSuccessfulTime") ?? 0, ...ends);
        return {
            namespace: environment, name: nameOf(task), schedule: text(task, "spec", "schedule"),
            ...(last > 0 && { succeeded: new Date(last).toISOString() }),
        };
    });
}

export function nodesOf({ observed }: Seen): Status["nodes"] {
    return observed.nodes.map(node => ({
        name: nameOf(node), ready: isTrue(condition(node, "Ready")), version: text(node, "status", "nodeInfo", "kubeletVersion"),
    }));
}

/** Dates of Landfall's own images, as the environment's pods run them. */
export function imageDatesOf({ observed }: Seen, environment?: string): string[] {
    const images = observed.pods.filter(pod => isLive(pod) && namespaceOf(pod) === environment)
        .flatMap(pod => list(pod, "spec", "containers").map(container => imageDate(text(container, "image"))));
    return [...new Set(images.filter(date => date !== undefined))].sort();
}

/** An image for people: its date if Landfall has built it, else its tag. */
function shortImage(image: string): string {
    return imageDate(image) ?? (/:([\w][\w.-]*)(?:@|$)/.exec(image)?.[1] ?? "").slice(0, 20);
}
