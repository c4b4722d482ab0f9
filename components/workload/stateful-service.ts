import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { transformedBy } from "../transform";
import { refuseNumbers } from "./checks";
import { defaultUid, drainSeconds, graceSeconds, webDefaults } from "./defaults";
import { keptAcrossKinds, underOtherKinds } from "./kinds";
import { objectLabels } from "./labels";
import { requestTimes } from "./limits";
import { allowConnections, Listener } from "./network";
import { configChecksum, podSpec } from "./pod";
import { defaultProbes } from "./probes";
import { createDisruptionBudget, type Pod } from "./replicas";
import { createService } from "./service";
import { expose } from "./sleep";
import { createSources } from "./sources";
import { createStatefulSet } from "./stateful-set";
import { createVolumes, type ServiceVolumes } from "./volume";
import type { WebServiceArgs } from "./web-service";

const token = "landfall:workload:StatefulService";

export interface StatefulServiceArgs extends Omit<WebServiceArgs, "port" | "volumes" | "replicas" | "targetCpu"> {
    /** TCP port on which the container listens; probes call it `main`. @default none: nothing connects to it */
    port?: number;
    /** Directory → persistent volume. `accessMode` is ReadWriteOnce, unless others have the volume's claim among their `sharedClaims`. */
    volumes: ServiceVolumes;
    /** Seconds from SIGTERM until the pod is killed. @default what the longest request takes if it is exposed, otherwise 30 */
    graceSeconds?: number;
}

/**
 * A container with volumes of its own, in exactly one pod: two would write to the same files. So an update, or a drain of its
 * node, stops it before the next pod starts, and interrupts its users for that long.
 *
 * @example
 * new StatefulService("queue", { environment, image, port: 5672, tcpPorts: [5672], volumes: { "/data": { name: "data", size: "5Gi" } } });
 */
export class StatefulService extends pulumi.ComponentResource implements Listener {
    readonly name: string;
    readonly namespace: pulumi.Output<string>;
    readonly cluster: Cluster;
    /** 0 if it has none. */
    readonly port: number;
    readonly otherPorts: readonly number[];
    /** Directory → claim of its volume, for others that need the same files. */
    readonly claims: Readonly<Record<string, pulumi.Output<string>>>;
    readonly statefulSet: kubernetes.apps.v1.StatefulSet;

    constructor(name: string, args: StatefulServiceArgs, opts?: pulumi.ComponentResourceOptions) {
        super(token, name, {}, keptAcrossKinds(token, transformedBy(args.transform, opts)));
        const { environment, uid = defaultUid, port, tcpPorts = [], networkAliases } = args;
        refuseNumbers(`stateful service "${name}"`, { ports: [...port === undefined ? [] : [port], ...tcpPorts], uid });
        this.name = name;
        this.namespace = environment.namespace;
        this.cluster = environment.cluster;
        this.port = port ?? 0;
        this.otherPorts = tcpPorts.filter(other => other !== port);
        const options = inCluster(this.cluster, this);
        const metadata = { name, namespace: this.namespace, labels: objectLabels(name) };

        const connections = allowConnections(this, args);
        this.claims = createVolumes(this, environment, args.volumes, uid);
        environment.sleep?.workloads.push({ kind: "StatefulSet", name, replicas: 1 });
        const service = port === undefined ? undefined
            : createService(metadata, { port, tcpPorts, networkAliases, sleeps: environment.sleep !== undefined }, { ...options, aliases: underOtherKinds(token, this) });
        this.statefulSet = createStatefulSet(metadata, { ...normalisePod(this, { ...args, uid }), environment }, { ...options, dependsOn: connections });
        createDisruptionBudget(metadata, options);
        if (args.exposed && service) {
            expose(this, environment, metadata, args.exposed, requestTimes(args), { service, workload: this.statefulSet }, options);
        }
        this.registerOutputs({ namespace: this.namespace });
    }
}

function normalisePod(service: StatefulService, args: StatefulServiceArgs & { uid: number }): Pod {
    const { name } = service;
    const { environment, exposed, port, cpu = webDefaults.cpu, memory = webDefaults.memory } = args;
    const drain = exposed ? args.drainSeconds ?? drainSeconds : undefined;
    const grace = args.graceSeconds ?? (exposed ? requestTimes(args).drain + 5 : graceSeconds);
    const spec = podSpec(name, {
        ...args, cpu, memory, drainSeconds: drain,
        priorityClassName: environment.priorityClasses?.database,
        probes: { ...port !== undefined && defaultProbes, ...args.probes },
        persistent: { ...service.claims, ...args.sharedClaims },
        terminationGracePeriodSeconds: (drain ?? 0) + grace,
    }, createSources(name, environment, args, service));
    return { spec, checksum: configChecksum(args) };
}
