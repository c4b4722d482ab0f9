import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../cluster/cluster";
import { withEphemeralStorage } from "../../scratch";
import { images } from "../../versions";
import { objectLabels, selectorLabels } from "../../workload/labels";
import { networkPolicy } from "../../workload/network";
import { platformPriorityClass } from "../../workload/priority";
import { containerSecurityContext } from "../../workload/security";
import { patience } from "../deployment";
import { namespaces } from "../namespaces";
import { createServiceAccount, toApiServer } from "../objects";
import { buffer, type LogLimits } from "./limits";
import { collectorName as name, logFields, noMessage, passwordKey, storeName, storePort, storeUser } from "./names";

export interface CollectorArgs {
    namespace: pulumi.Output<string>;
    limits: LogLimits;
    /** With the store's password. */
    secret: kubernetes.core.v1.Secret;
}

const port = 9429;
const stateDirectory = "/var/lib/vlagent";
const secretDirectory = "/etc/landfall/credentials";

/** Where the kubelet has the containers' logs; the first has links to the files in the second. */
const logDirectories = { containers: "/var/log/containers", pods: "/var/log/pods" };

/**
 * Creates the collectors, one on every node. The files belong to root and are readable by its group, so the collector is an
 * unprivileged user in that group: it can read them, and change nothing.
 */
export function createCollector(
    { capabilities }: Cluster, { namespace, limits, secret }: CollectorArgs, options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.DaemonSet {
    const metadata = { name, namespace, labels: objectLabels(name) };
    const serviceAccountName = createServiceAccount(name, {
        namespace,
        // What the files don't say: to which workload a pod belongs. It may not read logs, Secrets or anything else.
        clusterRules: [
            { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
            { apiGroups: [""], resources: ["nodes"], verbs: ["get"] },
            { apiGroups: [""], resources: ["namespaces"], verbs: ["list"] },
        ],
    }, options);
    networkPolicy(`${name}-traffic`, namespace, {
        podSelector: { matchLabels: selectorLabels(name) },
        policyTypes: ["Egress"],
        egress: [toApiServer(capabilities)],
    }, options);
    return new kubernetes.apps.v1.DaemonSet(name, {
        metadata,
        spec: {
            selector: { matchLabels: selectorLabels(name) },
            // The new one starts before the old one stops. Otherwise the logs of pods that end meanwhile would be lost.
            updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
            template: {
                metadata: { labels: metadata.labels },
                spec: {
                    serviceAccountName,
                    automountServiceAccountToken: true,
                    enableServiceLinks: false,
                    priorityClassName: platformPriorityClass,
                    // Every node has pods.
                    tolerations: [{ operator: "Exists", effect: "NoSchedule" }],
                    securityContext: {
                        runAsNonRoot: true,
                        runAsUser: 65532,
                        runAsGroup: 0,
                        seccompProfile: { type: "RuntimeDefault" },
                    },
                    containers: [container(limits)],
                    volumes: [
                        ...volumes,
                        { name: "credentials", secret: { secretName: secret.metadata.name, defaultMode: 0o440 } },
                    ],
                },
            },
        },
    }, options);
}

const volumes = [
    ...Object.entries(logDirectories).map(([name, path]) => ({ name, hostPath: { path, type: "Directory" } })),
    // Where it stopped reading, and what it can't send. Both survive its restarts. A new pod reads the current files once
    // more, and `npm run logs` shows a line once.
    { name: "state", emptyDir: { sizeLimit: `${buffer.volume}Mi` } },
];

function container(limits: LogLimits): kubernetes.types.input.core.v1.Container {
    const probe = { httpGet: { path: "/health", port: "http" }, periodSeconds: 5 };
    return {
        name,
        image: images.logCollector,
        imagePullPolicy: "IfNotPresent",
        args: [
            "-kubernetesCollector",
            // Its own lines say that it can't send lines: they would never end.
            `-kubernetesCollector.excludeFilter=${logFields.namespace}:=${namespaces.logCollector}`,
            // Of a line in JSON, every field is kept under its own name, and the container runtime's time is the line's. No
            // field has this name.
            "-kubernetesCollector.timeField=-",
            "-kubernetesCollector.msgField=-",
            `-defaultMsgValue=${noMessage}`,
            `-tmpDataPath=${stateDirectory}`,
            `-remoteWrite.url=http://${storeName}.${namespaces.logs}.svc:${storePort}/insert/native`,
            `-remoteWrite.basicAuth.username=${storeUser}`,
            `-remoteWrite.basicAuth.passwordFile=${secretDirectory}/${passwordKey}`,
            `-remoteWrite.maxDiskUsagePerURL=${buffer.most}MiB`,
            `-remoteWrite.rateLimit=${limits.sentPerSecond}`,
            // Once the store is back, lines don't wait a minute for the next try.
            "-remoteWrite.retryMaxTime=10s",
            "-remoteWrite.queues=2",
            `-httpListenAddr=:${port}`,
            // It would also accept lines from other programs.
            `-httpAuth.username=${storeUser}`,
            `-httpAuth.password=file://${secretDirectory}/${passwordKey}`,
        ],
        ports: [{ name: "http", containerPort: port }],
        startupProbe: { ...probe, periodSeconds: 2, failureThreshold: 60 },
        readinessProbe: probe,
        livenessProbe: { ...probe, ...patience },
        resources: withEphemeralStorage({
            requests: { cpu: "20m", memory: "32Mi" }, limits: { cpu: "500m", memory: "128Mi" },
        }, volumes),
        securityContext: containerSecurityContext,
        volumeMounts: [
            ...Object.entries(logDirectories).map(([name, mountPath]) => ({ name, mountPath, readOnly: true })),
            { name: "state", mountPath: stateDirectory },
            { name: "credentials", mountPath: secretDirectory, readOnly: true },
        ],
    };
}
