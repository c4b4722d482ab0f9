import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Cluster } from "../../../../../components/cluster";
import { Existing } from "../../../../../components/cluster/existing";
import { inCluster } from "../../../../../components/cluster/options";
import { classify, LiveObject, StackIdentity } from "../../../../../components/cluster/ownership/classify";
import { refusal } from "../../../../../components/cluster/ownership/refusal";
import { Environment } from "../../../../../components/workload";
import type { Values } from "../../../../../infra/values";
import { KubernetesApi, kubeconfigFor, type Manifest } from "../../../fixtures/kubernetes-api";
import { type Provide, Runs } from "../../../support/runs";

const identity: StackIdentity = { stack: "landfall/prod", stackId: "one", ownsCluster: false, known: new Set(["listed"]) };

interface Facts extends Partial<LiveObject["metadata"]> {
    kind?: string;
    manager?: string;
}

function live({ kind = "ClusterRole", manager = "kubectl", ...metadata }: Facts = {}): LiveObject {
    const managedFields = [
        { manager: "kube-controller-manager", subresource: "status", time: "2026-01-01T00:00:00Z" },
        { manager: "late", time: "2026-01-03T00:00:00Z" },
        { manager, time: "2026-01-02T00:00:00Z" },
    ];
    return { apiVersion: "v1", kind, metadata: { name: "some", uid: "uid", managedFields, ...metadata } };
}

const mark = (stack: string, id = "one", keep?: string): Facts => ({
    annotations: {
        "landfall.dev/stack": stack, "landfall.dev/stack-id": id, ...(keep && { "landfall.dev/kept-for": keep }),
    },
});

describe("an object that is there already is", () => {
    const verdict = (facts: Facts, changes: Partial<StackIdentity> = {}): string => {
        const { foreign, forgotten } = classify([live(facts)], { ...identity, ...changes });
        return foreign.length > 0 ? "foreign" : forgotten.length > 0 ? "to be taken up" : "the state's";
    };

    it.each<[string, Facts, Partial<StackIdentity>, string]>([
        ["the state's, as that lists it, with no mark from the version before", { uid: "listed" }, {}, "the state's"],
        ["someone else's without a mark", {}, {}, "foreign"],
        ["someone else's, as it was deleted and made again since", { uid: "later" }, {}, "foreign"],
        ["another stack's", mark("landfall/uat"), {}, "foreign"],
        ["a colleague's, whose stack has the same name", mark("landfall/prod", "two"), {}, "foreign"],
        ["anyone's, as long as this stack has made nothing", mark("landfall/prod"), { stackId: undefined }, "foreign"],
        ["this stack's, from a run that was cut off", mark("landfall/prod"), {}, "to be taken up"],
        ["what an earlier destroy of this stack has kept", mark("landfall/prod", "old", "landfall/prod"), {},
            "to be taken up"],
        ["what another stack's destroy has kept", mark("landfall/uat", "old", "landfall/uat"), {}, "foreign"],
        ["a definition that any stack's destroy has kept",
            { kind: "CustomResourceDefinition", ...mark("landfall/uat", "old", "landfall/uat") }, {}, "to be taken up"],
        ["handed over by hand", { annotations: { "landfall.dev/kept-for": "landfall/prod" } }, {}, "to be taken up"],
        ["this stack's by its name, in a cluster of its own", mark("landfall/prod", ""), { ownsCluster: true },
            "to be taken up"],
        ["another stack's, in a cluster of its own", mark("landfall/uat", ""), { ownsCluster: true }, "foreign"],
        ["of a Landfall that left no mark, in a cluster of its own", { manager: "pulumi-kubernetes-1a2b" },
            { ownsCluster: true }, "to be taken up"],
        ["some Pulumi program's, in a cluster that others use", { manager: "pulumi-kubernetes-1a2b" }, {}, "foreign"],
        ["kubectl's, in a cluster of its own", {}, { ownsCluster: true }, "foreign"],
    ])("%s", (_, facts, changes, expected) => {
        expect(verdict(facts, changes)).toBe(expected);
    });

    it("a definition that is kept, but still in use by the stack that made it", () => {
        const definition = live({ kind: "CustomResourceDefinition", ...mark("landfall/uat", "two", "landfall/uat") });
        const role = live(mark("landfall/uat", "two"));
        expect(classify([definition, role], identity).foreign).toEqual([definition, role]);
    });
});

