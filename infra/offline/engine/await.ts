import { waitForConditions } from "./await-conditions";
import type { KubernetesClient } from "./kubernetes-client";
import { asObject, asString, equal, items, type Values } from "./values";

/** Whether an object is ready, and what it waits for if not. */
export interface Readiness {
    ready: boolean;
    reason?: string;
}

type Check = (object: Values, client: KubernetesClient) => Readiness | Promise<Readiness>;

/** What each kind waits for, as in pulumi-kubernetes; definitions and namespaces too. Any other is ready at once. */
const checks: Record<string, Check> = {
    "apiextensions.k8s.io/v1/CustomResourceDefinition": object =>
        ready(hasCondition(object, "Established"), "not established"),
    "apps/v1/DaemonSet": daemonSet,
    "apps/v1/Deployment": deployment,
    "apps/v1/StatefulSet": statefulSet,
    "batch/v1/Job": job,
    "v1/Namespace": object => phase(object, ["Active"]),
    "v1/PersistentVolume": object => phase(object, ["Available", "Bound"]),
    "v1/PersistentVolumeClaim": persistentVolumeClaim,
    "v1/Pod": object => ready(hasCondition(object, "Ready") || status(object).phase === "Succeeded", "not ready"),
    "v1/ResourceQuota": ({ spec, ...object }) => ready(equal(asObject(spec).hard, status(object).hard), "not in force"),
    "v1/Service": service,
};

/** Whether the object is ready, by its annotation `pulumi.com/waitFor` if it has one. */
export async function isReady(client: KubernetesClient, object: Values): Promise<Readiness> {
    const waitFor = asString(asObject(asObject(object.metadata).annotations)["pulumi.com/waitFor"]);
    if (waitFor) return waitForConditions(object, waitFor);
    const check = checks[`${asString(object.apiVersion)}/${asString(object.kind)}`];
    return check ? check(object, client) : { ready: true };
}

async function deployment(object: Values, client: KubernetesClient): Promise<Readiness> {
    if (!isObserved(object)) return waiting("the change is not observed yet");
    const progressing = condition(object, "Progressing");
    if (progressing.status === "False") throw new Error(`the rollout failed: ${String(progressing.message)}`);
    const complete = progressing.reason === "NewReplicaSetAvailable" || asObject(object.spec).paused === true;
    if (complete && hasCondition(object, "Available")) return { ready: true };
    const { updatedReplicas = 0, availableReplicas = 0 } = status(object);
    const counts = `${String(updatedReplicas)} updated and ${String(availableReplicas)} available`;
    return waiting(`${counts} of ${replicas(object)} pods${await podTrouble(object, client)}`);
}

async function statefulSet(object: Values, client: KubernetesClient): Promise<Readiness> {
    if (!isObserved(object)) return waiting("the change is not observed yet");
    const { readyReplicas = 0, updatedReplicas = 0, currentRevision, updateRevision } = status(object);
    const wanted = replicas(object);
    const onDelete = asObject(asObject(object.spec).updateStrategy).type === "OnDelete";
    const rolledOut = onDelete || (updatedReplicas === wanted && currentRevision === updateRevision);
    if (readyReplicas === wanted && (rolledOut || wanted === 0)) return { ready: true };
    const counts = `${String(updatedReplicas)} updated and ${String(readyReplicas)} ready`;
    return waiting(`${counts} of ${wanted} pods${await podTrouble(object, client)}`);
}

