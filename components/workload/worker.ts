import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { transformedBy } from "../transform";
import { refuseNumbers } from "./checks";
import { defaultUid, graceSeconds, webDefaults, workerDefaults } from "./defaults";
import { keptAcrossKinds } from "./kinds";
import { objectLabels } from "./labels";
import { allowConnections, Peer } from "./network";
import { configChecksum, podSpec } from "./pod";
import { createAutoscaler, createDeployment, createDisruptionBudget, spread } from "./replicas";
import { createSources } from "./sources";
import { expendableTolerations } from "./tolerations";
import type { WebServiceArgs } from "./web-service";

const token = "landfall:workload:Worker";

/** What only a container with a port has. */
type Served ="port" | "tcpPorts" | "networkAliases" | "exposed" | "volumes" | "sharedClaims" | "requestSeconds" | "largestTransfer" | "drainSeconds" | "replicas";

export interface WorkerArgs extends Omit<WebServiceArgs, Served> {
    /** Range of replicas for the autoscaler. A second one must not disturb the first. @default { min: 1, max: 1 } */
    replicas?: { min: number; max: number };
    /** Seconds from SIGTERM until a pod is killed: the longest piece of work that it should finish. @default 30 */
    graceSeconds?: number;
}

/**
 * A container without a port, for example one that takes work from a queue. It has no probes, unless they run a command.
 *
 * @example new Worker("mailer", { environment, image, command: ["send-mails"], talksTo: [queue] })
 */
export class Worker extends pulumi.ComponentResource implements Peer {
    readonly name: string;
    readonly namespace: pulumi.Output<string>;
    readonly cluster: Cluster;
    readonly deployment: kubernetes.apps.v1.Deployment;

    constructor(name: string, args: WorkerArgs, opts?: pulumi.ComponentResourceOptions) {
        super(token, name, {}, keptAcrossKinds(token, transformedBy(args.transform, opts)));
        const { environment, uid = defaultUid, replicas = workerDefaults.replicas, targetCpu = webDefaults.targetCpu } = args;
        refuseNumbers(`worker "${name}"`, { ports: [], uid, replicas });
        this.name = name;
        this.namespace = environment.namespace;
        this.cluster = environment.cluster;
        const options = inCluster(this.cluster, this);
        const metadata = { name, namespace: this.namespace, labels: objectLabels(name) };

        const connections = allowConnections(this, args);
        const { cpu = webDefaults.cpu, memory = webDefaults.memory, probes = {} } = args;
        const spec = podSpec(name, {
            ...args, uid, cpu, memory, probes, priorityClassName: environment.priorityClasses?.usual,
            terminationGracePeriodSeconds: args.graceSeconds ?? graceSeconds,
        }, createSources(name, environment, args, this));
        const tolerations = expendableTolerations(this.cluster.capabilities);
        const pod = { spec: { ...spec, ...spread(name), tolerations }, checksum: configChecksum(args) };
        environment.sleep?.workloads.push({ kind: "Deployment", name, replicas: replicas.min });
        this.deployment = createDeployment(metadata, pod, { ...options, dependsOn: connections });
        createAutoscaler(metadata, { replicas, targetCpu }, { ...options, dependsOn: environment.platform.metrics });
        createDisruptionBudget(metadata, options);
        this.registerOutputs({ namespace: this.namespace });
    }
}
