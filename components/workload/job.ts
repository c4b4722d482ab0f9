import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { type Transform, transformedBy } from "../transform";
import { refuseNumbers } from "./checks";
import { defaultUid, jobDefaults, webDefaults } from "./defaults";
import { Environment } from "./environment";
import { keptAcrossKinds } from "./kinds";
import { objectLabels } from "./labels";
import { allowConnections, Outside, Peer } from "./network";
import { configChecksum, Resource, TaskArgs, taskPodSpec } from "./pod";
import { createSources } from "./sources";
import { staysPut } from "./stateful-set";
import { createVolumes, ServiceVolumes } from "./volume";

const token = "landfall:workload:Job";

export interface JobArgs extends Omit<TaskArgs, "uid" | "cpu" | "memory" | "priorityClassName" | "persistent"> {
    environment: Environment;
    /** Numeric user and group that the container runs as, never 0, whatever the image says. @default 10001 */
    uid?: number;
    /** @default { request: "250m", limit: "1" } */
    cpu?: Resource;
    /** @default { request: "256Mi", limit: "1Gi" } */
    memory?: Resource;
    /** Seconds within which it must succeed, all its tries and waits included. Then it is stopped, and has failed. @default 3600 */
    deadlineSeconds?: number;
    /** Directory → persistent volume that each run finds as the last one left it. */
    volumes?: ServiceVolumes;
    /** Directory → claim of another service's volume (ReadWriteMany). Both must run as the same user to write to it. @default none */
    sharedClaims?: Record<string, pulumi.Input<string>>;
    /** What it connects to outside the cluster. */
    reaches?: Outside[];
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/** How often a pod that fails is tried again. Kubernetes waits 10 seconds before the first time, then twice as long each time. */
const retries = 3;

/**
 * A command that runs to completion once, such as a database migration, and again whenever its image, its command or its
 * configuration changes. What depends on it waits until it has succeeded. If it fails, so does the update, and what
 * depends on it stays as it was. The next update runs it again.
 *
 * @example
 * const migrate = new Job("migrate", { environment, image, command: ["migrate", "up"], talksTo: [database] });
 * new WebService("web", { environment, image, port: 8080 }, { dependsOn: migrate });
 */
export class Job extends pulumi.ComponentResource implements Peer {
    readonly name: string;
    readonly namespace: pulumi.Output<string>;
    readonly cluster: Cluster;
    /** Directory → claim of its volume, for others that need the same files. */
    readonly claims: Readonly<Record<string, pulumi.Output<string>>>;
    readonly job: kubernetes.batch.v1.Job;

    constructor(name: string, args: JobArgs, opts?: pulumi.ComponentResourceOptions) {
        super(token, name, {}, keptAcrossKinds(token, transformedBy(args.transform, opts)));
        const { environment, uid = defaultUid, cpu = webDefaults.cpu, memory = webDefaults.memory, deadlineSeconds = jobDefaults.deadlineSeconds } = args;
        refuseNumbers(`job "${name}"`, { ports: [], uid });
        this.name = name;
        this.namespace = environment.namespace;
        this.cluster = environment.cluster;
        const labels = objectLabels(name);

        const connections = allowConnections(this, args);
        this.claims = createVolumes(this, environment, args.volumes ?? {}, uid);
        const spec = taskPodSpec(name, {
            ...args, uid, cpu, memory, deadlineSeconds, priorityClassName: environment.priorityClasses?.usual,
            persistent: { ...this.claims, ...args.sharedClaims },
        }, createSources(name, environment, args, this));
        environment.sleep?.workloads.push({ kind: "Job", name, replicas: 0 });
        this.job = new kubernetes.batch.v1.Job(name, {
            // Without the annotation, an update after a failure finds the same failed Job.
            metadata: { name, namespace: this.namespace, labels, annotations: { "pulumi.com/replaceUnready": "true" } },
            spec: {
                backoffLimit: retries,
                activeDeadlineSeconds: deadlineSeconds,
                // A pod that a drain evicts hasn't failed.
                podFailurePolicy: { rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }] },
                template: {
                    metadata: {
                        labels,
                        annotations: { ...staysPut, "landfall.dev/config": configChecksum(args) },
                    },
                    spec,
                },
            },
        }, { ...inCluster(this.cluster, this), dependsOn: connections, customTimeouts: awaited(deadlineSeconds) });
        this.registerOutputs({ namespace: this.namespace });
    }
}

/** Pulumi waits a little longer than Kubernetes, which knows why it failed. */
function awaited(deadlineSeconds: number): pulumi.CustomTimeouts {
    const timeout = `${deadlineSeconds + 60}s`;
    return { create: timeout, update: timeout };
}
