import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import type { Capabilities, Present } from "../../../../components/cluster";
import { inCluster } from "../../../../components/cluster/options";
import { type Issuance, loadManifests, Platform } from "../../../../components/platform";
import { certificateName } from "../../../../components/platform/cert-manager/names";
import { captureProgram, type Registered } from "../../../../infra/cli/capture";
import { runProgram } from "../../../../infra/cli/capture/program";
import type { Manifest } from "../../support/program";

const gatewayApi = { version: "v1.5.1", id: "gateway" };
const certManager = { version: "v1.18.2", id: "certificates", solverResources: false, issuers: ["ca" as const, "acme" as const] };
const all: Present = { gatewayApi, certManager, metrics: { version: "v0.8.0" } };

function capabilities(present: Present | undefined): Capabilities {
    return {
        present, loadBalancing: { type: "LoadBalancer", drainSeconds: 10, seesClients: true }, metrics: present?.metrics ? "builtin" : "install",
        kubeletInsecureTls: false, apiServerPorts: [6443], networkPolicy: "enforced", images: { method: "push", registry: "localhost:5000" },
    };
}

/** A program with a platform, and a route as an environment has one. */
function program(present: Present | undefined, tls: Issuance): () => Promise<object> {
    return async () => {
        const manifests = await loadManifests();
        const provider = new kubernetes.Provider("provider", { kubeconfig: "{}" });
        const cluster = { kubeconfig: pulumi.output(""), provider, capabilities: capabilities(present) };
        const platform = new Platform("platform", { cluster, manifests, hosts: ["www.example.com"], tls });
        new kubernetes.apiextensions.CustomResource("route", {
            apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata: { name: "route", namespace: "shop" }, spec: {},
        }, inCluster(cluster, platform));
        return {};
    };
}

async function run(present: Present | undefined, tls: Issuance = { issuer: "ca" }): Promise<Registered[]> {
    return (await captureProgram({ stack: "test", config: {}, program: program(present, tls) })).resources;
}

const named = (resources: Registered[]): string[] => resources.filter(({ type }) => type.startsWith("kubernetes:")).map(({ inputs }) => {
    const { kind, metadata } = inputs as unknown as Manifest;
    return `${kind} ${metadata?.namespace ? `${metadata.namespace}/` : ""}${metadata?.name}`;
}).sort();

const definitions = (resources: Registered[]): string[] => named(resources).filter(name => name.startsWith("CustomResourceDefinition"));