async function daemonSet(object: Values, client: KubernetesClient): Promise<Readiness> {
    if (!isObserved(object)) return waiting("the change is not observed yet");
    const { desiredNumberScheduled: wanted = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = status(object);
    const onDelete = asObject(asObject(object.spec).updateStrategy).type === "OnDelete";
    if (numberAvailable === wanted && (onDelete || updatedNumberScheduled === wanted)) return { ready: true };
    return waiting(`${String(numberAvailable)} of ${String(wanted)} pods${await podTrouble(object, client)}`);
}

async function job(object: Values, client: KubernetesClient): Promise<Readiness> {
    if (hasCondition(object, "Complete")) return { ready: true };
    const failed = condition(object, "Failed");
    const trouble = await podTrouble(object, client);
    if (failed.status === "True") throw new Error(`the job failed: ${String(failed.message)}${trouble}`);
    return waiting(`the job is not complete${trouble}`);
}

/** A claim of a class that waits for the first pod stays pending until then. */
async function persistentVolumeClaim(object: Values, client: KubernetesClient): Promise<Readiness> {
    const bound = phase(object, ["Bound"]);
    const name = asString(asObject(object.spec).storageClassName);
    if (bound.ready || !name) return bound;
    const kind = { apiVersion: "storage.k8s.io/v1", kind: "StorageClass" };
    const storageClass = await client.read({ ...kind, metadata: { name } });
    if (!storageClass) return waiting(`there is no storage class "${name}"`);
    if (storageClass.volumeBindingMode === "WaitForFirstConsumer") return { ready: true };
    return waiting(`${bound.reason}${await lastEvent(object, client)}`);
}

/** A service is ready with its address, and when none of the pods it selects is still on its way. */
async function service(object: Values, client: KubernetesClient): Promise<Readiness> {
    const spec = asObject(object.spec);
    const hasAddress = Array.isArray(asObject(status(object).loadBalancer).ingress);
    if (spec.type === "LoadBalancer" && !hasAddress) return waiting("the load balancer has no address");
    const selectsPods = Object.keys(asObject(spec.selector)).length > 0;
    if (spec.type === "ExternalName" || spec.clusterIP === "None" || !selectsPods) return { ready: true };
    const labels = { "kubernetes.io/service-name": asObject(object.metadata).name ?? null };
    const slices = await client.list("discovery.k8s.io/v1", "EndpointSlice", object, labels);
    const endpoints = slices.flatMap(slice => items(slice.endpoints));
    const pending = endpoints.filter(endpoint => asObject(endpoint.conditions).ready === false).length;
    return ready(pending === 0, `${pending} of ${endpoints.length} endpoints are not ready`);
}

function phase(object: Values, wanted: string[]): Readiness {
    const current = String(status(object).phase ?? "Pending");
    return ready(wanted.includes(current), `its phase is ${current}`);
}

/** What keeps the pods of a workload from running, such as an image that can't be pulled. */
async function podTrouble(object: Values, client: KubernetesClient): Promise<string> {
    const labels = asObject(asObject(asObject(object.spec).selector).matchLabels);
    const pods = await client.list("v1", "Pod", object, labels);
    const troubles = pods.flatMap(pod => {
        const { containerStatuses, initContainerStatuses, conditions } = status(pod);
        const containers = [...items(initContainerStatuses), ...items(containerStatuses)];
        const states = containers.map(container => asObject(asObject(container.state).waiting));
        return [...states, ...items(conditions).filter(entry => entry.reason === "Unschedulable")];
    });
    const usual = ["ContainerCreating", "PodInitializing"];
    const texts = troubles.filter(({ reason }) => typeof reason === "string" && !usual.includes(reason));
    const unique = new Set(texts.map(({ reason, message }) => [reason, message].filter(Boolean).join(": ")));
    return unique.size > 0 ? ` (${[...unique].join("; ")})` : "";
}

/** What the cluster said last about the object. */
async function lastEvent(object: Values, client: KubernetesClient): Promise<string> {
    const { uid } = asObject(object.metadata);
    const events = await client.list("v1", "Event", object, {});
    const own = events.filter(event => asObject(event.involvedObject).uid === uid);
    const last = own.map(event => [String(event.lastTimestamp), String(event.message)]).sort().at(-1);
    return last ? ` (${last[1]})` : "";
}

function isObserved(object: Values): boolean {
    return Number(status(object).observedGeneration ?? 0) >= Number(asObject(object.metadata).generation ?? 0);
}

function replicas(object: Values): number {
    return Number(asObject(object.spec).replicas ?? 1);
}

function hasCondition(object: Values, type: string): boolean {
    return condition(object, type).status === "True";
}

function condition(object: Values, type: string): Values {
    return items(status(object).conditions).find(entry => entry.type === type) ?? {};
}

function status(object: Values): Values {
    return asObject(object.status);
}

function ready(is: boolean, reason: string): Readiness {
    return is ? { ready: true } : waiting(reason);
}

function waiting(reason: string): Readiness {
    return { ready: false, reason };
}