describe("the refusal", () => {
    const crd = (name: string, facts: Facts): LiveObject => live({ kind: "CustomResourceDefinition", name, ...facts });
    const text = refusal([
        crd("issuers.cert-manager.io", {
            labels: { "app.kubernetes.io/version": "v1.17.2", "app.kubernetes.io/managed-by": "Helm" },
            annotations: { "meta.helm.sh/release-name": "certs", "meta.helm.sh/release-namespace": "ops" },
        }),
        crd("gateways.gateway.networking.k8s.io", {
            annotations: { "gateway.networking.k8s.io/bundle-version": "v1.2.1" }, manager: "kubectl-client-side-apply",
        }),
        live({ kind: "GatewayClass", name: "landfall", manager: "someone" }),
        live({ kind: "RoleBinding", name: "reader", namespace: "kube-system", ...mark("landfall/uat") }),
        live({ kind: "Namespace", name: "landfall-gateway", ...mark("landfall/prod", "two") }),
        live({ kind: "Namespace", name: "landfall-metrics" }),
        live({ kind: "APIService", name: "v1beta1.metrics.k8s.io", labels: { "helm.sh/chart": "metrics-server-3.12.1" } }),
        crd("httpproxies.projectcontour.io", { annotations: { "argocd.argoproj.io/tracking-id": "edge:apps/x" } }),
        crd("orders.acme.cert-manager.io", { labels: { "kustomize.toolkit.fluxcd.io/name": "certs" } }),
        live({ name: "nobody", managedFields: [] }),
    ], "landfall/prod", "https://cluster.example.com");

    it.each([
        "cert-manager v1.17.2, made by the Helm release certs in the namespace ops:\n    CustomResourceDefinition issuers.cert-manager.io",
        "Gateway API v1.2.1, made by kubectl:\n    CustomResourceDefinition gateways.gateway.networking.k8s.io",
        "made by someone:\n    GatewayClass landfall",
        "made by the stack landfall/uat:\n    RoleBinding kube-system/reader",
        "made by another stack named landfall/prod, or this one before its state was lost:",
        "made by a stack of a Landfall version that didn't annotate objects:\n    Namespace landfall-metrics",
        "metrics-server 3.12.1, made by kubectl:\n    APIService v1beta1.metrics.k8s.io",
        "Contour, made by Argo CD's Application edge:",
        "cert-manager, made by Flux's Kustomization certs:",
        "made by someone unknown:\n    ClusterRole nobody",
    ])("names %s", line => {
        expect(text).toContain(`  ${line}`);
    });

    it("says how to share the platform that another stack made, only where one did", () => {
        const refused = (...foreign: LiveObject[]): string => refusal(foreign, "landfall/prod", "https://cluster.example.com");
        const share = /stack landfall\/uat made this cluster's platform\..*sharedPlatform: true/;
        expect(refused(live({ kind: "GatewayClass", name: "landfall", ...mark("landfall/uat") }))).toMatch(share);
        expect(text).not.toMatch(/sharedPlatform/);
        const taken = refused(live({ kind: "Namespace", name: "uat", ...mark("landfall/uat") }));
        expect(taken).toMatch(/namespace uat is taken: choose another landfall:environment\.name/);
        expect(taken).not.toMatch(/sharedPlatform/);
    });

    it("says what to do, and no way to take over everything", () => {
        expect(text).toContain("stack landfall/prod would make");
        expect(text).toContain("Nothing was changed");
        expect(text).toContain("kubectl annotate KIND NAME landfall.dev/kept-for=landfall/prod");
        expect(text).not.toMatch(/upsert/i);
    });
});

