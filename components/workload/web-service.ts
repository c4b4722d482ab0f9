import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { type Transform, transformedBy } from "../transform";
import { refuseNumbers } from "./checks";
import { defaultUid, drainSeconds, webDefaults } from "./defaults";
import { Environment } from "./environment";
import { keptAcrossKinds, underOtherKinds } from "./kinds";
import { objectLabels } from "./labels";
import { RequestTime, requestTimes } from "./limits";
import { allowConnections, Listener, Outside } from "./network";
import { configChecksum, PodArgs, podSpec, Probes, Resource } from "./pod";
import { defaultProbes } from "./probes";
import { createAutoscaler, createDeployment, createDisruptionBudget, type Pod, spread } from "./replicas";
import type { Exposure } from "./route";
import { createService } from "./service";
import { expose } from "./sleep";
import { createSources } from "./sources";
import { expendableTolerations } from "./tolerations";
import { createVolumes, VolumeArgs } from "./volume";

const token = "landfall:workload:WebService";

/** The pod's arguments that have a default here. */
type Defaulted = "uid" | "cpu" | "memory" | "probes";

export interface WebServiceArgs
    extends RequestTime, Omit<PodArgs, Defaulted | "port" | "priorityClassName" | "persistent" | "drainSeconds" | "terminationGracePeriodSeconds"> {
    environment: Environment;
    /** TCP port on which the container listens; probes call it `main`. Its Service has port 80 for it. @example 8080 */
    port: number;
    /**
     * Ports of its Service besides 80, each leading to the container's port of the same number. They may speak any protocol
     * over TCP. @default none @example [8080, 9090]
     */
    tcpPorts?: number[];
    /** Further names under which others in its namespace find it, each a DNS label of its own. @default none @example ["backend"] */
    networkAliases?: string[];
    /** Numeric user and group that the container runs as, never 0, whatever the image says. @default 10001 */
    uid?: number;
    /** Range of replicas for the autoscaler. @default { min: 2, max: 10 } */
    replicas?: { min: number; max: number };
    /**
     * Mean CPU use, in percent of the request, above which the autoscaler adds replicas and below which it removes them.
     * @default 70
     */
    targetCpu?: number;
    /** CPU of each replica. @default { request: "250m", limit: "1" } */
    cpu?: Resource;
    /** Memory of each replica. @default { request: "256Mi", limit: "1Gi" } */
    memory?: Resource;
    /**
     * How Kubernetes checks a replica.
     * @default each probe checks whether the port accepts a connection within a second; the first start may take five
     * minutes, and after a minute of failures the container is restarted
     */
    probes?: Partial<Probes>;
    /** Seconds from SIGTERM until a pod is killed, at least what the gateway's longest request needs. @default that */
    graceSeconds?: number;
    /** Directory → persistent volume that all replicas share. */
    volumes?: Record<string, Omit<VolumeArgs, "group"> & { name: string }>;
    /** Directory → claim of another service's volume (ReadWriteMany). Both must run as the same user to write to it. @default none */
    sharedClaims?: Record<string, pulumi.Input<string>>;
    /**
     * The gateway sends it the requests for these hosts, which must be among the platform's.
     * @default only reachable inside the cluster
     * @example { gateway: platform.gateway, host: "www.example.com", redirects: ["example.com"] }
     */
    exposed?: Exposure;
    /** What it connects to. Network policies on both sides allow this. */
    talksTo?: Listener[];
    /** What it connects to outside the cluster. A network policy allows this. */
    reaches?: Outside[];
    /** Seconds that a terminating pod keeps serving, until load balancers no longer use it. @default 5 */
    drainSeconds?: number;
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/**
 * A stateless, replicated, autoscaled container behind a Service.
 *
 * @example
 * new WebService("shop", { environment, image: "ghcr.io/example/shop:1.2", port: 8080, exposed: { gateway: platform.gateway, host } });
 */
export class WebService extends pulumi.ComponentResource implements Listener {
    readonly name: string;
    readonly namespace: pulumi.Output<string>;
    readonly cluster: Cluster;
    readonly port: number;
    readonly otherPorts: readonly number[];
    /** Directory → claim of the volume that all replicas share, for other pods that need the same files. */
    readonly claims: Record<string, pulumi.Output<string>>;
    readonly deployment: kubernetes.apps.v1.Deployment;

    constructor(name: string, args: WebServiceArgs, opts?: pulumi.ComponentResourceOptions) {
        super(token, name, {}, keptAcrossKinds(token, transformedBy(args.transform, opts)));
        const sized = withDefaults(name, args);
        this.name = name;
        this.namespace = args.environment.namespace;
        this.cluster = args.environment.cluster;
        this.port = args.port;
        this.otherPorts = (args.tcpPorts ?? []).filter(port => port !== args.port);
        const options = inCluster(this.cluster, this);
        const metadata = { name, namespace: this.namespace, labels: objectLabels(name) };

        const connections = allowConnections(this, args);
        this.claims = createVolumes(this, args.environment, args.volumes ?? {}, sized.uid);
        const pod = normalisePod(this, sized);
        const { sleep } = args.environment;
        sleep?.workloads.push({ kind: "Deployment", name, replicas: sized.replicas.min });
        const { port, tcpPorts, networkAliases } = args;
        const service = createService(metadata, { port, tcpPorts, networkAliases, sleeps: sleep !== undefined }, { ...options, aliases: underOtherKinds(token, this) });
        this.deployment = createDeployment(metadata, pod, { ...options, dependsOn: connections });
        // Doesn't wait for the Deployment: the autoscaler first acts 15 s after its creation, and only it sets the replicas.
        const together = pulumi.output(pod).apply(() => [...connections, ...args.environment.platform.metrics]);
        createAutoscaler(metadata, sized, { ...options, dependsOn: together });
        createDisruptionBudget(metadata, options);
        if (args.exposed) {
            expose(this, args.environment, metadata, args.exposed, requestTimes(args), { service, workload: this.deployment }, options);
        }
        this.registerOutputs({ namespace: this.namespace, port: this.port });
    }
}

/** The arguments with their defaults. */
type SizedArgs = WebServiceArgs & Required<Pick<WebServiceArgs, Defaulted | "replicas" | "targetCpu">> & Pick<PodArgs, "probes">;

function withDefaults(name: string, args: WebServiceArgs): SizedArgs {
    const {
        uid = defaultUid, replicas = webDefaults.replicas, targetCpu = webDefaults.targetCpu, cpu = webDefaults.cpu,
        memory = webDefaults.memory, probes,
    } = args;
    refuseNumbers(`web service "${name}"`, { ports: [args.port, ...args.tcpPorts ?? []], uid, replicas });
    return { ...args, uid, replicas, targetCpu, cpu, memory, probes: { ...defaultProbes, ...probes } };
}

function normalisePod(service: WebService, args: SizedArgs): Pod {
    const { name } = service;
    const drain = args.drainSeconds ?? drainSeconds;
    const needed = requestTimes(args).drain + 5;
    const grace = args.exposed ? Math.max(needed, args.graceSeconds ?? 0) : args.graceSeconds ?? needed;
    const spec = podSpec(name, {
        ...args,
        priorityClassName: args.environment.priorityClasses?.usual,
        persistent: { ...service.claims, ...args.sharedClaims },
        drainSeconds: drain,
        terminationGracePeriodSeconds: drain + grace,
    }, createSources(name, args.environment, args, service));
    const tolerations = expendableTolerations(service.cluster.capabilities);
    return { spec: { ...spec, ...spread(name), tolerations }, checksum: configChecksum(args) };
}
