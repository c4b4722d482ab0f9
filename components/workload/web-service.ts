import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { type Transform, transformedBy } from "../transform";
import { defaultUid, webDefaults } from "./defaults";
import { Environment } from "./environment";
import { Metadata, objectLabels, selectorLabels } from "./labels";
import { RequestTime, requestTimes, surgePercent } from "./limits";
import { allowConnection, allowOutside, Listener, Outside } from "./network";
import { configChecksum, PodArgs, podSpec, Probes, Resource } from "./pod";
import { createRoutes, type Exposure } from "./route";
import { createConfigMap, createSecrets } from "./sources";
import { expendableTolerations } from "./tolerations";
import { createVolume, VolumeArgs } from "./volume";

/** The pod's arguments that have a default here. */
type Defaulted = "uid" | "cpu" | "memory" | "probes";

export interface WebServiceArgs
    extends RequestTime, Omit<PodArgs, Defaulted | "priorityClassName" | "persistent" | "drainSeconds" | "terminationGracePeriodSeconds"> {
    environment: Environment;
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
     * @default each probe checks whether the port accepts a connection within a second; the first start may take a minute,
     * and after a minute of failures the container is restarted
     */
    probes?: Partial<Probes>;
    /** Directory → persistent volume that all replicas share. */
    volumes?: Record<string, Omit<VolumeArgs, "group"> & { name: string }>;
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
    /** Directory → claim of the volume that all replicas share, for other pods that need the same files. */
    readonly claims: Record<string, pulumi.Output<string>>;
    readonly deployment: kubernetes.apps.v1.Deployment;

    constructor(name: string, args: WebServiceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:workload:WebService", name, {}, transformedBy(args.transform, opts));
        const sized = withDefaults(name, args);
        this.name = name;
        this.namespace = args.environment.namespace;
        this.cluster = args.environment.cluster;
        this.port = args.port;
        const options = inCluster(this.cluster, this);
        const metadata = { name, namespace: this.namespace, labels: objectLabels(name) };

        const connections = [
            ...(args.talksTo ?? []).flatMap(listener => allowConnection(this, this, listener)),
            ...allowOutside(this, this, args.reaches ?? []),
        ];
        this.claims = createVolumes(this, sized);
        const pod = normalisePod(this, sized);
        const service = createService(metadata, options);
        this.deployment = createDeployment(metadata, pod, { ...options, dependsOn: connections });
        // Doesn't wait for the Deployment: the autoscaler first acts 15 s after its creation, and only it sets the replicas.
        const together = pulumi.output(pod).apply(() => [...connections, ...args.environment.platform.metrics]);
        createAutoscaler(metadata, sized, { ...options, dependsOn: together });
        createDisruptionBudget(metadata, options);
        if (args.exposed) {
            allowConnection(this, args.exposed.gateway, this);
            createRoutes(metadata, args.exposed, requestTimes(args), { service, deployment: this.deployment }, options);
        }
        this.registerOutputs({ namespace: this.namespace, port: this.port });
    }
}

/** The arguments with their defaults. */
type SizedArgs = WebServiceArgs & Required<Pick<WebServiceArgs, Defaulted | "replicas" | "targetCpu">> & Pick<PodArgs, "probes">;

const connects = { tcpSocket: { port: "main" } };
const defaultProbes: Probes = {
    startup: { ...connects, periodSeconds: 1, failureThreshold: 60 },
    readiness: { ...connects, periodSeconds: 5, failureThreshold: 3 },
    liveness: { ...connects, periodSeconds: 10, failureThreshold: 6 },
};

function withDefaults(name: string, args: WebServiceArgs): SizedArgs {
    const {
        uid = defaultUid, replicas = webDefaults.replicas, targetCpu = webDefaults.targetCpu, cpu = webDefaults.cpu,
        memory = webDefaults.memory, probes,
    } = args;
    const refuse = (key: string, given: unknown, allowed: string): never => {
        throw new pulumi.RunError(`The web service "${name}" can't have ${key} ${JSON.stringify(given)}: ${allowed}. It was not changed.`);
    };
    const isWhole = (value: number, least: number, most: number): boolean => Number.isInteger(value) && value >= least && value <= most;
    if (!isWhole(args.port, 1, 65535)) refuse("port", args.port, "a port is a whole number from 1 to 65535");
    if (!isWhole(uid, 1, 2 ** 31 - 1)) refuse("uid", uid, "a user ID is a whole number from 1, because 0 is root");
    if (!isWhole(replicas.min, 1, replicas.max) || !Number.isInteger(replicas.max)) {
        refuse("replicas", replicas, "min and max are whole numbers from 1, and min is at most max");
    }
    return { ...args, uid, replicas, targetCpu, cpu, memory, probes: { ...defaultProbes, ...probes } };
}

