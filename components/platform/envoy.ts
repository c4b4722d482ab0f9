import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { LoadBalancing } from "../cluster/cluster";
import { images } from "../versions";
import { objectLabels, selectorLabels } from "../workload/labels";
import { containerSecurityContext } from "../workload/security";
import { contour, namespaceVariable } from "./contour";
import { createDeployment } from "./deployment";

/** The proxy that requests come through. Facts: contour v1.33.8, examples/contour/03-envoy.yaml. */
export const envoy = { name: "envoy", httpPort: 8080, httpsPort: 8443, healthPort: 8002 };

/** The longest that a terminating proxy waits for its connections, in seconds. */
const drainSeconds = 60;

type Container = kubernetes.types.input.core.v1.Container;

/** Creates the Service by which the outside reaches the proxies. */
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
            // A load balancer asks the nodes which have a proxy, and the client's address survives. A published node
            // port must answer on the one node that is published.
            externalTrafficPolicy: nodePorts ? "Cluster" : "Local",
            selector: selectorLabels(envoy.name),
            ports: [
                { name: "http", port: 80, targetPort: "http", ...(nodePorts && { nodePort: nodePorts.http }) },
                { name: "https", port: 443, targetPort: "https", ...(nodePorts && { nodePort: nodePorts.https }) },
            ],
        },
    }, options);
}

/** Creates the proxies: two, apart from each other, which give back their connections before they stop. */
export function createEnvoy(
    namespace: pulumi.Output<string>, options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.Deployment {
    const { name } = envoy;
    const metadata = { name, namespace, labels: objectLabels(name) };
    const account = new kubernetes.core.v1.ServiceAccount(name, {
        metadata, automountServiceAccountToken: false,
    }, options);
    return createDeployment(metadata, {
        replicas: 2,
        uid: 65534,
        pod: {
            serviceAccountName: account.metadata.name,
            automountServiceAccountToken: false,
            terminationGracePeriodSeconds: drainSeconds + 30,
            initContainers: [bootstrap()],
            containers: [proxy(), shutdownManager()],
            volumes: [
                { name: "admin", emptyDir: { sizeLimit: "16Mi" } },
                { name: "config", emptyDir: { sizeLimit: "16Mi" } },
                { name: "certificates", secret: { secretName: "envoycert", defaultMode: 0o440 } },
            ],
        },
    }, options);
}

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

function proxy(): Container {
    return {
        name: envoy.name,
        image: images.envoy,
        imagePullPolicy: "IfNotPresent",
        command: ["envoy"],
        args: [
            "-c", "/config/envoy.json", "--service-cluster", "$(CONTOUR_NAMESPACE)",
            "--service-node", "$(ENVOY_POD_NAME)", "--log-level", "info",
        ],
        env: [
            namespaceVariable, { name: "ENVOY_POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        ],
        ports: [
            { name: "http", containerPort: envoy.httpPort },
            { name: "https", containerPort: envoy.httpsPort },
            { name: "health", containerPort: envoy.healthPort },
        ],
        startupProbe: { httpGet: { path: "/ready", port: "health" }, periodSeconds: 1, failureThreshold: 120 },
        readinessProbe: { httpGet: { path: "/ready", port: "health" }, periodSeconds: 4 },
        livenessProbe: { tcpSocket: { port: "health" }, periodSeconds: 10 },
        lifecycle: { preStop: { httpGet: { path: "/shutdown", port: 8090 } } },
        resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "2", memory: "512Mi" } },
        securityContext: containerSecurityContext,
        volumeMounts: [
            { name: "config", mountPath: "/config", readOnly: true },
            { name: "certificates", mountPath: "/certs", readOnly: true },
            { name: "admin", mountPath: "/admin" },
        ],
    };
}

function shutdownManager(): Container {
    return {
        ...contourCommand("shutdown-manager"),
        command: ["contour"],
        args: ["envoy", "shutdown-manager"],
        lifecycle: {
            preStop: {
                // At once, each answer asks its client to connect anew, elsewhere; the proxy itself stays for a while yet.
                exec: { command: ["contour", "envoy", "shutdown", "--check-delay=6s"] },
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
        resources: { requests: { cpu: "20m", memory: "32Mi" }, limits: { cpu: "500m", memory: "128Mi" } },
        securityContext: containerSecurityContext,
    };
}
