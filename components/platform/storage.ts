import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Capabilities } from "../cluster/cluster";
import { withEphemeralStorage } from "../scratch";
import { images } from "../versions";
import { Metadata, objectLabels, selectorLabels } from "../workload/labels";
import { networkPolicy } from "../workload/network";
import { containerSecurityContext } from "../workload/security";
import { createDeployment } from "./deployment";
import { createNamespace, toApiServer } from "./namespace";
import { namespaces } from "./namespaces";
import { createServiceAccount } from "./rbac";
import { pathPattern, setup, teardown } from "./volume-directories";

const name = "local-path-provisioner";

/** A StorageClass on directories of the nodes. */
interface DirectoryClass {
    name: string;
    /** For example `/var/landfall/volumes`. */
    directory: string;
    /** Whether all nodes see the same directory: then pods on many nodes write its volumes. */
    shared: boolean;
}

/**
 * Makes the StorageClasses on directories that the capabilities name: one that all nodes share, one of each node's own.
 * How a volume's directory is named, made and deleted: see volume-directories.ts.
 */
export function createDirectoryClasses(capabilities: Capabilities, options: pulumi.CustomResourceOptions): pulumi.Resource[] {
    const classes = directoryClasses(capabilities);
    if (classes.length === 0) return [];
    // The provisioner's short-lived helper pods mount a directory of the node, which no stricter level admits.
    const namespace = createNamespace(
        namespaces.storage, { "pod-security.kubernetes.io/enforce": "privileged" }, capabilities, options);
    const metadata = { name, namespace, labels: objectLabels(name) };
    const account = createServiceAccount(name, {
        namespace,
        clusterRules: [
            {
                apiGroups: [""],
                resources: ["nodes", "persistentvolumeclaims", "configmaps", "pods", "pods/log"],
                verbs: ["get", "list", "watch"],
            },
            {
                apiGroups: [""],
                resources: ["persistentvolumes"],
                verbs: ["get", "list", "watch", "create", "patch", "update", "delete"],
            },
            { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
            { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: ["get", "list", "watch"] },
        ],
        rules: [{
            apiGroups: [""],
            resources: ["pods"],
            verbs: ["get", "list", "watch", "create", "patch", "update", "delete"],
        }],
    }, options);
    networkPolicy(`${name}-traffic`, namespace, {
        podSelector: { matchLabels: selectorLabels(name) },
        policyTypes: ["Egress"],
        egress: [toApiServer(capabilities)],
    }, options);
    const config = createConfig(metadata, classes, setup(capabilities.incarnation), options);
    const provisioner = `landfall.dev/${classes.length === 1 ? classes[0].name : "directories"}`;
    const deployment = createProvisioner(metadata, provisioner, account, config, options);
    return classes.map(({ name: storageClass, shared }) =>
        new kubernetes.storage.v1.StorageClass(storageClass, {
            metadata: { name: storageClass },
            provisioner,
            parameters: { pathPattern: pathPattern() },
            reclaimPolicy: "Delete",
            volumeBindingMode: shared ? "Immediate" : "WaitForFirstConsumer",
        }, { ...options, dependsOn: deployment }));
}

function directoryClasses(capabilities: Capabilities): DirectoryClass[] {
    const { storageClass, localDirectory, sharedStorageClass, sharedDirectory } = capabilities;
    return [
        ...(sharedStorageClass !== undefined && sharedDirectory !== undefined
            ? [{ name: sharedStorageClass, directory: sharedDirectory, shared: true }] : []),
        ...(storageClass !== undefined && localDirectory !== undefined
            ? [{ name: storageClass, directory: localDirectory, shared: false }] : []),
    ];
}

function createConfig(
    metadata: Metadata, classes: DirectoryClass[], setupScript: string, options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    const configs = Object.fromEntries(classes.map(({ name: storageClass, directory, shared }) => [storageClass, shared
        ? { sharedFileSystemPath: directory }
        : { nodePathMap: [{ node: "DEFAULT_PATH_FOR_NON_LISTED_NODES", paths: [directory] }] }]));
    return new kubernetes.core.v1.ConfigMap(name, {
        metadata,
        data: {
            "config.json": JSON.stringify(classes.length === 1 ? configs[classes[0].name] : { storageClassConfigs: configs }),
            setup: setupScript,
            teardown,
            "helperPod.yaml": JSON.stringify(helperPod),
        },
    }, options).metadata.name;
}

/** Runs as root, as it removes files of any user, but with nothing else that root may do. */
const helperPod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "helper-pod" },
    spec: {
        automountServiceAccountToken: false,
        priorityClassName: "system-node-critical",
        containers: [{
            name: "helper-pod",
            image: images.localPathHelper,
            imagePullPolicy: "IfNotPresent",
            resources: withEphemeralStorage({
                requests: { cpu: "10m", memory: "16Mi" }, limits: { cpu: "500m", memory: "64Mi" },
            }),
            securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"], add: ["CHOWN", "DAC_OVERRIDE", "FOWNER"] },
                seccompProfile: { type: "RuntimeDefault" },
            },
        }],
    },
};

function createProvisioner(
    metadata: Metadata, provisioner: string, serviceAccountName: pulumi.Output<string>,
    configMap: pulumi.Output<string>, options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.Deployment {
    return createDeployment(metadata, {
        replicas: 1,
        uid: 65534,
        pod: {
            serviceAccountName,
            automountServiceAccountToken: true,
            priorityClassName: "system-cluster-critical",
            containers: [{
                name,
                image: images.localPathProvisioner,
                imagePullPolicy: "IfNotPresent",
                command: [
                    name, "start", "--config", "/etc/config/config.json",
                    "--provisioner-name", provisioner, "--service-account-name", name, "--configmap-name", name,
                ],
                env: [
                    { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
                    { name: "CONFIG_MOUNT_PATH", value: "/etc/config/" },
                ],
                resources: withEphemeralStorage({
                    requests: { cpu: "20m", memory: "32Mi" }, limits: { cpu: "500m", memory: "128Mi" },
                }),
                securityContext: containerSecurityContext,
                volumeMounts: [{ name: "config", mountPath: "/etc/config", readOnly: true }],
            }],
            volumes: [{ name: "config", configMap: { name: configMap } }],
        },
    }, options);
}
