import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { withEphemeralStorage } from "../../scratch";
import { images, imageTags } from "../../versions";
import { objectLabels, selectorLabels } from "../../workload/labels";
import { platformPriorityClass } from "../../workload/priority";
import { containerSecurityContext, podSecurityContext } from "../../workload/security";
import { createDeployment, patience } from "../deployment";
import { createServiceAccount } from "../objects";
import { GatewayLimits } from "./limits";
import { controllerName, gatewayName, namespaceName } from "./names";

/** The controller that turns routes into Envoy's configuration. Facts: contour v1.33.8, examples/contour. */
export const contour = { name: controllerName, xdsPort: 8001, healthPort: 8000 };

/**
 * Where its listeners are, within each proxy: on the ports of the listeners for clients, but only reachable from these. For
 * connections to this address the kernel prefers it to theirs, which are on all addresses.
 */
export const contourAddress = "127.0.0.2";

/** Name of its account and roles. */
const accountName = "contour";

/** Resources that Contour would watch but nothing here uses, so their CRDs aren't installed either. */
const unused = ["extensionservices", "tlsroutes", "grpcroutes", "tcproutes", "backendtlspolicies"];
const uid = 65534;

/** Creates the certificates with which Envoy and Contour authenticate to each other, and renews them every month. */
export function createCertificates(
    namespace: pulumi.Output<string>, options: pulumi.CustomResourceOptions,
): kubernetes.batch.v1.Job {
    const name = "contour-certgen";
    const serviceAccountName = createServiceAccount(name, {
        namespace,
        rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["create", "update"] }],
    }, options);
    const metadata = { namespace, labels: objectLabels(name) };
    const spec: kubernetes.types.input.batch.v1.JobSpec = {
        backoffLimit: 4,
        template: {
            metadata: { labels: objectLabels(name) },
            spec: {
                serviceAccountName,
                automountServiceAccountToken: true,
                restartPolicy: "Never",
                priorityClassName: platformPriorityClass,
                securityContext: podSecurityContext(uid),
                containers: [{
                    name: "certgen",
                    image: images.contour,
                    imagePullPolicy: "IfNotPresent",
                    command: [
                        "contour", "certgen", "--kube", "--incluster", "--overwrite", "--secrets-format=compact",
                        "--namespace=$(CONTOUR_NAMESPACE)",
                    ],
                    env: [namespaceVariable],
                    resources: withEphemeralStorage({
                        requests: { cpu: "20m", memory: "32Mi" }, limits: { cpu: "500m", memory: "128Mi" },
                    }),
                    securityContext: containerSecurityContext,
                }],
            },
        },
    };
    new kubernetes.batch.v1.CronJob(name, {
        metadata: { name, ...metadata },
        spec: {
            schedule: "17 3 1 * *",
            // If the computer was off at that time, the job still runs within a week.
            startingDeadlineSeconds: 7 * 24 * 60 * 60,
            concurrencyPolicy: "Forbid",
            jobTemplate: { spec },
        },
    }, options);
    // The version is in the name, because a Job can't be changed.
    const version = imageTags.contour.split(":")[1]?.replace(/\./g, "-");
    return new kubernetes.batch.v1.Job(name, { metadata: { name: `${name}-${version}`, ...metadata }, spec }, options);
}

/** Creates Contour itself: two replicas, one of them the leader. */
export function createContour(
    namespace: pulumi.Output<string>, limits: GatewayLimits, options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.Deployment {
    const { name } = contour;
    const metadata = { name, namespace, labels: objectLabels(name) };
    const text = JSON.stringify(configuration(namespaceName, limits));
    const config = new kubernetes.core.v1.ConfigMap(name, { metadata, data: { "contour.yaml": text } }, options);
    const serviceAccountName = createAccount(namespace, options);
    new kubernetes.core.v1.Service(name, {
        metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } },
        spec: { selector: selectorLabels(name), ports: [{ name: "xds", port: contour.xdsPort, targetPort: "xds" }] },
    }, options);
    return createDeployment(metadata, {
        replicas: 2,
        uid,
        podAnnotations: checksum(text),
        pod: {
            serviceAccountName,
            automountServiceAccountToken: true,
            containers: [contourContainer()],
            volumes: [
                { name: "certificates", secret: { secretName: "contourcert", defaultMode: 0o440 } },
                { name: "config", configMap: { name: config.metadata.name } },
            ],
        },
    }, options);
}

/** The container's own namespace, which Contour's commands read from here. */
export const namespaceVariable = {
    name: "CONTOUR_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } },
};

/** Annotation that replaces the pods when their configuration changes, which is only read when they start. */
export function checksum(config: string): Record<string, string> {
    return { "landfall.dev/config": createHash("sha256").update(config).digest("hex").slice(0, 16) };
}