function createVolumes(service: WebService, args: SizedArgs): Record<string, pulumi.Output<string>> {
    const { name } = service;
    return Object.fromEntries(Object.entries(args.volumes ?? {}).map(([path, volume]) =>
        [path, createVolume(`${name}-${volume.name}`, name, args.environment, { ...volume, group: args.uid }, service)
            .metadata.name]));
}

type Pod = { spec: kubernetes.types.input.core.v1.PodSpec; checksum: pulumi.Output<string> };

function normalisePod(service: WebService, args: SizedArgs): Pod {
    const { name } = service;
    const drainSeconds = args.drainSeconds ?? 5;
    const spec = podSpec(name, {
        ...args,
        priorityClassName: args.environment.priorityClasses?.usual,
        persistent: service.claims,
        drainSeconds,
        terminationGracePeriodSeconds: drainSeconds + requestTimes(args).drain + 5,
    }, {
        configMap: createConfigMap(name, args.environment, args.env, service),
        secrets: createSecrets(name, args.environment, args.secretFiles, service),
    });
    const tolerations = expendableTolerations(service.cluster.capabilities);
    return { spec: { ...spec, ...spread(name), tolerations }, checksum: configChecksum(args) };
}

/**
 * Spreads the pods over zones and nodes, each revision separately, so they are still spread after a rolling update. Zones
 * use affinity: if nodes lack a spread constraint's label, as on a laptop, the scheduler ignores all constraints.
 */
function spread(
    name: string,
): Pick<kubernetes.types.input.core.v1.PodSpec, "affinity" | "topologySpreadConstraints"> {
    const revision = { labelSelector: { matchLabels: selectorLabels(name) }, matchLabelKeys: ["pod-template-hash"] };
    return {
        affinity: {
            podAntiAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                    { weight: 100, podAffinityTerm: { topologyKey: "topology.kubernetes.io/zone", ...revision } },
                ],
            },
        },
        topologySpreadConstraints: [
            // ScheduleAnyway, because one full node must not prevent scaling up.
            { topologyKey: "kubernetes.io/hostname", maxSkew: 1, whenUnsatisfiable: "ScheduleAnyway", ...revision },
        ],
    };
}

function createService(metadata: Metadata, options: pulumi.CustomResourceOptions): kubernetes.core.v1.Service {
    return new kubernetes.core.v1.Service(metadata.name, {
        metadata,
        spec: {
            selector: selectorLabels(metadata.name),
            ports: [{ name: "http", port: 80, targetPort: "main", appProtocol: "http" }],
        },
    }, options);
}

function createDeployment(
    metadata: Metadata, pod: Pod, options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.Deployment {
    return new kubernetes.apps.v1.Deployment(metadata.name, {
        metadata,
        // No `replicas`: the autoscaler sets them.
        spec: {
            selector: { matchLabels: selectorLabels(metadata.name) },
            strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: `${surgePercent}%` } },
            minReadySeconds: 3,
            revisionHistoryLimit: 5,
            template: {
                metadata: { labels: metadata.labels, annotations: { "landfall.dev/config": pod.checksum } },
                spec: pod.spec,
            },
        },
    }, options);
}

function createAutoscaler(metadata: Metadata, args: SizedArgs, options: pulumi.CustomResourceOptions): void {
    new kubernetes.autoscaling.v2.HorizontalPodAutoscaler(metadata.name, {
        metadata,
        spec: {
            scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: metadata.name },
            minReplicas: args.replicas.min,
            maxReplicas: args.replicas.max,
            metrics: [{
                type: "Resource",
                resource: { name: "cpu", target: { type: "Utilization", averageUtilization: args.targetCpu } },
            }],
            behavior: {
                // A mention on the radio brings a crowd within seconds, so the replicas may triple every 15 s.
                scaleUp: {
                    stabilizationWindowSeconds: 0,
                    selectPolicy: "Max",
                    policies: [
                        { type: "Percent", value: 200, periodSeconds: 15 },
                        { type: "Pods", value: 4, periodSeconds: 15 },
                    ],
                },
                // The crowd leaves slowly and may return: after five quiet minutes, up to a quarter goes each minute.
                scaleDown: {
                    stabilizationWindowSeconds: 300,
                    policies: [{ type: "Percent", value: 25, periodSeconds: 60 }],
                },
            },
        },
    }, options);
}

function createDisruptionBudget(metadata: Metadata, options: pulumi.CustomResourceOptions): void {
    new kubernetes.policy.v1.PodDisruptionBudget(metadata.name, {
        metadata,
        spec: {
            maxUnavailable: 1,
            selector: { matchLabels: selectorLabels(metadata.name) },
            // A pod that never became ready must not block a node's drain.
            unhealthyPodEvictionPolicy: "AlwaysAllow",
        },
    }, options);
}
