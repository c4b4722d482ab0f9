import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as yaml from "yaml";
import { LoadBalancing, PublishedNodes } from "../../cluster/cluster";
import { withEphemeralStorage } from "../../scratch";
import { images } from "../../versions";
import { objectLabels, selectorLabels } from "../../workload/labels";
import { containerSecurityContext } from "../../workload/security";
import { clientConnections } from "./client-connections";
import { checksum, contour, namespaceVariable } from "./contour";
import { createDeployment, patience } from "../deployment";
import { GatewayLimits, leastIdleSeconds, proxySize } from "./limits";
import { proxyName, proxyPorts } from "./names";

/** The proxy for all requests. Source: contour v1.33.8, examples/contour/03-envoy.yaml. */
export const envoy = { name: proxyName, httpPort: proxyPorts.http, httpsPort: proxyPorts.https, healthPort: proxyPorts.health };

type Container = kubernetes.types.input.core.v1.Container;

/** Creates the Service through which clients reach the proxies. */
export function createEnvoyService(
    namespace: pulumi.Output<string>, loadBalancing: LoadBalancing, options: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Service {
    const nodePorts = loadBalancing.type === "NodePort" ? loadBalancing : undefined;
    const balancer = loadBalancing.type === "LoadBalancer" ? loadBalancing : undefined;
    return new kubernetes.core.v1.Service(envoy.name, {
        metadata: {
            name: envoy.name, namespace, labels: objectLabels(envoy.name), annotations: balancer?.annotations,
        },
        spec: {
            type: loadBalancing.type,
            loadBalancerClass: balancer?.loadBalancerClass,
            // Local preserves the client's address: a node only sends to its own proxies. Load balancers check which nodes have
            // one. Node ports have no such check, so Local needs known nodes, on which the proxies then run.
            externalTrafficPolicy: nodePorts && !nodePorts.nodes ? "Cluster" : "Local",
            selector: selectorLabels(envoy.name),
            ports: [
                { name: "http", port: 80, targetPort: "http", ...(nodePorts && { nodePort: nodePorts.http }) },
                { name: "https", port: 443, targetPort: "https", ...(nodePorts && { nodePort: nodePorts.https }) },
            ],
        },
    // A Service that was deleted by hand to get another class doesn't exist any more.
    }, { ...options, replacementTrigger: balancer?.loadBalancerClass ?? "none" });
}

/** Creates the proxies, spread over nodes. A proxy finishes its requests before it stops. */
export function createEnvoy(
    namespace: pulumi.Output<string>,
    { limits, nodes, metrics = [] }: { limits: GatewayLimits; nodes?: PublishedNodes; metrics?: pulumi.Resource[] },
    options: pulumi.CustomResourceOptions & { dependsOn: pulumi.Resource },
): kubernetes.apps.v1.Deployment {
    const { name } = envoy;
    const metadata = { name, namespace, labels: objectLabels(name) };
    const account = new kubernetes.core.v1.ServiceAccount(name, {
        metadata, automountServiceAccountToken: false,
    }, options);
    const text = addition(limits);
    const config = new kubernetes.core.v1.ConfigMap(name, { metadata, data: { [configKey]: text } }, options);
    return createDeployment(metadata, {
        replicas: { ...limits.replicas, cpu: proxySize.cpu.busy, after: [options.dependsOn, ...metrics] },
        nodes,
        // A load balancer that notices late that a proxy is gone also notices late that another is ready.
        minReadySeconds: limits.drainSeconds,
        uid: 65534,
        podAnnotations: checksum(text),
        pod: {
            serviceAccountName: account.metadata.name,
            automountServiceAccountToken: false,
            terminationGracePeriodSeconds: limits.graceSeconds,
            initContainers: [bootstrap()],
            containers: [proxy(limits, config.metadata.name), shutdownManager(limits)],
            volumes: [...emptyDirs, { name: "certificates", secret: { secretName: "envoycert", defaultMode: 0o440 } }],
        },
    }, options);
}

const configKey = "envoy.yaml";

const emptyDirs = [
    { name: "admin", emptyDir: { sizeLimit: "16Mi" } },
    { name: "config", emptyDir: { sizeLimit: "16Mi" } },
];

function bootstrap(): Container {
    return {
        ...contourCommand("bootstrap"),
        command: ["contour"],
        args: [
            "bootstrap", "/config/envoy.json", `--xds-address=${contour.name}`, `--xds-port=${contour.xdsPort}`,
            "--xds-resource-version=v3", "--resources-dir=/config/resources", "--envoy-cafile=/certs/ca.crt",
            "--envoy-cert-file=/certs/tls.crt", "--envoy-key-file=/certs/tls.key",
        ],
        env: [namespaceVariable],
        volumeMounts: [
            { name: "config", mountPath: "/config" },
            { name: "certificates", mountPath: "/certs", readOnly: true },
            { name: "admin", mountPath: "/admin" },
        ],
    };
}

function proxy(limits: GatewayLimits, config: pulumi.Output<string>): Container {
    const { cpu, memory } = proxySize;
    return {
        name: envoy.name,
        image: images.envoy,
        imagePullPolicy: "IfNotPresent",
        command: ["envoy"],
        args: [
            "-c", "/config/envoy.json", "--config-yaml", "$(ENVOY_CONFIG)", "--concurrency", String(cpu.limit),
            // When a listener's settings change, open connections get as much time as when a proxy stops.
            "--drain-time-s", String(limits.times.drain),
            "--service-cluster", "$(CONTOUR_NAMESPACE)", "--service-node", "$(ENVOY_POD_NAME)", "--log-level", "info",
        ],
        env: [
            namespaceVariable,
            { name: "ENVOY_POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
            { name: "ENVOY_CONFIG", valueFrom: { configMapKeyRef: { name: config, key: configKey } } },
        ],
        ports: [
            { name: "http", containerPort: envoy.httpPort },
            { name: "https", containerPort: envoy.httpsPort },
            { name: "health", containerPort: envoy.healthPort },
        ],
        startupProbe: { httpGet: { path: "/ready", port: "health" }, periodSeconds: 1, failureThreshold: 120 },
        // Patient: what slows one proxy slows all of them, and without a ready proxy the site is unreachable.
        readinessProbe: {
            httpGet: { path: "/ready", port: "health" }, periodSeconds: 4, timeoutSeconds: 4, failureThreshold: 5,
        },
        livenessProbe: { tcpSocket: { port: "health" }, ...patience },
        lifecycle: { preStop: { httpGet: { path: "/shutdown", port: 8090 } } },
        resources: withEphemeralStorage({
            requests: { cpu: cpu.request, memory: `${memory.request}Mi` },
            limits: { cpu: String(cpu.limit), memory: `${memory.limit}Mi` },
        }, emptyDirs),
        securityContext: containerSecurityContext,
        volumeMounts: [
            { name: "config", mountPath: "/config", readOnly: true },
            { name: "certificates", mountPath: "/certs", readOnly: true },
            { name: "admin", mountPath: "/admin" },
        ],
    };
}

/**
 * What Envoy merges into the bootstrap file that Contour writes. As YAML, whose aliases keep it below the 128 KiB that Linux
 * allows an argument.
 */
function addition(limits: GatewayLimits): string {
    const ports = { http: envoy.httpPort, https: envoy.httpsPort };
    return yaml.stringify({ ...overload, ...clientConnections(limits, ports) }, { collectionStyle: "flow", lineWidth: 0 });
}

/**
 * What a proxy does before it runs out of memory, with thresholds as shares of its heap limit. A flood must not kill the proxy,
 * and with it everybody's requests. An HTTP/2 answer that its client doesn't read takes 16 MiB, and one client may request
 * hundreds, so the largest streams are reset first. Memory can fill within a second, so it is checked 20 times per second.
 * Contour itself can only configure two of these actions.
 * Source: https://www.envoyproxy.io/docs/envoy/v1.38.3/configuration/operations/overload_manager/overload_manager
 */
const overload = {
    overload_manager: {
        refresh_interval: "0.05s",
        // Only streams that hold at least 1 MiB (2^20 bytes) are reset.
        buffer_factory_config: { minimum_account_to_track_power_of_two: 20 },
        resource_monitors: [{
            name: "envoy.resource_monitors.fixed_heap",
            typed_config: {
                "@type": "type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                // The rest of the container's limit is for the program itself and for memory that its allocator keeps.
                max_heap_size_bytes: Math.floor(proxySize.memory.limit * 0.85) * 2 ** 20,
            },
        }],
        actions: [
            {
                // The more memory is used, the sooner idle connections are closed. Timeouts of requests stay.
                ...action("reduce_timeouts", { scaled: { scaling_threshold: 0.05, saturation_threshold: 0.2 } }),
                typed_config: {
                    "@type": "type.googleapis.com/envoy.config.overload.v3.ScaleTimersOverloadActionConfig",
                    timer_scale_factors: [{ timer: "HTTP_DOWNSTREAM_CONNECTION_IDLE", min_timeout: `${leastIdleSeconds}s` }],
                },
            },
            action("reset_high_memory_stream", { scaled: { scaling_threshold: 0.4, saturation_threshold: 0.7 } }),
            action("shrink_heap", { threshold: { value: 0.5 } }),
            action("disable_http_keepalive", { threshold: { value: 0.8 } }),
            action("stop_accepting_connections", { threshold: { value: 0.9 } }),
            action("stop_accepting_requests", { threshold: { value: 0.95 } }),
        ],
    },
};

function action(name: string, trigger: object): object {
    return {
        name: `envoy.overload_actions.${name}`,
        triggers: [{ name: "envoy.resource_monitors.fixed_heap", ...trigger }],
    };
}

function shutdownManager({ drainSeconds }: GatewayLimits): Container {
    return {
        ...contourCommand("shutdown-manager"),
        command: ["contour"],
        args: ["envoy", "shutdown-manager"],
        lifecycle: {
            preStop: {
                // During the delay the proxy stays ready, because load balancers still send clients to it. Then each answer asks
                // its client to reconnect elsewhere, and the proxy ends when the last connection closes.
                exec: { command: ["contour", "envoy", "shutdown", `--drain-delay=${drainSeconds}s`] },
            },
        },
        volumeMounts: [{ name: "admin", mountPath: "/admin" }],
    };
}

function contourCommand(name: string): Container {
    return {
        name,
        image: images.contour,
        imagePullPolicy: "IfNotPresent",
        resources: withEphemeralStorage({
            requests: { cpu: "20m", memory: "32Mi" }, limits: { cpu: "500m", memory: "128Mi" },
        }),
        securityContext: containerSecurityContext,
    };
}
