import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Capabilities } from "../cluster/cluster";
import { withEphemeralStorage } from "../scratch";
import { images } from "../versions";
import { objectLabels, selectorLabels } from "../workload/labels";
import { networkPolicy } from "../workload/network";
import { containerSecurityContext, restrictedNamespaceLabels } from "../workload/security";
import { createDeployment, patience } from "./deployment";
import { namespaces } from "./namespaces";
import { createNamespace, createServiceAccount, toApiServer } from "./objects";

const name = "metrics-server";
const port = 10250;

/**
 * Installs metrics-server, which tells the autoscalers how busy the pods are. Returns the API that they read it from.
 * The objects follow the project's own manifests (kubernetes-sigs/metrics-server, manifests/base).
 */
export function createMetricsServer(capabilities: Capabilities, options: pulumi.CustomResourceOptions): pulumi.Resource {
    const namespace = createNamespace(namespaces.metrics, restrictedNamespaceLabels, capabilities, options);
    const metadata = { name, namespace, labels: objectLabels(name) };
    const account = createAccount(namespace, options);

    networkPolicy(`${name}-traffic`, namespace, {
        podSelector: { matchLabels: selectorLabels(name) },
        policyTypes: ["Ingress", "Egress"],
        // The API server calls it, and it calls the kubelets. Both are on the host network.
        ingress: [{ ports: [{ port, protocol: "TCP" }] }],
        egress: [{ ports: [{ port, protocol: "TCP" }] }, toApiServer(capabilities)],
    }, options);
    const service = new kubernetes.core.v1.Service(name, {
        metadata,
        spec: { selector: selectorLabels(name), ports: [{ name: "https", port: 443, targetPort: "https" }] },
    }, options);
    const deployment = createDeployment(metadata, {
        replicas: 1,
        uid: 65532,
        pod: {
            serviceAccountName: account,
            automountServiceAccountToken: true,
            priorityClassName: "system-cluster-critical",
            containers: [metricsContainer(capabilities.kubeletInsecureTls)],
            volumes,
        },
    }, options);
    return new kubernetes.apiregistration.v1.APIService("metrics-api", {
        metadata: { name: "v1beta1.metrics.k8s.io" },
        spec: {
            group: "metrics.k8s.io",
            version: "v1beta1",
            groupPriorityMinimum: 100,
            versionPriority: 100,
            insecureSkipTLSVerify: true,
            service: { name: service.metadata.name, namespace },
        },
    }, { ...options, dependsOn: deployment });
}

function createAccount(
    namespace: pulumi.Output<string>, options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    const { rbac } = kubernetes;
    const subjects = [{ kind: "ServiceAccount", name, namespace }];
    const apiGroup = "rbac.authorization.k8s.io";
    new rbac.v1.ClusterRole("aggregated-metrics-reader", {
        metadata: {
            name: "landfall:aggregated-metrics-reader",
            labels: Object.fromEntries(["view", "edit", "admin"].map(role =>
                [`rbac.authorization.k8s.io/aggregate-to-${role}`, "true"])),
        },
        rules: [{ apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] }],
    }, options);
    new rbac.v1.RoleBinding(`${name}-auth-reader`, {
        metadata: { name: "landfall:metrics-server-auth-reader", namespace: "kube-system" },
        roleRef: { apiGroup, kind: "Role", name: "extension-apiserver-authentication-reader" },
        subjects,
    }, options);
    new rbac.v1.ClusterRoleBinding(`${name}-auth-delegator`, {
        metadata: { name: "landfall:metrics-server-auth-delegator" },
        roleRef: { apiGroup, kind: "ClusterRole", name: "system:auth-delegator" },
        subjects,
    }, options);
    return createServiceAccount(name, {
        namespace,
        clusterRules: [
            { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
            { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
        ],
    }, options);
}

const volumes = [{ name: "tmp", emptyDir: { sizeLimit: "16Mi" } }];

function metricsContainer(kubeletInsecureTls: boolean): kubernetes.types.input.core.v1.Container {
    const probe = (path: string): kubernetes.types.input.core.v1.Probe =>
        ({ httpGet: { path, port: "https", scheme: "HTTPS" }, periodSeconds: 5, failureThreshold: 6 });
    return {
        name,
        image: images.metricsServer,
        imagePullPolicy: "IfNotPresent",
        args: [
            "--cert-dir=/tmp",
            `--secure-port=${port}`,
            "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
            "--kubelet-use-node-status-port",
            // As often as the autoscaler reads it.
            "--metric-resolution=15s",
            ...(kubeletInsecureTls ? ["--kubelet-insecure-tls"] : []),
        ],
        ports: [{ name: "https", containerPort: port }],
        startupProbe: { ...probe("/livez"), failureThreshold: 24 },
        // It only has metrics after it has read the kubelets twice.
        readinessProbe: { ...probe("/readyz"), initialDelaySeconds: 20 },
        livenessProbe: { ...probe("/livez"), ...patience },
        resources: withEphemeralStorage({
            requests: { cpu: "100m", memory: "200Mi" }, limits: { cpu: "500m", memory: "400Mi" },
        }, volumes),
        securityContext: containerSecurityContext,
        volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
    };
}
