import { describe, expect, it } from "vitest";

import { isReady } from "../../infra/offline/engine/await";
import type { KubernetesClient } from "../../infra/offline/engine/kubernetes-client";
import type { Values } from "../../infra/offline/engine/values";

/** A cluster that holds just these objects. */
function cluster(...objects: Values[]): KubernetesClient {
    const ofKind = (kind: unknown) => objects.filter(object => object.kind === kind);
    return {
        read: async (object: Values) => ofKind(object.kind)[0],
        list: async (_: string, kind: string) => ofKind(kind),
    } as unknown as KubernetesClient;
}

const is = (type: string, status: string, rest: Values = {}) => ({ type, status, ...rest });
const rolledOut = is("Progressing", "True", { reason: "NewReplicaSetAvailable" });
const available = is("Available", "True");
const endpointSlice = (ready: boolean) => ({ kind: "EndpointSlice", endpoints: [{ conditions: { ready } }] });
const pullFailure = { waiting: { reason: "ImagePullBackOff", message: "no such image" } };
const pod = { kind: "Pod", status: { containerStatuses: [{ state: pullFailure }] } };

/** Kind, what it has beside apiVersion and kind, whether that is ready, and what else there is. */
type Case = [title: string, kind: string, object: Values, ready: boolean, others?: Values[]];

const web = (status: Values) => ({ metadata: { generation: 2 }, spec: { replicas: 2 }, status });
const complete = { observedGeneration: 2, conditions: [rolledOut, available] };
const revisions = { currentRevision: "b", updateRevision: "b" };
const rolling = { observedGeneration: 2, readyReplicas: 2, updatedReplicas: 2, ...revisions };
const scheduled = { desiredNumberScheduled: 2, updatedNumberScheduled: 2 };
const definition = "apiextensions.k8s.io/v1/CustomResourceDefinition";

const cases: Case[] = [
    ["a complete rollout", "apps/v1/Deployment", web(complete), true],
    ["a change not yet observed", "apps/v1/Deployment", web({ ...complete, observedGeneration: 1 }), false],
    ["no status yet", "apps/v1/Deployment", web({}), false],
    ["a rollout under way", "apps/v1/Deployment", web({ observedGeneration: 2, conditions: [available] }), false],
    ["too few pods", "apps/v1/Deployment", web({ observedGeneration: 2, conditions: [rolledOut] }), false],
    ["all pods of the new revision", "apps/v1/StatefulSet", web(rolling), true],
    ["a pod that is not ready", "apps/v1/StatefulSet", web({ ...rolling, readyReplicas: 1 }), false],
    ["an old revision", "apps/v1/StatefulSet", web({ ...rolling, currentRevision: "a" }), false],
    ["pods on all nodes", "apps/v1/DaemonSet", { status: { ...scheduled, numberAvailable: 2 } }, true],
    ["a node without", "apps/v1/DaemonSet", { status: { ...scheduled, numberAvailable: 1 } }, false],
    ["completed", "batch/v1/Job", { status: { conditions: [is("Complete", "True")] } }, true],
    ["running", "batch/v1/Job", { status: { active: 1 } }, false],
    ["bound", "v1/PersistentVolumeClaim", { status: { phase: "Bound" } }, true],
    ["pending", "v1/PersistentVolumeClaim", { status: { phase: "Pending" } }, false],
    [
        "pending until the first pod",
        "v1/PersistentVolumeClaim",
        { spec: { storageClassName: "local" }, status: { phase: "Pending" } },
        true,
        [{ kind: "StorageClass", volumeBindingMode: "WaitForFirstConsumer" }],
    ],
    [
        "pending though the class binds at once",
        "v1/PersistentVolumeClaim",
        { spec: { storageClassName: "local" }, status: { phase: "Pending" } },
        false,
        [{ kind: "StorageClass", volumeBindingMode: "Immediate" }],
    ],
    ["no pod on its way", "v1/Service", { spec: { selector: { app: "web" } } }, true, [endpointSlice(true)]],
    ["a pod on its way", "v1/Service", { spec: { selector: { app: "web" } } }, false, [endpointSlice(false)]],
    ["headless", "v1/Service", { spec: { selector: { app: "web" }, clusterIP: "None" } }, true, [endpointSlice(false)]],
    ["without a selector", "v1/Service", { spec: {} }, true],
    ["a load balancer without an address", "v1/Service", { spec: { type: "LoadBalancer" } }, false],
    [
        "a load balancer with an address",
        "v1/Service",
        { spec: { type: "LoadBalancer" }, status: { loadBalancer: { ingress: [{ ip: "198.18.0.9" }] } } },
        true,
    ],
    ["established", definition, { status: { conditions: [is("Established", "True")] } }, true],
    ["not established", definition, { status: {} }, false],
    ["active", "v1/Namespace", { status: { phase: "Active" } }, true],
    ["terminating", "v1/Namespace", { status: { phase: "Terminating" } }, false],
    ["in force", "v1/ResourceQuota", { spec: { hard: { pods: "5" } }, status: { hard: { pods: "5" } } }, true],
    ["not in force", "v1/ResourceQuota", { spec: { hard: { pods: "5" } }, status: {} }, false],
    ["nothing to wait for", "v1/ConfigMap", {}, true],
    ["nothing to wait for in a custom resource", "example.com/v1/Thing", { status: { ready: false } }, true],
];

