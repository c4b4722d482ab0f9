import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { withEphemeralStorage } from "../../scratch";
import { images } from "../../versions";
import { Metadata, objectLabels, selectorLabels } from "../../workload/labels";
import { patience } from "../deployment";
import { createServiceAccount } from "../objects";
import { commonArgs, group, healthPort, podNameVariable, speakerName as name } from "./names";

/** Port at which the speakers check on each other, over TCP and UDP. */
const memberPort = 7946;
const secretFile = "secretkey";

/** Interfaces without neighbours: the pods' and other virtual ones. A bridge that the machine is on has neighbours. */
const inner = ["lo$", "veth", "kube-", "cni", "cali", "cilium", "lxc", "flannel", "tunl", "vxlan", "dummy", "docker"];

/**
 * Creates the speakers, one on every node. One of them answers for each address. If its node fails, the others notice within
 * seconds, and the next one answers.
 */
export function createSpeakers(
    namespace: pulumi.Output<string>, classArgs: string[], options: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
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
                    // It answers the node's own neighbours.
                    hostNetwork: true,
                    // Every node that may run a gateway pod.
                    tolerations: [{ operator: "Exists", effect: "NoSchedule" }],
                    terminationGracePeriodSeconds: 5,
                    securityContext: { seccompProfile: { type: "RuntimeDefault" } },
                    containers: [{ ...speaker, args: [...speakerArgs, ...classArgs] }],
                    volumes: [
                        { name: "key", secret: { secretName: key.metadata.name, defaultMode: 0o400 } },
                        { name: "interfaces", configMap: { name: interfaces.metadata.name } },
                    ],
                },
            },
        },
    }, options);
}

// kubeadm excludes control-plane nodes from load balancers, but they may be the only nodes. The pods' nodes determine
// which node answers.
const speakerArgs = [...commonArgs, "--ignore-exclude-lb"];

const speaker: kubernetes.types.input.core.v1.Container = {
    name: "speaker",
    image: images.metallbSpeaker,
    imagePullPolicy: "IfNotPresent",
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
    // ARP needs a raw socket, and Kubernetes only gives capabilities to root.
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

/** Encrypts the traffic between the speakers, so nobody else can join them. */
function createKey(
    metadata: Metadata, options: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): kubernetes.core.v1.Secret {
    const { parent } = options;
    // The program uses its first 32 bytes, as an AES-256 key.
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
            // In its own namespace, it also watches settings that aren't used here. The only Secret there is its key.
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
