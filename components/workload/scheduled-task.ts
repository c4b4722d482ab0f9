import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { type Transform, transformedBy } from "../transform";
import { defaultUid, taskDefaults } from "./defaults";
import { Environment } from "./environment";
import { Metadata, objectLabels, selectorLabels } from "./labels";
import { allowConnections, Outside, Peer } from "./network";
import { Resource, TaskArgs, taskPodSpec } from "./pod";
import { createSources } from "./sources";
import { expendableTolerations } from "./tolerations";

type PodSpec = kubernetes.types.input.core.v1.PodSpec;

export interface ScheduledTaskArgs extends Omit<TaskArgs, "uid" | "cpu" | "memory" | "priorityClassName" | "args"> {
    environment: Environment;
    /** Program and arguments, without a shell. @example ["send-report", "--weekly"] */
    command: string[];
    /** Numeric user and group that the container runs as, never 0, whatever the image says. @default 10001 */
    uid?: number;
    /** @default { request: "50m", limit: "1" } */
    cpu?: Resource;
    /** @default { request: "64Mi", limit: "256Mi" } */
    memory?: Resource;
    /** When it runs, in cron's five fields, in UTC. @example `"0 3 * * *"` */
    schedule: string;
    /** Seconds after which a run is killed, its wait included. While one runs, the next one doesn't start. @default 600 */
    deadlineSeconds?: number;
    /**
     * Where it runs: on a node of this workload if it has room, because the image and volumes are there already. With
     * `always`, only there, for example for a volume that only one node can mount.
     */
    beside?: { workload: Peer; always: boolean };
    /** What must exist before the first run. */
    after?: pulumi.Resource[];
    /** What it connects to outside the cluster. */
    reaches?: Outside[];
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/**
 * A command that runs to completion on a schedule, one run at a time, in pods of its own.
 *
 * @example new ScheduledTask("report", { environment, image, command: ["send-report"], schedule: "0 3 * * *" })
 */
export class ScheduledTask extends pulumi.ComponentResource implements Peer {
    readonly name: string;
    readonly namespace: pulumi.Output<string>;
    readonly cluster: Cluster;
    readonly cronJob: kubernetes.batch.v1.CronJob;

    constructor(name: string, args: ScheduledTaskArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:workload:ScheduledTask", name, {}, transformedBy(args.transform, opts));
        this.name = name;
        this.namespace = args.environment.namespace;
        this.cluster = args.environment.cluster;
        const options = inCluster(this.cluster, this);
        const metadata = { name, namespace: this.namespace, labels: objectLabels(name) };

        const connections = allowConnections(this, args);
        const { uid = defaultUid, cpu = taskDefaults.cpu, memory = taskDefaults.memory, deadlineSeconds = taskDefaults.deadlineSeconds } = args;
        const spec = taskPodSpec(name, {
            ...args, uid, cpu, memory, deadlineSeconds, priorityClassName: args.environment.priorityClasses?.usual,
        }, createSources(name, args.environment, args, this));
        args.environment.sleep?.workloads.push({ kind: "CronJob", name, replicas: 0 });
        this.cronJob = createCronJob(metadata, {
            ...spec,
            ...(args.beside && { affinity: besideOf(args.beside) }),
            tolerations: expendableTolerations(this.cluster.capabilities),
        }, { ...args, deadlineSeconds }, { ...options, dependsOn: [...connections, ...args.after ?? []] });
        this.registerOutputs({ namespace: this.namespace });
    }
}

function besideOf({ workload, always }: { workload: Peer; always: boolean }): PodSpec["affinity"] {
    const term = {
        topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: selectorLabels(workload.name) },
    };
    return {
        podAffinity: always
            ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
            : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] },
    };
}

function createCronJob(
    metadata: Metadata, spec: PodSpec, { schedule, deadlineSeconds }: Pick<ScheduledTaskArgs, "schedule" | "deadlineSeconds">, options: pulumi.CustomResourceOptions,
): kubernetes.batch.v1.CronJob {
    // A run is short and repeats, so it must not keep a node that nothing else needs.
    const annotations = { "cluster-autoscaler.kubernetes.io/safe-to-evict": "true" };
    return new kubernetes.batch.v1.CronJob(metadata.name, {
        metadata,
        spec: {
            schedule,
            // Otherwise, it would be the time zone of whatever machine runs the controller manager.
            timeZone: "Etc/UTC",
            concurrencyPolicy: "Forbid",
            // If a run can't start in time, it is skipped.
            startingDeadlineSeconds: 60,
            // Keeps the log of the last failure.
            successfulJobsHistoryLimit: 1,
            failedJobsHistoryLimit: 1,
            jobTemplate: {
                metadata: { labels: metadata.labels },
                spec: {
                    // The next run may be a day away.
                    backoffLimit: 1,
                    activeDeadlineSeconds: deadlineSeconds,
                    template: { metadata: { labels: metadata.labels, annotations }, spec },
                },
            },
        },
    }, options);
}