describe("readiness", () => {
    it.each(cases)("%s: %s", async (_, kind, object, ready, others = []) => {
        const slash = kind.lastIndexOf("/");
        const full = { apiVersion: kind.slice(0, slash), kind: kind.slice(slash + 1), ...object };
        expect((await isReady(cluster(...others), full)).ready).toBe(ready);
    });

    it("says what keeps pods from running", async () => {
        const object = { apiVersion: "apps/v1", kind: "Deployment", ...web({ observedGeneration: 2 }) };
        const { reason } = await isReady(cluster(pod), object);
        expect(reason).toBe("0 updated and 0 available of 2 pods (ImagePullBackOff: no such image)");
    });

    it("gives up at once on a failed job and a failed rollout", async () => {
        const failed = { status: { conditions: [is("Failed", "True", { message: "backoff limit" })] } };
        const job = { apiVersion: "batch/v1", kind: "Job", ...failed };
        await expect(isReady(cluster(), job)).rejects.toThrow("backoff limit");
        const stuck = web({ observedGeneration: 2, conditions: [is("Progressing", "False", { message: "deadline" })] });
        const deployment = { apiVersion: "apps/v1", kind: "Deployment", ...stuck };
        await expect(isReady(cluster(), deployment)).rejects.toThrow("the rollout failed: deadline");
    });

    const gateway = { apiVersion: "example.com/v1", kind: "Gateway", spec: { listeners: [{ port: 80 }] } };
    const programmed = { ...gateway, status: { address: "", conditions: [is("Programmed", "True")] } };
    it.each<[string, boolean]>([
        ["condition=Programmed", true],
        ["condition=Programmed=True", true],
        ["condition=Programmed=False", false],
        ["condition=Other", false],
        ["jsonpath={.spec.listeners[0].port}", true],
        ["jsonpath={.spec.listeners[0].port}=80", true],
        ["jsonpath={.spec.listeners[0].port}=81", false],
        ["jsonpath={.status.address}", false],
        ['["condition=Programmed", "jsonpath={.status.address}"]', false],
    ])("waits for %s", async (waitFor, ready) => {
        const annotated = { ...programmed, metadata: { annotations: { "pulumi.com/waitFor": waitFor } } };
        expect((await isReady(cluster(), annotated)).ready).toBe(ready);
    });

    it.each<[string, Values, boolean]>([
        ["of this generation", { conditions: [is("Programmed", "True", { observedGeneration: 2 })] }, true],
        ["of an older generation", { conditions: [is("Programmed", "True", { observedGeneration: 1 })] }, false],
        ["with a status of an older generation", { observedGeneration: 1, conditions: [is("Programmed", "True")] }, false],
    ])("waits for a condition %s", async (_, status, ready) => {
        const annotations = { "pulumi.com/waitFor": "condition=Programmed" };
        const object = { ...gateway, metadata: { generation: 2, annotations }, status };
        expect((await isReady(cluster(), object)).ready).toBe(ready);
    });

    it("refuses an expression that it does not know", async () => {
        const waitFor = "jsonpath={.a[?(@.b)]}";
        const annotated = { ...gateway, metadata: { annotations: { "pulumi.com/waitFor": waitFor } } };
        await expect(isReady(cluster(), annotated)).rejects.toThrow(`can't do pulumi.com/waitFor: ${waitFor}`);
    });
});
