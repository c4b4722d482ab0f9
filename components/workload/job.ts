import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { withEphemeralStorage } from "../scratch";
import { type Transform, transformedBy } from "../transform";
import { images } from "../versions";
import { refuseNumbers } from "./checks";
import { defaultUid, jobDefaults, webDefaults } from "./defaults";
import { Environment } from "./environment";
import { keptAcrossKinds } from "./kinds";
import { objectLabels } from "./labels";
import { allowConnections, Listener, Outside, Peer } from "./network";
import { configChecksum, ContainerArgs, Resource, taskPodSpec } from "./pod";
import { containerSecurityContext } from "./security";
import { createSources } from "./sources";
import { createVolumes, ServiceVolumes } from "./volume";

const token = "landfall:workload:Job";

export interface JobArgs extends Omit<ContainerArgs, "uid" | "cpu" | "memory" | "priorityClassName" | "persistent"> {
    environment: Environment;
    /** Numeric user and group that the container runs as, never 0, whatever the image says. @default 10001 */
    uid?: number;
    /** @default { request: "250m", limit: "1" } */
    cpu?: Resource;
    /** @default { request: "256Mi", limit: "1Gi" } */
    memory?: Resource;
    /** Seconds within which it must succeed, with all its tries. Then it is stopped, and has failed. @default 3600 */
    deadlineSeconds?: number;
    /** Directory → persistent volume that each run finds as the last one left it. */
    volumes?: ServiceVolumes;
    /** Directory → claim of another service's volume (ReadWriteMany). Both must run as the same user to write to it. @default none */
    sharedClaims?: Record<string, pulumi.Input<string>>;
    /** What it connects to. The network policies of both sides follow. */
    talksTo?: Listener[];
    /** What must accept its connections before each try begins, for at most 30 seconds. @default all of `talksTo` */
    waitsFor?: Listener[];
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
            ...args, uid, cpu, memory, priorityClassName: environment.priorityClasses?.usual,
            persistent: { ...this.claims, ...args.sharedClaims },
        }, createSources(name, environment, args, this));
        const { talksTo = [], waitsFor = talksTo } = args;
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
                        annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "landfall.dev/config": configChecksum(args) },
                    },
                    spec: { ...spec, ...(waitsFor.length > 0 && { initContainers: [waitFor(waitsFor)] }) },
                },
            },
        }, { ...inCluster(this.cluster, this), dependsOn: connections, customTimeouts: awaited(deadlineSeconds) });
        this.registerOutputs({ namespace: this.namespace });
    }
}

/** Seconds for which each try waits at most. */
const patience = 30;

/** A Service without the container's own port number has port 80. */
const script = `end=$(($(date +%s) + ${patience}))
for at; do
    until nc -w 1 "\${at%:*}" "\${at#*:}" < /dev/null || nc -w 1 "\${at%:*}" 80 < /dev/null; do
        [ $(date +%s) -lt $end ] || exit 0
        sleep 0.2
    done
done > /dev/null 2>&1`;

/**
 * Waits until these accept the job's connections. One may still be waking, and some networks refuse a new pod's connections until
 * its policies are in place. Each try is a new pod, so a program that gives up at once would fail every time.
 */
function waitFor(listeners: Listener[]): kubernetes.types.input.core.v1.Container {
    const places = listeners.map(({ name, namespace, port }) => pulumi.interpolate`${name}.${namespace}:${port}`);
    return {
        name: "wait",
        image: images.busybox,
        command: ["sh", "-c", script, "sh", ...places],
        securityContext: containerSecurityContext,
        resources: withEphemeralStorage({ requests: { cpu: "10m", memory: "8Mi" }, limits: { cpu: "100m", memory: "16Mi" } }),
    };
}

/** Pulumi waits a little longer than Kubernetes, which knows why it failed. */
function awaited(deadlineSeconds: number): pulumi.CustomTimeouts {
    const timeout = `${deadlineSeconds + 60}s`;
    return { create: timeout, update: timeout };
}
