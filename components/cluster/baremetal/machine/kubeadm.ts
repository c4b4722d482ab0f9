// kubeadm's configuration, hardened after the CIS Kubernetes Benchmark. It is written as JSON, which is valid YAML.
import type { ClusterFacts, NodeFacts } from "../program/facts";

/** Written when a machine becomes a member of the cluster; contains the node's incarnation. */
export const memberFile = "/var/lib/landfall/member";

const directory = "/etc/kubernetes/landfall";
/** Files that the API server reads. */
export const apiFiles = {
    audit: `${directory}/audit-policy.json`,
    authentication: `${directory}/authentication.json`,
    encryption: `${directory}/encryption.json`,
};

const ciphers = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];
const kubeadmApi = "kubeadm.k8s.io/v1beta4";
/** Slow disks need longer than kubeadm's defaults. */
const timeouts = { controlPlaneComponentHealthCheck: "10m0s", etcdAPICall: "5m0s", kubernetesAPICall: "3m0s" };

/** What kubeadm's configuration of a cluster depends on. */
export type InitFacts = JoinFacts & Pick<ClusterFacts,
    "name" | "version" | "endpoint" | "podSubnet" | "serviceSubnet" | "virtualAddress">;

/** What kubeadm's configuration of one more node depends on. */
export type JoinFacts = Pick<ClusterFacts, "ignorePreflightErrors" | "tainted">;

type KubeadmNode = Pick<NodeFacts, "name" | "role" | "address">;

/** The configuration of `kubeadm init`. */
export function initConfig(cluster: InitFacts, node: KubeadmNode): string {
    return documents(
        { apiVersion: kubeadmApi, kind: "InitConfiguration", ...registration(cluster, node), ...localEndpoint(node),
            // kubeadm always creates a token. Joins create their own, so this one may expire at once.
            bootstrapTokens: [{ ttl: "1m0s" }], timeouts },
        clusterConfiguration(cluster),
        kubeletConfiguration,
        // Keeps the machine's own limit of tracked connections.
        { apiVersion: "kubeproxy.config.k8s.io/v1alpha1", kind: "KubeProxyConfiguration", conntrack: { maxPerCore: 0 } },
    );
}

/** The configuration of `kubeadm join`. The token is in a file that is deleted after the join. */
export function joinConfig(cluster: JoinFacts, node: KubeadmNode): string {
    return documents({
        apiVersion: kubeadmApi,
        kind: "JoinConfiguration",
        ...registration(cluster, node),
        discovery: { file: { kubeConfigPath: "/run/landfall/discovery.conf" } },
        ...(node.role === "control-plane" && { controlPlane: localEndpoint(node) }),
        timeouts,
    });
}

function registration(cluster: JoinFacts, node: KubeadmNode) {
    return {
        nodeRegistration: {
            name: node.name,
            criSocket: "unix:///run/containerd/containerd.sock",
            imagePullPolicy: "IfNotPresent",
            kubeletExtraArgs: [{ name: "node-ip", value: node.address }],
            ignorePreflightErrors: cluster.ignorePreflightErrors,
            ...(node.role === "control-plane" && { taints: cluster.tainted ? [controlPlaneTaint] : [] }),
        },
    };
}

const controlPlaneTaint = { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" };

function localEndpoint({ address }: KubeadmNode) {
    return { localAPIEndpoint: { advertiseAddress: address, bindPort: 6443 } };
}

function clusterConfiguration({ name, version, endpoint, podSubnet, serviceSubnet, virtualAddress }: InitFacts) {
    const host = endpoint.slice(0, endpoint.lastIndexOf(":"));
    return {
        apiVersion: kubeadmApi,
        kind: "ClusterConfiguration",
        clusterName: name,
        kubernetesVersion: version,
        controlPlaneEndpoint: endpoint,
        networking: { podSubnet, serviceSubnet },
        apiServer: {
            certSANs: [...new Set([host, virtualAddress].filter(Boolean))],
            extraArgs: args({
                "audit-log-maxage": "30",
                "audit-log-maxbackup": "10",
                "audit-log-maxsize": "100",
                "audit-log-path": "/var/log/kubernetes/audit.log",
                "audit-policy-file": apiFiles.audit,
                "authentication-config": apiFiles.authentication,
                "encryption-provider-config": apiFiles.encryption,
                "kubelet-certificate-authority": "/etc/kubernetes/pki/ca.crt",
                "profiling": "false",
                "tls-cipher-suites": ciphers.join(","),
                "tls-min-version": "VersionTLS12",
            }),
            extraVolumes: [
                { name: "landfall", hostPath: directory, mountPath: directory, readOnly: true, pathType: "Directory" },
                { name: "audit", hostPath: "/var/log/kubernetes", mountPath: "/var/log/kubernetes",
                    pathType: "DirectoryOrCreate" },
            ],
        },
        controllerManager: { extraArgs: args({ "profiling": "false", "terminated-pod-gc-threshold": "500" }) },
        scheduler: { extraArgs: args({ profiling: "false" }) },
    };
}

const kubeletConfiguration = {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
    authorization: { mode: "Webhook" },
    cgroupDriver: "systemd",
    podPidsLimit: 4096,
    protectKernelDefaults: true,
    readOnlyPort: 0,
    rotateCertificates: true,
    seccompDefault: true,
    serverTLSBootstrap: true,
    streamingConnectionIdleTimeout: "5m0s",
    tlsCipherSuites: ciphers,
    tlsMinVersion: "VersionTLS12",
};

/** Anonymous requests may only read the API server's health, as kubelets and load balancers do. */
export const authentication = {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    anonymous: { enabled: true, conditions: ["/livez", "/readyz", "/healthz"].map(path => ({ path })) },
};

/** Logs who did what, without the content of secrets. Health checks and what nodes read are left out. */
export const auditPolicy = {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [
        { level: "None", nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version"] },
        { level: "None", userGroups: ["system:nodes"], verbs: ["get", "list", "watch"] },
        { level: "None", resources: [{ group: "coordination.k8s.io", resources: ["leases"] }] },
        { level: "Metadata", resources: [
            { group: "", resources: ["secrets", "configmaps", "serviceaccounts/token"] },
            { group: "authentication.k8s.io", resources: ["tokenreviews"] },
        ] },
        { level: "None", verbs: ["get", "list", "watch"], userGroups: ["system:serviceaccounts:kube-system"] },
        { level: "Metadata", verbs: ["get", "list", "watch"] },
        { level: "Request" },
    ],
};

function args(values: Record<string, string>) {
    return Object.entries(values).map(([name, value]) => ({ name, value }));
}

function documents(...objects: object[]): string {
    return objects.map(object => JSON.stringify(object, undefined, 2)).join("\n---\n");
}

/** Bash that runs only on a machine that isn't a member yet: a member's software changes only in its own upgrade. */
export function unlessMember(lines: string): string {
    return `if [ ! -e ${memberFile} ]; then\n${lines}\nfi`;
}
