import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { withEphemeralStorage } from "../../../scratch";
import { images } from "../../../versions";

const name = "kube-router";
const labels = { "app.kubernetes.io/name": name };
const configDirectory = "/etc/cni/net.d";
const programDirectory = "/opt/cni/bin";
const configFile = `${configDirectory}/10-kube-router.conflist`;
const healthPort = 20244;

/** The CNI configuration; kube-router fills in the node's range of addresses. */
const network = {
    cniVersion: "0.4.0",
    name,
    plugins: [
        { name: "kubernetes", type: "bridge", bridge: "kube-bridge", isDefaultGateway: true, hairpinMode: true,
            ipam: { type: "host-local" } },
        { type: "portmap", capabilities: { portMappings: true, snat: true } },
    ],
};

/** Installs kube-router, for routes between the nodes and network policies. kube-proxy stays. */
export function createKubeRouter(options: pulumi.CustomResourceOptions): kubernetes.apps.v1.DaemonSet {
    const metadata = { name, namespace: "kube-system", labels };
    const account = createAccount(metadata, options);
    const config = new kubernetes.core.v1.ConfigMap(name, {
        metadata, data: { "network.json": JSON.stringify(network, undefined, 2) },
    }, options);
    return new kubernetes.apps.v1.DaemonSet(name, {
        metadata,
        spec: {
            selector: { matchLabels: labels },
            // A node without its router still forwards; one at a time is quick enough.
            updateStrategy: { rollingUpdate: { maxUnavailable: 1 } },
            template: {
                metadata: { labels },
                spec: {
                    serviceAccountName: account,
                    priorityClassName: "system-node-critical",
                    hostNetwork: true,
                    tolerations: [{ operator: "Exists" }],
                    initContainers: [installer],
                    containers: [router],
                    volumes: [
                        { name: "config", configMap: { name: config.metadata.name } },
                        hostPath("modules", "/lib/modules"),
                        hostPath("cni", configDirectory, "DirectoryOrCreate"),
                        hostPath("programs", programDirectory, "DirectoryOrCreate"),
                        hostPath("lock", "/run/xtables.lock", "FileOrCreate"),
                    ],
                },
            },
        },
    }, options);
}

const installer: kubernetes.types.input.core.v1.Container = {
    name: "install",
    image: images.kubeRouter,
    imagePullPolicy: "IfNotPresent",
    // An existing file stays: the router has added the node's range to it.
    command: ["sh", "-ec", `test -e ${configFile} || cp /config/network.json ${configFile}\n/usr/local/bin/cni-install`],
    resources: withEphemeralStorage({ requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "256Mi" } }),
    // It writes to root's directories, and needs no other privilege.
    securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        readOnlyRootFilesystem: true,
        seccompProfile: { type: "RuntimeDefault" },
    },
    volumeMounts: [
        { name: "config", mountPath: "/config", readOnly: true },
        { name: "cni", mountPath: configDirectory },
        { name: "programs", mountPath: programDirectory },
    ],
};

const router: kubernetes.types.input.core.v1.Container = {
    name,
    image: images.kubeRouter,
    imagePullPolicy: "IfNotPresent",
    args: ["--run-router=true", "--run-firewall=true", "--run-service-proxy=false", "--bgp-graceful-restart=true"],
    env: [
        { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
        { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "KUBE_ROUTER_CNI_CONF_FILE", value: configFile },
    ],
    livenessProbe: {
        httpGet: { path: "/healthz", port: healthPort, host: "127.0.0.1" },
        initialDelaySeconds: 10, timeoutSeconds: 10, periodSeconds: 10, failureThreshold: 6,
    },
    resources: withEphemeralStorage({ requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "512Mi" } }),
    // It writes routes, firewall rules and kernel settings.
    securityContext: { privileged: true },
    volumeMounts: [
        { name: "modules", mountPath: "/lib/modules", readOnly: true },
        { name: "cni", mountPath: configDirectory },
        { name: "lock", mountPath: "/run/xtables.lock" },
    ],
};

function hostPath(volume: string, path: string, type?: string): kubernetes.types.input.core.v1.Volume {
    return { name: volume, hostPath: { path, type } };
}

function createAccount(
    metadata: { name: string; namespace: string }, options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    const { rbac } = kubernetes;
    const read = ["get", "list", "watch"];
    const account = new kubernetes.core.v1.ServiceAccount(name, { metadata }, options);
    const role = new rbac.v1.ClusterRole(name, {
        metadata: { name },
        rules: [
            { apiGroups: [""], resources: ["namespaces", "pods", "services", "nodes", "endpoints"], verbs: read },
            { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
            { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: read },
        ],
    }, options);
    const binding = new rbac.v1.ClusterRoleBinding(name, {
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
        subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace: metadata.namespace }],
    }, options);
    return pulumi.all([account.metadata.name, binding.id]).apply(([given]) => given);
}