function configuration(namespace: string, limits: GatewayLimits): object {
    const seconds = (value: number): string => `${value}s`;
    return {
        gateway: { gatewayRef: { namespace, name: gatewayName } },
        tls: { "minimum-protocol-version": "1.2" },
        "accesslog-format": "json",
        "json-fields": accessLog,
        timeouts: {
            "request-timeout": seconds(limits.times.reception),
            "stream-idle-timeout": seconds(limits.times.idle),
            "connection-idle-timeout": seconds(limits.idleSeconds),
            "delayed-close-timeout": seconds(limits.flushSeconds),
            // Between HTTP/2's two GOAWAY frames; requests that are already on their way are still accepted.
            "connection-shutdown-grace-period": "5s",
        },
        listener: {
            "max-connections-per-listener": limits.connections,
            // Envoy's recommendation for gateways that face the internet.
            "http2-max-concurrent-streams": 100,
        },
        // The client's address is the source of its connection. Addresses that the client claims are passed on before it,
        // but not trusted.
        network: { "num-trusted-hops": 0 },
        cluster: {
            "circuit-breakers": {
                "max-connections": limits.requests,
                "max-pending-requests": limits.requests,
                "max-requests": limits.requests,
                // If a pod is lost, all of its requests are retried. Envoy's default limit is three at a time.
                "max-retries": limits.requests,
            },
        },
    };
}

/** No query strings, which contain the keys of password resets, and no addresses that clients claim to have. */
const accessLog = [
    "@timestamp", "client=%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "request_id", "protocol", "method", "authority",
    "path=%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH):1024%", "user_agent", "response_code",
    "response_code_details", "response_flags", "duration", "upstream_service_time", "bytes_received", "bytes_sent",
    "requested_server_name", "upstream_host", "upstream_cluster", "upstream_request_attempt_count",
    "upstream_transport_failure_reason", "connection_id",
];

function contourContainer(): kubernetes.types.input.core.v1.Container {
    return {
        name: "contour",
        image: images.contour,
        imagePullPolicy: "IfNotPresent",
        command: ["contour"],
        args: [
            "serve", "--incluster", "--xds-address=0.0.0.0", `--xds-port=${contour.xdsPort}`,
            "--contour-cafile=/certs/ca.crt", "--contour-cert-file=/certs/tls.crt", "--contour-key-file=/certs/tls.key",
            "--config-path=/config/contour.yaml",
            `--envoy-service-http-address=${contourAddress}`, `--envoy-service-https-address=${contourAddress}`,
            // They learn the client's address by it; see client-connections.ts.
            "--use-proxy-protocol",
            ...unused.map(resource => `--disable-feature=${resource}`),
        ],
        env: [namespaceVariable, { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
        ports: [
            { name: "xds", containerPort: contour.xdsPort },
            { name: "health", containerPort: contour.healthPort },
        ],
        startupProbe: { tcpSocket: { port: "xds" }, periodSeconds: 1, failureThreshold: 120 },
        readinessProbe: { tcpSocket: { port: "xds" }, periodSeconds: 5, timeoutSeconds: 5 },
        livenessProbe: { httpGet: { path: "/healthz", port: "health" }, ...patience },
        resources: withEphemeralStorage({
            requests: { cpu: "50m", memory: "64Mi" }, limits: { cpu: "1", memory: "256Mi" },
        }),
        securityContext: containerSecurityContext,
        volumeMounts: [
            { name: "certificates", mountPath: "/certs", readOnly: true },
            { name: "config", mountPath: "/config", readOnly: true },
        ],
    };
}

function createAccount(
    namespace: pulumi.Output<string>, options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    const read = ["get", "list", "watch"];
    const gatewayKinds = ["gatewayclasses", "gateways", "httproutes"];
    return createServiceAccount(accountName, {
        namespace,
        clusterRules: [
            { apiGroups: [""], resources: ["configmaps", "namespaces", "secrets", "services"], verbs: read },
            { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
            {
                apiGroups: ["gateway.networking.k8s.io"],
                resources: [...gatewayKinds, "referencegrants"],
                verbs: read,
            },
            {
                apiGroups: ["gateway.networking.k8s.io"],
                resources: gatewayKinds.map(kind => `${kind}/status`),
                verbs: ["update"],
            },
            { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: read },
            { apiGroups: ["networking.k8s.io"], resources: ["ingresses/status"], verbs: ["create", "get", "update"] },
            {
                apiGroups: ["projectcontour.io"],
                resources: ["contourconfigurations", "httpproxies", "tlscertificatedelegations"],
                verbs: read,
            },
            {
                apiGroups: ["projectcontour.io"],
                resources: ["contourconfigurations/status", "httpproxies/status"],
                verbs: ["create", "get", "update"],
            },
        ],
        rules: [
            { apiGroups: [""], resources: ["events"], verbs: ["create", "get", "update"] },
            { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "update"] },
        ],
    }, options);
}
