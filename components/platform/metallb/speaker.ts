import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { withEphemeralStorage } from "../../scratch";
import { images } from "../../versions";
import { Metadata, objectLabels, selectorLabels } from "../../workload/labels";
import { patience } from "../deployment";
import { createServiceAccount } from "../rbac";
import { commonArgs, group, healthPort, podNameVariable, speakerName as name } from "./names";

/** The speakers tell each other here, by TCP and UDP, that they live. */
const memberPort = 7946;
const secretFile = "secretkey";

/** Interfaces that lead to no neighbours: the pods' and other virtual ones. Bridges that a machine is on do. */
const inner = ["lo$", "veth", "kube-", "cni", "cali", "cilium", "lxc", "flannel", "tunl", "vxlan", "dummy", "docker"];

/**
 * Creates the speakers: one on every node, of which one answers for each address. When that node is gone, the others
 * miss it within seconds, and the next one answers.
 */
export function createSpeakers(
    namespace: pulumi.Output<string>, options: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): kubernetes.apps.v1.DaemonSet {
    const metadata = { name, namespace, labels: objectLabels(name) };
    const serviceAccountName = createAccount(namespace, options);
    const key = createKey(metadata, options);
    const interfaces = new kubernetes.core.v1.ConfigMap(name, {
        metadata,
        data: { "excludel2.yaml": JSON.stringify({ announcedInterfacesToExclude: inner.map(prefix => `^${prefix}`) }) },
    }, options);
    return new kubernetes.apps.v1.DaemonSet(name, {
        metadata,
        spec: {
            selector: { matchLabels: selectorLabels(name) },
            updateStrategy: { rollingUpdate: { maxUnavailable: 1 } },
            template: {
                metadata: { labels: metadata.labels },
                spec: {
                    serviceAccountName,
                    automountServiceAccountToken: true,
                    enableServiceLinks: false,
                    priorityClassName: "system-node-critical",
                    // It answers the neighbours of the node itself.
                    hostNetwork: true,
                    // Wherever a pod of the gateway may be.
                    tolerations: [{ operator: "Exists", effect: "NoSchedule" }],
                    terminationGracePeriodSeconds: 5,
                    securityContext: { seccompProfile: { type: "RuntimeDefault" } },
                    containers: [speaker],
                    volumes: [
                        { name: "key", secret: { secretName: key.metadata.name, defaultMode: 0o400 } },
                        { name: "interfaces", configMap: { name: interfaces.metadata.name } },
                    ],
                },
            },
        },
    }, options);
}

const speaker: kubernetes.types.input.core.v1.Container = {
    name: "speaker",
    image: images.metallbSpeaker,
    imagePullPolicy: "IfNotPresent",
    // kubeadm takes control-plane nodes off load balancers, and they may be the only ones. Which node answers follows
    // from where the pods are.
    args: [...commonArgs, "--ignore-exclude-lb"],
    env: [
        podNameVariable,
        { name: "METALLB_NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
        { name: "METALLB_ML_BIND_ADDR", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "METALLB_ML_BIND_PORT", value: String(memberPort) },
        { name: "METALLB_ML_LABELS", value: Object.entries(selectorLabels(name)).map(pair => pair.join("=")).join() },
        { name: "METALLB_ML_SECRET_KEY_PATH", value: "/etc/metallb-key" },
    ],
    ports: [
        { name: "members-tcp", containerPort: memberPort, protocol: "TCP" },
        { name: "members-udp", containerPort: memberPort, protocol: "UDP" },
    ],
    readinessProbe: { httpGet: { path: "/readyz", port: healthPort, host: "127.0.0.1" }, periodSeconds: 5 },
    livenessProbe: {
        httpGet: { path: "/healthz", port: healthPort, host: "127.0.0.1" }, initialDelaySeconds: 10, ...patience,
    },
    resources: withEphemeralStorage({
        requests: { cpu: "20m", memory: "64Mi" }, limits: { cpu: "500m", memory: "256Mi" },
    }),
    // ARP needs a raw socket, and a user other than root gets no capability from Kubernetes.
    securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        runAsUser: 0,
        capabilities: { drop: ["ALL"], add: ["NET_RAW"] },
    },
    volumeMounts: [
        { name: "key", mountPath: "/etc/metallb-key", readOnly: true },
        { name: "interfaces", mountPath: "/etc/metallb", readOnly: true },
    ],
};

/** What the speakers say to each other is encrypted by this key, so nobody else can join them. */
function createKey(
    metadata: Metadata, options: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): kubernetes.core.v1.Secret {
    const { parent } = options;
    // The program takes its first 32 bytes: AES-256.
    const key = new random.RandomPassword(`${name}-key`, { length: 32, special: false }, { parent }).result;
    return new kubernetes.core.v1.Secret(name, { metadata, stringData: { [secretFile]: key } }, options);
}

function createAccount(
    namespace: pulumi.Output<string>, options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    const read = ["get", "list", "watch"];
    const written = ["servicel2statuses", "configurationstates"];
    const settings = [
        "bfdprofiles", "bgpadvertisements", "bgppeers", "communities", "ipaddresspools", "l2advertisements",
        "servicebgpstatuses",
    ];
    return createServiceAccount(name, {
        namespace,
        clusterRules: [
            { apiGroups: [""], resources: ["namespaces", "nodes", "services"], verbs: read },
            { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
            // On the Services, in their own namespaces.
            { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
            { apiGroups: [group], resources: written, verbs: read },
        ],
        rules: [
            { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] },
            // It watches for settings that aren't used here, in its own namespace; the one Secret there is its key.
            { apiGroups: [""], resources: ["configmaps", "secrets"], verbs: read },
            { apiGroups: [group], resources: settings, verbs: read },
            {
                apiGroups: [group],
                resources: [...written, ...written.map(kind => `${kind}/status`)],
                verbs: ["create", "delete", "patch", "update"],
            },
        ],
    }, options);
}