describe("a stack on a cluster that others use", () => {
    const api = new KubernetesApi();
    let directory: string;
    let runs: Runs;
    /** What the last run's provider got about objects that exist already. */
    let takesOver: unknown;

    beforeEach(async () => {
        api.reset();
        api.kinds.get("/api/v1")?.push(["limitranges", "LimitRange", true]);
        api.kinds.set("/apis/networking.k8s.io/v1", [["networkpolicies", "NetworkPolicy", true]]);
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-ownership-"));
        fs.writeFileSync(path.join(directory, "kubeconfig"), kubeconfigFor(await api.start()));
        runs = new Runs(provide);
        vi.stubEnv("LANDFALL_RENDER", undefined);
    });
    afterEach(async () => {
        vi.unstubAllEnvs();
        await api.stop();
        fs.rmSync(directory, { recursive: true });
    });

    const provide: Provide = ({ registration: { type }, inputs }, before) => {
        if (type === "pulumi:providers:kubernetes") takesOver = String(inputs.upsertExistingObjects) === "true";
        if (type === "random:index/randomUuid:RandomUuid") return before ? undefined : { outputs: { result: randomUUID() } };
        if (!type.startsWith("kubernetes:") || JSON.stringify(before?.inputs) === JSON.stringify(inputs)) return undefined;
        return { outputs: api.put(inputs as unknown as Manifest) as unknown as Values };
    };

    interface Wanted {
        stack?: string;
        preview?: boolean;
        extra?: (cluster: Cluster, environment: Environment) => void;
    }

    async function run({ stack = "prod", extra, preview }: Wanted = {}, of = runs): Promise<string[]> {
        const program = async () => {
            const cluster = new Existing("cluster", { kubeconfig: path.join(directory, "kubeconfig") });
            const quota = { cpu: "1", memory: "1Gi", storage: "1Gi", pods: 1 };
            const environment = new Environment("environment", { cluster, namespace: "production", volumes: "retain", quota });
            extra?.(cluster, environment);
            return {};
        };
        return (await of.run({ stack, program, preview })).done.filter(name => name !== "cluster-stack-id");
    }

    /** With a ConfigMap in the stack's namespace. */
    const withMap: Wanted = {
        extra: (cluster, environment) => {
            const metadata = { name: "map", namespace: environment.namespace };
            new kubernetes.core.v1.ConfigMap("map", { metadata }, inCluster(cluster, environment));
        },
    };
    const put = (url: string, kind: string, metadata: LiveObject["metadata"]): void => {
        api.objects.set(url, { apiVersion: "v1", kind, metadata: { uid: "theirs", ...metadata } });
    };

    it("passes, marks what it makes, and takes nothing over, the second time neither", async () => {
        expect(await run()).toContain("environment-namespace");
        const [namespace] = api.find("Namespace");
        expect(namespace.metadata.annotations).toMatchObject({
            "landfall.dev/stack": "landfall/prod",
            "landfall.dev/stack-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
            "landfall.dev/kept-for": "landfall/prod",
        });
        const { annotations } = api.find("ResourceQuota")[0].metadata;
        expect(annotations).not.toHaveProperty("landfall.dev/kept-for");
        expect(takesOver).toBe(false);
        expect(await run()).toEqual([]);
        expect(takesOver).toBe(false);
    });

    it.each([["preview", true], ["up", false]])("is refused by %s where its namespace is someone else's", async (_, preview) => {
        put("/api/v1/namespaces/production", "Namespace", { name: "production", managedFields: [{ manager: "kubectl" }] });
        await expect(run({ preview })).rejects.toThrow(/^The cluster http:[^]*made by kubectl:\n {4}Namespace production\n/);
        expect(api.objects.size).toBe(1);
    });

    it("is refused where a second state has a stack of the same name", async () => {
        await run(withMap);
        const before = JSON.stringify([...api.objects]);
        await expect(run({ ...withMap, preview: true }, new Runs(provide)))
            .rejects.toThrow("another stack named landfall/prod, or this one before its state was lost");
        expect(JSON.stringify([...api.objects])).toBe(before);
    });

    it("takes up what its destroy has kept, and nothing that is kept for another", async () => {
        await run();
        for (const [url, { metadata }] of api.objects) {
            if (!("landfall.dev/kept-for" in (metadata.annotations as object))) api.objects.delete(url);
        }
        expect(api.find("Namespace")).toHaveLength(1);
        await expect(run({ stack: "uat", preview: true }, new Runs(provide))).rejects.toThrow("made by the stack landfall/prod:");
        const later = new Runs(provide);
        await run({}, later);
        expect(takesOver).toBe(true);
        await run({}, later);
        expect(takesOver).toBe(false);
    });

    it("takes up what it has made and its state has lost, in its namespace too", async () => {
        await run(withMap);
        for (const [urn, { registration }] of runs.kept) if (registration.name === "map") runs.kept.delete(urn);
        for (const { metadata } of api.find("ConfigMap")) metadata.managedFields = [{ manager: "pulumi-kubernetes" }];
        expect(await run(withMap)).toContain("map");
        expect(takesOver).toBe(true);
    });

    it("is refused where someone else has made an object in its namespace that it is about to make", async () => {
        await run();
        put("/api/v1/namespaces/production/configmaps/map", "ConfigMap", {
            name: "map", namespace: "production", managedFields: [{ manager: "someone" }],
        });
        await expect(run({ ...withMap, preview: true })).rejects.toThrow("made by someone:\n    ConfigMap production/map");
        await expect(run(withMap)).rejects.toThrow("made by someone:");
        expect(api.find("ConfigMap")[0].metadata.uid).toBe("theirs");
    });

    it("goes on with what a version without marks has made, as its state lists that", async () => {
        await run();
        for (const object of api.objects.values()) delete object.metadata.annotations;
        await run();
        expect(takesOver).toBe(false);
    });

    it("is not brought up where the cluster doesn't let it look, and says so in a preview", async () => {
        api.intercept = () => ({ code: 403, message: "namespaces is forbidden" });
        await expect(run()).rejects.toThrow(/could not be checked: namespaces is forbidden\. [^]*Nothing was changed in the cluster/);
        await run({ preview: true });
        expect(takesOver).toBe(false);
    });
});
