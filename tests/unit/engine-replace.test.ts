import { describe, expect, it } from "vitest";

import { kubernetesDifference } from "../../infra/offline/engine/kubernetes-replace";
import { secret, type Values } from "../../infra/offline/engine/values";

const base: Values = {
    metadata: { name: "a", namespace: "n" },
    spec: { replicas: 1, selector: { matchLabels: { app: "a" } }, template: {}, accessModes: ["ReadWriteOnce"] },
    data: { key: "old" },
    type: "Opaque",
    roleRef: { name: "old" },
};

/** Kind, what changes, what follows, and the provider's inputs. */
type Case = [kind: string, change: Values, difference: Expected, provider?: Values];
type Expected = "none" | "update" | "replace" | "replace, old first";

const spec = (change: Values) => ({ spec: { ...(base.spec as Values), ...change } });

const cases: Case[] = [
    ["apps/v1/Deployment", {}, "none"],
    ["apps/v1/Deployment", spec({ replicas: 2 }), "update"],
    ["apps/v1/Deployment", spec({ template: { spec: { hostname: "b" } } }), "update"],
    ["apps/v1/Deployment", spec({ selector: { matchLabels: { app: "b" } } }), "replace, old first"],
    ["apps/v1/Deployment", { metadata: { name: "b", namespace: "n" } }, "replace"],
    ["apps/v1/Deployment", { metadata: { name: "a", namespace: "m" } }, "replace"],
    ["apps/v1/StatefulSet", spec({ serviceName: "b" }), "replace, old first"],
    ["apps/v1/StatefulSet", spec({ volumeClaimTemplates: [] }), "replace, old first"],
    ["batch/v1/Job", spec({ template: { spec: { hostname: "b" } } }), "replace, old first"],
    ["batch/v1/Job", spec({ ttlSecondsAfterFinished: 5 }), "update"],
    ["v1/PersistentVolumeClaim", spec({ accessModes: ["ReadWriteMany"] }), "replace, old first"],
    ["v1/PersistentVolumeClaim", spec({ resources: { requests: { storage: "6Gi" } } }), "update"],
    ["rbac.authorization.k8s.io/v1/RoleBinding", { roleRef: { name: "b" } }, "replace, old first"],
    ["v1/Secret", { data: { key: "new" } }, "replace, old first"],
    ["v1/Secret", { data: { key: "new" } }, "update", { enableSecretMutable: "true" }],
    ["v1/Secret", { data: { key: "new" }, immutable: true }, "replace, old first", { enableSecretMutable: "true" }],
    ["v1/Secret", { type: "kubernetes.io/tls" }, "replace, old first", { enableSecretMutable: "true" }],
    ["v1/Secret", { data: secret({ key: "old" }) }, "none"],
    ["v1/ConfigMap", { data: { key: "new" } }, "replace, old first"],
    ["v1/ConfigMap", { data: { key: "new" } }, "update", { enableConfigMapMutable: "true" }],
    ["v1/ConfigMap", { metadata: { name: "a", namespace: "n", labels: { a: "b" } } }, "update"],
    ["example.com/v1/Thing", spec({ anything: true }), "update"],
];

describe("the difference of two objects is that of pulumi-kubernetes", () => {
    it.each(cases)("%s %j: %s", (kind, change, expected, provider = {}) => {
        const slash = kind.lastIndexOf("/");
        const old = { ...base, apiVersion: kind.slice(0, slash), kind: kind.slice(slash + 1) };
        const difference = kubernetesDifference(old, { ...old, ...change }, provider);
        expect(difference.change + (difference.deleteFirst ? ", old first" : "")).toBe(expected);
    });

    it("lets a generated name make room for the new object beside the old one", () => {
        const annotations = { "pulumi.com/autonamed": "true" };
        const metadata = { name: "a-1234567", annotations };
        const old = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { a: "b" } };
        expect(kubernetesDifference(old, { ...old, data: {} }, {})).toEqual({ change: "replace", deleteFirst: false });
    });
});
