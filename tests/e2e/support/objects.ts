import type * as k8s from "@kubernetes/client-node";
import { createHash } from "node:crypto";
import { expect } from "vitest";
import { Cluster, isTask } from "./kubernetes";
import { until } from "./wait";

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
    const ours = await cluster.namespaces();
    const entries = await Promise.all(kinds.map(async ([apiVersion, kind]) => {
        const { items } = await cluster.objects.list(apiVersion, kind);
        // What a CronJob begins comes and goes with the clock.
        const lasting = items.filter(({ metadata }) => ours.includes(metadata?.namespace ?? "") && !metadata?.ownerReferences?.some(owner => owner.kind === "CronJob"));
        return lasting.map(item => [`${kind} ${item.metadata?.namespace}/${item.metadata?.name}`, declared(kind, item)]);
    }));
    return Object.fromEntries(entries.flat()) as Objects;
}

/** Pods of ours but tasks', by what has made them. */
export type Pods = Record<string, {
    uids: string[];
    /** When an autoscaler last chose how many there are. */
    scaled?: string;
}>;

/** The pods of ours but tasks', as soon as there are as many as the autoscalers want; not those that are about to end. */
export async function readPods(cluster: Cluster): Promise<Pods> {
    const pods: Pods = {};
    for (const namespace of await cluster.namespaces()) {
        Object.assign(pods, await until(`as many pods in ${namespace} as are wanted`, () => podsOf(cluster, namespace)));
    }
    return pods;
}

/** Undefined where an autoscaler is at work. */
async function podsOf(cluster: Cluster, namespace: string): Promise<Pods | undefined> {
    const pods: Pods = {};
    const { items } = await cluster.core.listNamespacedPod({ namespace });
    for (const { metadata } of items.filter(pod => !isTask(pod) && !pod.metadata?.deletionTimestamp)) {
        const { kind, name } = metadata?.ownerReferences?.[0] ?? { kind: "Pod", name: metadata?.name };
        (pods[`${namespace}/${kind} ${name}`] ??= { uids: [] }).uids.push(metadata?.uid ?? "");
    }
    const { items: scalers } = await cluster.autoscaling.listNamespacedHorizontalPodAutoscaler({ namespace });
    for (const { spec, status } of scalers) {
        // The Deployment's ReplicaSets are named after it.
        const target = `${namespace}/ReplicaSet ${spec?.scaleTargetRef.name}`;
        const scaled = Object.entries(pods).filter(([owner]) => owner.replace(/-[^-]+$/, "") === target).map(([, made]) => made);
        if (scaled.flatMap(({ uids }) => uids).length !== status?.desiredReplicas) return undefined;
        for (const made of scaled) made.scaled = new Date(status.lastScaleTime ?? 0).toISOString();
    }
    return pods;
}

/**
 * No pod was replaced since then. Where the autoscaler has chosen another number meanwhile, which it does by the use of CPU,
 * the same ReplicaSet must have made the pods.
 */
export function expectSamePods(now: Pods, before: Pods): void {
    const comparable = (pods: Pods) => Object.fromEntries(Object.entries(pods).map(([owner, { uids }]) =>
        [owner, now[owner]?.scaled === before[owner]?.scaled ? [...uids].sort() : "scaled"]));
    expect(comparable(now)).toEqual(comparable(before));
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
