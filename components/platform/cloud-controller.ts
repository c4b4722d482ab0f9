import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import * as path from "node:path";
import { Capabilities, CloudController } from "../cluster/cluster";
import { withEphemeralStorage } from "../scratch";
import { Metadata, objectLabels, selectorLabels } from "../workload/labels";
import { networkPolicy } from "../workload/network";
import { containerSecurityContext, restrictedNamespaceLabels } from "../workload/security";
import { createDeployment, patience } from "./deployment";
import { createNamespace, createServiceAccount, ServiceAccountArgs, toApiServer } from "./objects";

type Rules = Pick<ServiceAccountArgs, "clusterRules" | "rules">;

export interface CloudControllerArgs extends Rules {
    /** Namespace and ServiceAccount that the cloud identifies it by. */
    identity: { namespace: string; serviceAccount: string };
    image: string;
    /** Its command, if the image has none. */
    command?: string[];
    /** Arguments that are the same in every cloud. */
    args: string[];
    /** Its HTTP health check. */
    health: { path: string; port: number };
    /** How it reaches its cloud. */
    controller: CloudController;
    capabilities: Capabilities;
}

const uid = 65532;
const priority = "system-cluster-critical";

/** Creates a controller that acts in the cloud as its ServiceAccount, in a namespace of its own. */
export function createCloudController(
    args: CloudControllerArgs, options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.Deployment {
    const { identity, controller, capabilities } = args;
    const name = identity.serviceAccount;
    const namespace = createNamespace(identity.namespace, { ...restrictedNamespaceLabels }, capabilities, options);
    const metadata = { name, namespace, labels: objectLabels(name) };
    const serviceAccountName = createServiceAccount(name, {
        namespace,
        annotations: controller.serviceAccountAnnotations,
        clusterRules: args.clusterRules,
        rules: args.rules,
    }, options);
    createPolicy(name, namespace, capabilities, options);
    const quota = admitCritical(metadata, options);
    const files = createFiles(metadata, controller.files ?? {}, options);
    return createDeployment(metadata, {
        replicas: 1,
        uid,
        podLabels: controller.podLabels,
        podAnnotations: files.annotations,
        pod: {
            serviceAccountName,
            automountServiceAccountToken: true,
            priorityClassName: priority,
            containers: [container(name, args, files.mounts)],
            volumes: files.volumes,
        },
    }, { ...options, dependsOn: quota });
}

/** GKE admits pods with the system's priority classes only if a quota counts them. */
function admitCritical(metadata: Metadata, options: pulumi.CustomResourceOptions): kubernetes.core.v1.ResourceQuota {
    return new kubernetes.core.v1.ResourceQuota(`${metadata.name}-critical`, {
        metadata: { ...metadata, name: "critical-pods" },
        spec: {
            hard: { pods: "10" },
            scopeSelector: {
                matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: [priority] }],
            },
        },
    }, options);
}

/** Egress to the API server, the cloud's APIs, and the node's link-local address that hands out identities. */
function createPolicy(
    name: string, namespace: pulumi.Output<string>, capabilities: Capabilities, options: pulumi.CustomResourceOptions,
): void {
    networkPolicy(`${name}-traffic`, namespace, {
        podSelector: { matchLabels: selectorLabels(name) },
        policyTypes: ["Egress"],
        egress: [
            toApiServer(capabilities),
            { to: [{ ipBlock: { cidr: "169.254.0.0/16" } }], ports: [80, 988].map(port => ({ port, protocol: "TCP" })) },
        ],
    }, options);
}

interface Files {
    volumes: kubernetes.types.input.core.v1.Volume[];
    mounts: kubernetes.types.input.core.v1.VolumeMount[];
    annotations?: Record<string, pulumi.Input<string>>;
}

/** Creates a ConfigMap with the files. Its digest is in the pod template, so a change replaces the pod. */
function createFiles(
    metadata: Metadata, files: Record<string, pulumi.Input<string>>, options: pulumi.CustomResourceOptions,
): Files {
    const names = Object.keys(files);
    if (names.length === 0) return { volumes: [], mounts: [] };
    const data = Object.fromEntries(names.map(file => [path.posix.basename(file), files[file]]));
    const config = new kubernetes.core.v1.ConfigMap(metadata.name, { metadata, data }, options);
    const digest = pulumi.output(data).apply(content =>
        createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 16));
    return {
        volumes: [{ name: "files", configMap: { name: config.metadata.name } }],
        mounts: names.map(file =>
            ({ name: "files", mountPath: file, subPath: path.posix.basename(file), readOnly: true })),
        annotations: { "landfall.dev/config": digest },
    };
}

function container(
    name: string, args: CloudControllerArgs, volumeMounts: kubernetes.types.input.core.v1.VolumeMount[],
): kubernetes.types.input.core.v1.Container {
    const { controller, health } = args;
    const probe = { httpGet: { path: health.path, port: "http" }, periodSeconds: 10 };
    return {
        name,
        image: args.image,
        imagePullPolicy: "IfNotPresent",
        command: args.command,
        args: [...args.args, ...controller.args],
        env: Object.entries(controller.environment ?? {}).map(([key, value]) => ({ name: key, value })),
        ports: [{ name: "http", containerPort: health.port }],
        startupProbe: { ...probe, failureThreshold: 30 },
        readinessProbe: probe,
        livenessProbe: { ...probe, ...patience },
        resources: withEphemeralStorage({
            requests: { cpu: "50m", memory: "128Mi" }, limits: { cpu: "500m", memory: "512Mi" },
        }),
        securityContext: containerSecurityContext,
        volumeMounts,
    };
}
