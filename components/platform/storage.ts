import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { Capabilities, StorageClass } from "../cluster/cluster";
import { withEphemeralStorage } from "../scratch";
import { images } from "../versions";
import { groupLabel, Metadata, objectLabels, selectorLabels } from "../workload/labels";
import { networkPolicy } from "../workload/network";
import { containerSecurityContext } from "../workload/security";
import { createDeployment } from "./deployment";
import { namespaces } from "./namespaces";
import { createNamespace, createServiceAccount, toApiServer } from "./objects";

/** Creates the StorageClasses whose drivers the cluster includes. A volume is deleted with its claim, and kept with it. */
export function createStorageClasses(classes: StorageClass[], options: pulumi.CustomResourceOptions): pulumi.Resource[] {
    return classes.map(({ name, provisioner, parameters, mountOptions, isDefault, volumeBindingMode }) =>
        new kubernetes.storage.v1.StorageClass(name, {
            metadata: {
                name,
                annotations: { "storageclass.kubernetes.io/is-default-class": String(isDefault ?? false) },
            },
            provisioner,
            parameters,
            mountOptions,
            reclaimPolicy: "Delete",
            allowVolumeExpansion: true,
            volumeBindingMode: volumeBindingMode ?? "WaitForFirstConsumer",
        }, options));
}

const name = "local-path-provisioner";

/** A StorageClass on directories of the nodes. */
interface DirectoryClass {
    name: string;
    /** For example `/var/landfall/volumes`. */
    directory: string;
    /** Whether all nodes share the directory, so that pods on many nodes can write to its volumes. */
    shared: boolean;
}

/**
 * Creates the StorageClasses for the directories that the capabilities name: one shared by all nodes, one on each node's own
 * disk. `pathPattern`, `setup` and `teardown` name, create and delete a volume's directory.
 */
export function createDirectoryClasses(capabilities: Capabilities, options: pulumi.CustomResourceOptions): pulumi.Resource[] {
    const classes = directoryClasses(capabilities);
    if (classes.length === 0) return [];
    // The provisioner's short-lived helper pods mount a directory of the node, which only this level admits.
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
            "helperPod.yaml": JSON.stringify(helperPod(classes.map(({ directory }) => directory))),
        },
    }, options).metadata.name;
}

/** Where the helper sees the directories of all namespaces. The provisioner mounts the volume's one, and a mount point can't be removed. */
const helperRoot = "/node";

/** Until the provisioner has read this configuration, the helper may be an earlier version's, without these directories. */
const seeNode = `root=${helperRoot}
if [ ! -d "$root\${VOL_DIR%/*/*}" ]; then root=; fi`;

/** Runs as root to remove files of any user, but without root's other capabilities. */
const helperPod = (directories: string[]): object => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "helper-pod" },
    spec: {
        automountServiceAccountToken: false,
        priorityClassName: "system-node-critical",
        volumes: directories.map((path, index) => ({ name: `directory-${index}`, hostPath: { path } })),
        containers: [{
            name: "helper-pod",
            image: images.busybox,
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
            volumeMounts: directories.map((path, index) => ({ name: `directory-${index}`, mountPath: `${helperRoot}${path}` })),
        }],
    },
});

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

/**
 * A volume's directory: `<namespace>/<claim>_<stack>_<group>_<volume>`. It is unique to the volume, so deleting an old
 * volume can't delete the data of a recreated claim. Kubernetes names never contain `_`. The group comes from a label: an
 * annotation may contain slashes, and so lead to any other directory. A StorageClass can't be changed, so the pattern is the
 * same for every cluster of the stack. The file `.cluster_<directory>` next to a directory names the cluster that created it.
 */
function pathPattern(): string {
    const stack = createHash("sha256").update(`${pulumi.getProject()}/${pulumi.getStack()}`).digest("hex").slice(0, 8);
    return `{{ .PVC.Namespace }}/{{ .PVC.Name }}_${stack}_{{ index .PVC.Labels "${groupLabel}" }}_{{ .PVName }}`;
}

/**
 * Creates VOL_DIR. A claim finds the data that a claim of its name had in an earlier cluster of this stack. Landfall's first
 * versions named directories `<namespace>/<claim>`. Only root and the pods' group have access. Some shares, such as NFS with
 * root_squash, don't allow changing a directory's group: there, the namespace's directory keeps others out.
 * @param incarnation distinguishes this cluster from earlier ones
 */
const setup = (incarnation = "none"): string => `#!/bin/sh
set -eu
cluster=${incarnation}
${seeNode}
mkdir -p "$root\${VOL_DIR%/*}"
cd "$root\${VOL_DIR%/*}"
volume=\${VOL_DIR##*/}
rest=\${volume%_*}
group=\${rest##*_}
owner=\${rest%_*}
claim=\${owner%_*}
if [ ! -e "$volume" ]; then
    printf '%s' "$cluster" >".cluster_$volume"
    for left in $(ls -dt "$claim" "$owner"_* 2>/dev/null); do
        if [ "$(cat ".cluster_$left" 2>/dev/null)" = "$cluster" ]; then continue; fi
        mv "$left" "$volume"
        rm -f ".cluster_$left"
        break
    done
fi
mkdir -p "$volume"
if [ -n "$group" ] && chgrp "$group" "$volume"; then chmod 0770 "$volume"; else chmod 0777 "$volume"; fi
chmod 0700 . || true
`;

/**
 * Deletes VOL_DIR, and the namespace's directory if that was its last volume. Renames VOL_DIR first, so that no claim takes over
 * a half-deleted directory.
 */
const teardown = `#!/bin/sh
set -eu
${seeNode}
namespace="$root\${VOL_DIR%/*}"
directory=\${VOL_DIR##*/}
gone="$namespace/.deleted_$directory"
if [ -e "$namespace/$directory" ]; then mv "$namespace/$directory" "$gone"; fi
rm -rf "$gone" "$namespace/.cluster_$directory"
rmdir "$namespace" 2>/dev/null || true
`;
