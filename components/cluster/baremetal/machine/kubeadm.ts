// @ts-nocheck
// What kubeadm is told, after the CIS Kubernetes Benchmark. JSON is YAML, so no library is needed to write it.

const directory = "/etc/kubernetes/landfall";
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
/** Machines with slow disks take longer than kubeadm allows by itself. */
const timeouts = { controlPlaneComponentHealthCheck: "10m0s", etcdAPICall: "5m0s", kubernetesAPICall: "3m0s" };

/** The configuration of `kubeadm init` on the first node. */
export function initConfig(cluster, node) {
    return documents(
        { apiVersion: kubeadmApi, kind: "InitConfiguration", ...registration(cluster, node), ...localEndpoint(node),
            // Joins mint their own; this one is needed by nobody.
            bootstrapTokens: [{ ttl: "1m0s" }], timeouts },
        clusterConfiguration(cluster),
        kubeletConfiguration,
        // The machine's own limit of tracked connections holds.
        { apiVersion: "kubeproxy.config.k8s.io/v1alpha1", kind: "KubeProxyConfiguration", conntrack: { maxPerCore: 0 } },
    );
}

/** The configuration of `kubeadm join`; the token is read from a file that exists for the join alone. */
export function joinConfig(cluster, node) {
    return documents({
        apiVersion: kubeadmApi,
        kind: "JoinConfiguration",
        ...registration(cluster, node),
        discovery: { file: { kubeConfigPath: "/run/landfall/discovery.conf" } },
        ...(node.role === "control-plane" && { controlPlane: localEndpoint(node) }),
        timeouts,
    });
}

function registration(cluster, node) {
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

function localEndpoint({ address }) {
    return { localAPIEndpoint: { advertiseAddress: address, bindPort: 6443 } };
}

function clusterConfiguration({ name, version, endpoint, podSubnet, serviceSubnet, virtualAddress }) {
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

/** Nobody is anonymous but those who ask for the API server's health: kubelets and load balancers. */
export const authentication = {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    anonymous: { enabled: true, conditions: ["/livez", "/readyz", "/healthz"].map(path => ({ path })) },
};

/** Who did what, without the content of secrets; the nodes' own reading and the health checks are left out. */
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

function args(values) {
    return Object.entries(values).map(([name, value]) => ({ name, value }));
}

function documents(...objects) {
    return objects.map(object => JSON.stringify(object, undefined, 2)).join("\n---\n");
}