describe("a platform on a cluster where others installed", () => {
    let own: Registered[];
    let none: Registered[];
    beforeAll(async () => {
        own = await run(undefined);
        none = await run({});
    });

    it("nothing is the same as on a cluster of the stack's own", () => {
        expect(named(none)).toEqual(named(own));
        expect(definitions(none)).toHaveLength(4 + 5 + 6);
    });

    it("keeps its CRDs when it is destroyed, for whoever uses them by then", () => {
        const crds = none.filter(({ type }) => type.endsWith(":CustomResourceDefinition"));
        expect(crds).toHaveLength(15);
        expect(crds.filter(({ retainOnDelete }) => !retainOnDelete)).toEqual([]);
    });

    it("everything registers no object of it, and all that is Landfall's own", async () => {
        const resources = await run(all);
        const names = named(resources);
        expect(definitions(resources).filter(name => !name.endsWith(".projectcontour.io"))).toEqual([]);
        expect(names.filter(name => /cert-manager|cainjector|webhook|metrics/i.test(name))).toEqual([]);
        for (const name of [
            "GatewayClass landfall", "Gateway landfall-gateway/gateway", "Deployment landfall-gateway/contour-2", "Deployment landfall-gateway/envoy",
            "Namespace landfall-certificates", "Issuer landfall-certificates/ca", `Certificate landfall-certificates/${certificateName("www.example.com")}`,
            "ReferenceGrant landfall-certificates/gateway-tls",
        ]) expect(names).toContain(name);
        // Nothing is added either.
        expect(names.filter(name => !named(own).includes(name))).toEqual([]);
    });

    it.each<[string, Present, RegExp]>([
        ["the Gateway API", { gatewayApi }, /^CustomResourceDefinition .*gateway\.networking\.k8s\.io$/],
        ["cert-manager", { certManager },
            /cert-manager|cainjector/],
        ["metrics-server", { metrics: {} }, /metrics/],
    ])("%s lacks that alone", async (_, present, expected) => {
        const names = named(await run(present));
        const lacking = named(own).filter(name => !names.includes(name));
        expect(lacking.length).toBeGreaterThan(3);
        expect(lacking.filter(name => !expected.test(name))).toEqual([]);
        expect(names.filter(name => expected.test(name))).toEqual([]);
    });

    it.each<[string, Issuance["issuer"], Issuance["issuer"][], Issuance["issuer"][]]>([
        ["all, if its own stack uses an ACME server", "acme", ["ca", "acme"], ["ca", "acme"]],
        ["only acme, if no CA can be limited to some hosts", "acme", ["acme"], ["acme"]],
        ["only ca, if its own stack doesn't prepare for ACME servers", "ca", ["ca", "acme"], ["ca"]],
    ])("cert-manager offers other stacks the issuers that it can run: %s", async (_, issuer, issuers, offered) => {
        const description = (await run({ certManager: { ...certManager, issuers } }, { issuer }))
            .find(({ type, name }) => type.endsWith(":ConfigMap") && name === "landfall-platform")!.inputs as { data: Record<string, string> };
        expect(JSON.parse(description.data.issuers)).toEqual(offered);
    });

    it("cert-manager lets the gateway reach the solvers, and leaves the controller's way out to its owner", async () => {
        const tls: Issuance = { issuer: "acme", server: "https://acme.example.com/directory" };
        const [without, old, recent] = await Promise.all([
            run(undefined, tls), run({ certManager }, tls), run({ certManager: { ...certManager, solverResources: true } }, tls),
        ]);
        const policies = (resources: Registered[]) => named(resources).filter(name => name.startsWith("NetworkPolicy landfall-certificates/"));
        expect(policies(without)).toContain("NetworkPolicy landfall-certificates/cert-manager-to-outside");
        expect(policies(old).some(name => name.includes("cert-manager"))).toBe(false);
        expect(policies(old).some(name => name.includes("acme-solver"))).toBe(true);
        const solver = (resources: Registered[]) => {
            const { spec } = resources.find(({ name }) => name === "acme-issuer")!.inputs as { spec: object };
            return JSON.stringify(spec);
        };
        // Versions before 1.19 have no such field.
        expect(solver(old)).not.toContain("resources");
        expect(solver(old)).toContain("securityContext");
        expect(solver(recent)).toBe(solver(without));
    });
});

describe("objects of others' CRDs", () => {
    /** What makes Pulumi create each object again if it changes, by kind. */
    async function triggers(present: Present | undefined): Promise<Record<string, unknown>> {
        const found: Record<string, unknown> = {};
        await runProgram({ stack: "test", config: {}, program: program(present, { issuer: "ca" }) }, {
            register: registration => {
                const { kind } = registration.inputs as { kind?: string };
                if (kind) found[kind] = registration.replacementTrigger;
                return { id: registration.name, outputs: { status: {}, ...registration.inputs } };
            },
            read: id => ({ id, outputs: {} }),
        });
        return found;
    }

    it("are made again once those are deleted, and so with them all objects", async () => {
        expect(await triggers(all)).toMatchObject({
            Gateway: "gateway", GatewayClass: "gateway", ReferenceGrant: "gateway", HTTPRoute: "gateway",
            Issuer: "certificates", Certificate: "certificates", Namespace: undefined, NetworkPolicy: undefined,
        });
        expect(await triggers({ gatewayApi })).toMatchObject({ HTTPRoute: "gateway", Certificate: "own" });
    });

    it("are of no concern to a stack that has its own", async () => {
        expect(await triggers(undefined)).toMatchObject({ HTTPRoute: undefined, Certificate: undefined });
    });
});
