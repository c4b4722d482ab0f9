import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as path from "node:path";
import type { Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { fromWorkingDirectory, libraryRoot } from "../project";
import { type Transform, transformedBy } from "../transform";
import { defaultUid, drainSeconds } from "./defaults";
import type { Environment } from "./environment";
import { ContainerImage } from "./image";
import { type Metadata, objectLabels, selectorLabels } from "./labels";
import { activatorLimits, holdSeconds } from "./limits";
import { allowConnection, type Listener, networkPolicy, toApiServer } from "./network";
import { configChecksum, podSpec } from "./pod";
import { defaultProbes } from "./probes";
import { createDeployment } from "./replicas";
import { createServiceAccount } from "./service-account";
import type { Sleep, Sleeping } from "./sleep";
import { createConfigMap } from "./sources";
import { expendableTolerations } from "./tolerations";

export interface ActivatorArgs {
    /** An environment with `sleepAfter`, and with everything that is to sleep. */
    environment: Environment;
    /**
     * Reference with a tag or a digest, of the image in `activatorImageContext`.
     * @default built from that directory on this computer, and delivered to the nodes
     */
    image?: pulumi.Input<string>;
    /** Requests that the services behind it handle or queue at once. @default 1024 */
    requests?: number;
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/** The first of its ports. Each exposed service has its own. */
const firstPort = 8080;

/** Directory of the image, relative to the program's working directory. */
export const activatorImageContext = fromWorkingDirectory(path.join(libraryRoot, "components/workload/images/activator"));

/**
 * Puts an environment to sleep when nobody uses it, and wakes it. All requests pass through it, as bytes: it changes none, and
 * no route changes when the environment sleeps. Its service account may read the environment's workloads, scale them and
 * suspend its scheduled tasks. Create it last, after all other components of the environment.
 *
 * @example new Activator("activator", { environment })
 */
export class Activator extends pulumi.ComponentResource implements Listener {
    readonly name: string;
    readonly namespace: pulumi.Output<string>;
    readonly cluster: Cluster;
    readonly port = firstPort;
    readonly otherPorts: readonly number[];
    readonly image: pulumi.Output<string>;
    readonly deployment: kubernetes.apps.v1.Deployment;

    constructor(name: string, args: ActivatorArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:workload:Activator", name, {}, transformedBy(args.transform, opts));
        const { environment } = args;
        const sleep = normaliseSleep(name, environment);
        this.name = name;
        this.namespace = environment.namespace;
        this.cluster = environment.cluster;
        this.otherPorts = sleep.services.slice(1).map((_, index) => firstPort + 1 + index);
        this.image = pulumi.output(args.image ?? new ContainerImage(name, {
            cluster: this.cluster, context: activatorImageContext,
        }, { parent: this }).reference);
        const options = inCluster(this.cluster, this);
        const metadata = { name, namespace: this.namespace, labels: objectLabels(name) };

        const gateways = new Set(sleep.services.map(({ exposed }) => exposed.gateway));
        const connections = [
            ...[...gateways].flatMap(gateway => allowConnection(this, gateway, this)),
            ...sleep.services.flatMap(({ listener }) => allowConnection(this, this, mainPortOf(listener))),
            networkPolicy(`${name}-to-api-server`, this.namespace, {
                podSelector: { matchLabels: selectorLabels(name) },
                policyTypes: ["Egress"],
                egress: [toApiServer(this.cluster.capabilities)],
            }, options),
        ];
        const account = createServiceAccount(name, { namespace: this.namespace, rules: rulesFor(sleep.workloads) }, options);
        const service = createService(metadata, sleep, options);
        this.deployment = this.createDeployment(metadata, args, { sleep, account }, { ...options, dependsOn: connections });
        // Requests take this way only once it is open to its end.
        const before = [service, this.deployment, ...connections];
        sleep.services.forEach((exposed, index) => exposed.createRoutes({ name, port: firstPort + index }, before));
        this.registerOutputs({ namespace: this.namespace });
    }

    private createDeployment(
        metadata: Metadata, { environment, requests }: ActivatorArgs, { sleep, account }: { sleep: Sleep; account: pulumi.Output<string> },
        options: pulumi.CustomResourceOptions,
    ): kubernetes.apps.v1.Deployment {
        const { name } = this;
        const limits = activatorLimits(requests ?? 0);
        const backends = sleep.services.map(({ listener, service }, index) =>
            ({ listen: firstPort + index, name: listener.name, host: service.spec.clusterIP, port: 80 }));
        const env = {
            ACTIVATOR_NAMESPACE: this.namespace,
            ACTIVATOR_SLEEP_AFTER: String(sleep.after * 60),
            ACTIVATOR_HOLD: String(holdSeconds),
            ACTIVATOR_CONNECTIONS: String(limits.connections),
            ACTIVATOR_WORKLOADS: JSON.stringify(sleep.workloads),
            ACTIVATOR_BACKENDS: pulumi.jsonStringify(backends),
        };
        const drain = Math.max(...sleep.services.map(({ times }) => times.drain));
        const spec = podSpec(name, {
            image: this.image, uid: defaultUid, port: firstPort, cpu: limits.cpu, memory: limits.memory, probes: defaultProbes, drainSeconds,
            priorityClassName: environment.priorityClasses?.usual,
            terminationGracePeriodSeconds: drainSeconds + drain + 5,
        }, { configMap: createConfigMap(name, environment, env, this), secrets: {} });
        const access = { serviceAccountName: account, automountServiceAccountToken: true };
        const tolerations = expendableTolerations(this.cluster.capabilities);
        return createDeployment(metadata, { spec: { ...spec, ...access, tolerations }, checksum: configChecksum({ env }) }, options);
    }
}

function normaliseSleep(name: string, { sleep, namespaceName }: Environment): Sleep {
    const refuse = (why: string): never => {
        throw new pulumi.RunError(`The activator "${name}" has nothing to do: ${why}`);
    };
    if (sleep === undefined) return refuse(`the environment "${namespaceName}" never sleeps. Give it sleepAfter: 60, or leave the activator out.`);
    if (sleep.services.length === 0) {
        return refuse(`no service of the environment "${namespaceName}" gets requests. Create it after them, one of them with \`exposed\`.`);
    }
    return sleep;
}

/** A listener without its other ports, to which no route leads. */
function mainPortOf({ name, namespace, cluster, port }: Listener): Listener {
    return { name, namespace, cluster, port };
}

/** Only the workloads that it puts to sleep, by name. Kubernetes can't limit the right to change a CronJob to `suspend`. */
function rulesFor(workloads: Sleeping[]): kubernetes.types.input.rbac.v1.PolicyRule[] {
    const names = (kind: Sleeping["kind"]): string[] => workloads.filter(workload => workload.kind === kind).map(({ name }) => name);
    const scaled = ([["Deployment", "deployments"], ["StatefulSet", "statefulsets"]] as const).flatMap(([kind, resource]) =>
        names(kind).length === 0 ? [] : [
            { apiGroups: ["apps"], resources: [resource], resourceNames: names(kind), verbs: ["get"] },
            { apiGroups: ["apps"], resources: [`${resource}/scale`], resourceNames: names(kind), verbs: ["patch"] },
        ]);
    const batch = ([["CronJob", "cronjobs", ["get", "patch"]], ["Job", "jobs", ["get"]]] as const).flatMap(([kind, resource, verbs]) =>
        names(kind).length === 0 ? [] : [{ apiGroups: ["batch"], resources: [resource], resourceNames: names(kind), verbs: [...verbs] }]);
    return [...scaled, ...batch];
}

function createService(metadata: Metadata, { services }: Sleep, options: pulumi.CustomResourceOptions): kubernetes.core.v1.Service {
    return new kubernetes.core.v1.Service(metadata.name, {
        // The Deployment is waited for.
        metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } },
        spec: {
            selector: selectorLabels(metadata.name),
            ports: services.map(({ listener }, index) =>
                ({ name: listener.name, port: firstPort + index, targetPort: firstPort + index, appProtocol: "http" })),
        },
    }, options);
}
