import { type Difference } from "./types";
import { asObject, asString, equal, unwrap, type Value, type Values } from "./values";

/** Inputs whose change makes another object, as pulumi-kubernetes has them; by kind, in the groups of Kubernetes. */
const forceNew: Record<string, string[]> = {
    "apps/v1/DaemonSet": ["spec.selector"],
    "apps/v1/Deployment": ["spec.selector"],
    "apps/v1/StatefulSet": [
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ],
    "batch/v1/Job": ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding": ["roleRef"],
    "rbac.authorization.k8s.io/v1/RoleBinding": ["roleRef"],
    "storage.k8s.io/v1/StorageClass": ["parameters", "provisioner"],
    "v1/PersistentVolume": ["csi", "hostPath", "local", "nfs"].map(source => `spec.${source}`),
    "v1/PersistentVolumeClaim": ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
    "v1/Pod": ["spec"],
    "v1/ResourceQuota": ["spec.scopes"],
    "v1/Secret": ["type"],
    "v1/Service": ["spec.clusterIP"],
};

/** How an object changes. What keeps its name has to go before the new one can come. */
export function kubernetesDifference(old: Values, inputs: Values, provider: Values): Difference {
    if (equal(old, inputs)) return { change: "none" };
    const paths = ["metadata.name", "metadata.namespace", ...forceNewPaths(inputs, provider)];
    if (paths.every(path => equal(at(old, path), at(inputs, path)))) return { change: "update" };
    const sameName = ["metadata.name", "metadata.namespace"].every(path => equal(at(old, path), at(inputs, path)));
    return { change: "replace", deleteFirst: sameName && !isAutonamed(inputs) };
}

/** Whether the engine gave the object its name. */
export function isAutonamed(inputs: Values): boolean {
    return asObject(asObject(inputs.metadata).annotations)["pulumi.com/autonamed"] === "true";
}

function forceNewPaths(inputs: Values, provider: Values): string[] {
    const kind = `${asString(inputs.apiVersion)}/${asString(inputs.kind)}`;
    const own = forceNew[kind] ?? [];
    const immutable = unwrap(inputs.immutable ?? false) === true;
    if (kind === "v1/Secret" && (immutable || !isTrue(provider.enableSecretMutable))) {
        return [...own, "stringData", "data"];
    }
    if (kind === "v1/ConfigMap" && (immutable || !isTrue(provider.enableConfigMapMutable))) {
        return [...own, "binaryData", "data"];
    }
    return own;
}

/** A provider's inputs come as JSON. */
function isTrue(value: Value | undefined): boolean {
    return String(unwrap(value ?? false)) === "true";
}

function at(values: Values, path: string): Value | undefined {
    return path.split(".").reduce<Value | undefined>((value, key) => asObject(value)[key], values);
}
