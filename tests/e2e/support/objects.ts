import type * as k8s from "@kubernetes/client-node";
import { createHash } from "node:crypto";
import { Cluster, isTask } from "./kubernetes";

/** All kinds of which the program makes objects in namespaces, but pods, which their owners make. */
const kinds: [apiVersion: string, kind: string][] = [
    ...["ConfigMap", "LimitRange", "PersistentVolumeClaim", "ResourceQuota", "Secret", "Service", "ServiceAccount"]
        .map((kind): [string, string] => ["v1", kind]),
    ["apps/v1", "Deployment"],
    ["apps/v1", "StatefulSet"],
    ["batch/v1", "CronJob"],
    ["batch/v1", "Job"],
    ["autoscaling/v2", "HorizontalPodAutoscaler"],
    ["gateway.networking.k8s.io/v1", "Gateway"],
    ["gateway.networking.k8s.io/v1", "HTTPRoute"],
    ["gateway.networking.k8s.io/v1beta1", "ReferenceGrant"],
    ["cert-manager.io/v1", "Certificate"],
    ["cert-manager.io/v1", "Issuer"],
    ["networking.k8s.io/v1", "NetworkPolicy"],
    ["policy/v1", "PodDisruptionBudget"],
    ["rbac.authorization.k8s.io/v1", "Role"],
    ["rbac.authorization.k8s.io/v1", "RoleBinding"],
];

/** Kinds that nobody but the program writes to, so that even their version must stay. */
const onlyOurs = [
    "ConfigMap", "LimitRange", "NetworkPolicy", "Role", "RoleBinding", "Secret", "Service", "ServiceAccount",
];

/** Every object of ours as it is declared, by kind, namespace and name. */
export type Objects = Record<string, string>;

/**
 * Reads every object of our namespaces: what it declares, its identity, and its version where only the program writes
 * it. What the cluster adds as time goes by (status, the number of replicas that the autoscaler chose) is left out.
 */
export async function readObjects(cluster: Cluster): Promise<Objects> {
    const objects: Objects = {};
    for (const namespace of await cluster.namespaces()) {
        for (const [apiVersion, kind] of kinds) {
            const { items } = await cluster.objects.list(apiVersion, kind, namespace);
            // What a CronJob begins comes and goes with the clock.
            const lasting = items.filter(({ metadata }) => !metadata?.ownerReferences?.some(owner => owner.kind === "CronJob"));
            for (const item of lasting) objects[`${kind} ${namespace}/${item.metadata?.name}`] = declared(kind, item);
        }
    }
    return objects;
}

/** uid of each pod of ours but tasks': changes when a pod is replaced. */
export async function readPods(cluster: Cluster): Promise<Record<string, string>> {
    const pods: Record<string, string> = {};
    for (const namespace of await cluster.namespaces()) {
        const { items } = await cluster.core.listNamespacedPod({ namespace });
        for (const { metadata } of items.filter(pod => !isTask(pod))) {
            pods[`${namespace}/${metadata?.name}`] = metadata?.uid ?? "";
        }
    }
    return pods;
}

function declared(kind: string, item: k8s.KubernetesObject): string {
    const { metadata, spec, status: _, ...rest } = item as k8s.KubernetesObject & { spec?: object; status?: unknown };
    const own = {
        uid: metadata?.uid,
        labels: metadata?.labels,
        annotations: metadata?.annotations,
        resourceVersion: onlyOurs.includes(kind) ? metadata?.resourceVersion : undefined,
    };
    const { replicas, ...specified } = (spec ?? {}) as { replicas?: number };
    const content = JSON.stringify({ spec: kind === "Deployment" ? specified : { replicas, ...specified }, rest });
    // A failing test prints what differs, and a secret must not be in a log.
    const shown = kind === "Secret" ? createHash("sha256").update(content).digest("hex") : content;
    return JSON.stringify({ own, shown });
}
