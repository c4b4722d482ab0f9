import "tsx/cjs"; // createCluster loads the target by `require`
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createCluster } from "../../../../components/cluster";
import { findPlatform, type FoundPlatform, SharedPlatform, type SharedPlatformArgs, type Traffic } from "../../../../components/platform";
import { gatewayLimits } from "../../../../components/platform/gateway/limits";
import { lowLimits } from "../../../../components/platform/shared";
import { version } from "../../../../components/release";
import { Environment, WebService } from "../../../../components/workload";
import { requestTimes } from "../../../../components/workload/limits";
import { captureProgram, type Registered } from "../../../../infra/cli/capture";
import { KubernetesApi, kubeconfigFor } from "../../fixtures/kubernetes-api";
import { captureStack, type Manifest, object, objects } from "../../support/program";

const times = requestTimes();
const found: FoundPlatform = {
    format: 1, version, stack: "landfall/dev", issuers: ["ca", "acme"], endpoint: "127.0.0.1:8443", gateway: "uid", certificates: "uid",
    limits: gatewayLimits({ times, pods: 13, requests: 1664 }, 5),
    capabilities: {
        sharedStorageClass: "landfall-local", apiServerPorts: [6443], networkPolicy: "enforced",
        loadBalancing: {
            type: "NodePort", http: 30080, https: 30443, host: "127.0.0.1", publishedHttps: 8443, drainSeconds: 5, seesClients: false,
        },
        images: { method: "load", script: "load.ts", environment: { CLUSTER_NAME: "landfall-dev" } },
    },
};

/** What an environment with a web service registers on another stack's platform. */
async function guest(environment: string, args: Partial<SharedPlatformArgs> = {}, known: object = {}): Promise<Registered[]> {
    const hosts = args.hosts ?? [`${environment}.localhost`];
    const { resources } = await captureProgram({
        stack: "uat",
        config: {},
        program: async () => {
            const cluster = createCluster({ target: "existing", stack: "organization/landfall/dev" }, { known: { ...found.capabilities, ...known } });
            const platform = new SharedPlatform("platform", { cluster, found, environment, hosts, ...args });
            const place = new Environment("environment", { cluster, platform, namespace: environment });
            new WebService("web", { environment: place, image: "x:1", port: 8080, exposed: { gateway: platform.gateway, host: hosts[0] } });
            return {};
        },
    });
    return resources;
}

const kubernetes = (resources: Registered[]): Manifest[] => resources.filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ inputs }) => inputs as unknown as Manifest);
const keyOf = ({ kind, metadata: { namespace = "", name } }: Manifest): string => `${kind} ${namespace}/${name}`;

interface Listener {
    name: string;
    hostname: string;
    tls?: { certificateRefs: { name: string; namespace: string }[] };
    allowedRoutes: { namespaces: { selector: { matchExpressions: object[] } } };
}

const namespacesIn = (...values: string[]): object[] => [{ key: "kubernetes.io/metadata.name", operator: "In", values }];

const command = (resources: Registered[]): Record<string, string> =>
    resources.find(({ name }) => name === "platform-listeners")?.inputs.environment as Record<string, string>;
const listeners = (resources: Registered[]): Listener[] => JSON.parse(command(resources).LISTENERS) as Listener[];

describe("an environment on another stack's platform", () => {
    let resources: Registered[];
    beforeAll(async () => {
        resources = await guest("uat");
    });

    it("registers its namespace, what is in it, and what bears its name in the platform's: nothing of the platform", () => {
        const outside = kubernetes(resources).filter(({ metadata }) => metadata.namespace !== "uat").map(keyOf);
        expect(outside.sort()).toEqual([
            "Certificate landfall-certificates/uat.ca", "Certificate landfall-certificates/uat.gateway-uat.localhost",
            "Issuer landfall-certificates/uat.ca", "Issuer landfall-certificates/uat.selfsigned", "Namespace /uat",
            "NetworkPolicy landfall-gateway/uat.envoy-to-web-egress", "ReferenceGrant landfall-certificates/uat.gateway-tls",
        ]);
    });

    it("has no object in common with the platform's own stack, or with any other environment", async () => {
        const owner = new Set(kubernetes((await captureStack("dev")).resources).map(keyOf));
        // The shortest names are the likeliest to be the beginning of another, or a word of the platform's.
        const anyName = fc.oneof(
            fc.constantFrom("ca", "gateway", "cert-manager", "a", "a-b", "envoy"),
            fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/),
        ).filter(name => name !== "development");
        await fc.assert(fc.asyncProperty(fc.uniqueArray(anyName, { minLength: 2, maxLength: 2 }), async names => {
            const [one, other] = await Promise.all([guest(names[0]), guest(names[1])].map(async made => kubernetes(await made).map(keyOf)));
            expect(one.filter(key => other.includes(key) || owner.has(key))).toEqual([]);
        }), { numRuns: 8 });
    }, 60_000);

    it("has a listener for each host with its own certificate, which no other environment's route may use", async () => {
        const two = await guest("uat", { hosts: ["uat.example.com", "www.uat.example.com"] });
        const secrets = ["uat.example.com", "www.uat.example.com"].map(host => {
            const { spec } = object(two, "Certificate", `uat.gateway-${host}`);
            expect(spec).toMatchObject({ dnsNames: [host], issuerRef: { name: "uat.ca" } });
            return spec.secretName as string;
        });
        expect(listeners(two).map(({ name, hostname, tls, allowedRoutes }) => ({
            name, hostname, secret: tls?.certificateRefs, allowed: allowedRoutes.namespaces.selector.matchExpressions,
        }))).toEqual(["uat.example.com", "www.uat.example.com"].flatMap((host, index) => [
            // The answers to an ACME server's challenges are in the certificates' namespace.
            { name: `http.${host}`, hostname: host, secret: undefined, allowed: namespacesIn("uat", "landfall-certificates") },
            {
                name: `https.${host}`, hostname: host,
                secret: [{ kind: "Secret", name: secrets[index], namespace: "landfall-certificates" }], allowed: namespacesIn("uat"),
            },
        ]));
        expect(object(two, "ReferenceGrant", "uat.gateway-tls").spec).toEqual({
            from: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "landfall-gateway" }],
            to: secrets.map(name => ({ group: "", kind: "Secret", name })),
        });
        const parents = objects<Manifest>(two, "HTTPRoute").map(({ spec }) => spec.parentRefs as { port: number }[]);
        expect(parents.map(([{ port }]) => port).sort()).toEqual([443, 80]);
    });

    it("adds its listeners once certificate and permission are there, and routes to them last", () => {
        const urnOf = (name: string): string => resources.find(resource => resource.name === name)?.urn ?? "";
        const added = resources.find(({ name }) => name === "platform-listeners");
        expect(added?.dependsOn).toEqual(expect.arrayContaining([urnOf("gateway-uat.localhost-certificate"), urnOf("platform-grant")]));
        expect(added?.secrets).toEqual(["environment.CLUSTER_KUBECONFIG"]);
        expect(resources.find(({ name }) => name === "web-https-uat.localhost")?.dependsOn).toContain(urnOf("platform-listeners"));
    });

    it("deletes the Secrets that cert-manager leaves once nothing can make them again", () => {
        const cleanup = resources.find(({ name }) => name === "platform-secrets-uat");
        const { CLUSTER_KUBECONFIG: _, ...others } = cleanup?.inputs.environment as Record<string, string>;
        expect(others).toEqual({ PREFIX: "uat." });
        expect(cleanup?.secrets).toEqual(["environment.CLUSTER_KUBECONFIG"]);
        for (const { name, dependsOn } of resources.filter(({ type }) => type.startsWith("kubernetes:cert-manager.io/"))) {
            expect(dependsOn, name).toContain(cleanup?.urn);
        }
    });

    it("adds them again to a new Gateway, also in another cluster, and first removes them from the old one", async () => {
        const triggers = (from: Registered[], name: string) => from.find(resource => resource.name === name)?.inputs.triggers;
        const moved = await guest("uat", { found: { ...found, gateway: "another" } });
        expect(triggers(moved, "platform-listeners")).not.toEqual(triggers(resources, "platform-listeners"));
        // Secrets only go with their namespace: with them, everybody's trust in the CA would.
        expect(triggers(moved, "platform-secrets-uat")).toEqual(triggers(resources, "platform-secrets-uat"));
    });

    it("has its listeners removed under the old name before it adds them under a new one, which couldn't take them over", async () => {
        const triggers = (from: Registered[]) => from.find(({ name }) => name === "platform-listeners")?.inputs.triggers;
        expect(triggers(await guest("test", { hosts: ["uat.localhost"] }))).not.toEqual(triggers(resources));
    });

    it("has a CA of its own that is valid for its hosts only", () => {
        expect(object(resources, "Certificate", "uat.ca").spec).toMatchObject({
            isCA: true, secretName: "uat.ca", issuerRef: { name: "uat.selfsigned" },
            nameConstraints: { critical: true, permitted: { dnsDomains: ["uat.localhost"] } },
        });
        expect(object(resources, "Issuer", "uat.ca").spec).toEqual({ ca: { secretName: "uat.ca" } });
    });

    it("has an ACME account of its own, and reaches a server on an unusual port", async () => {
        const made = await guest("uat", { tls: { issuer: "acme", server: "https://acme.corp.internal:14000/dir" } });
        const { acme } = object(made, "Issuer", "uat.acme").spec as { acme: { server: string; privateKeySecretRef: object } };
        expect(acme).toMatchObject({ server: "https://acme.corp.internal:14000/dir", privateKeySecretRef: { name: "uat.acme-account" } });
        expect(object(made, "NetworkPolicy", "uat.cert-manager-to-acme-server").spec.egress).toEqual([{ ports: [{ port: 14000, protocol: "TCP" }] }]);
        const elsewhere = { present: { certManager: { version: "v1.18.0", id: "x", solverResources: false } } };
        const ofOthers = await guest("uat", { tls: { issuer: "acme", server: "https://acme.corp.internal:14000/dir" } }, elsewhere);
        expect(objects(ofOthers, "NetworkPolicy").map(({ metadata }) => metadata.name)).not.toContain("uat.cert-manager-to-acme-server");
        const usual = await guest("uat", { tls: { issuer: "acme" } });
        expect(objects(usual, "NetworkPolicy").map(({ metadata }) => metadata.name)).not.toContain("uat.cert-manager-to-acme-server");
    });

    it("is warned of a network that lets other environments reach its pods", async () => {
        const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
        await guest("uat");
        expect(warn.mock.calls.map(([message]) => message)).toEqual([]);
        await guest("uat", {}, { networkPolicy: "unenforced" });
        expect(warn.mock.calls.map(([message]) => message)).toEqual([expect.stringMatching(/doesn't enforce network policies/)]);
        warn.mockRestore();
    });

    it("is refused ACME where the platform's own issuer isn't an ACME server", async () => {
        await expect(guest("uat", { found: { ...found, issuers: ["ca"] }, tls: { issuer: "acme" } })).rejects.toThrow(
            /stack landfall\/dev has landfall:environment\.tls\.issuer ca\.\n.*issuer: ca/);
    });

    it("is refused a CA of its own where that would be valid for any host", async () => {
        await expect(guest("uat", { found: { ...found, issuers: ["acme"] } })).rejects.toThrow(/NameConstraints off.*\n.*issuer: acme/);
    });
});

describe("the gateway's limits", () => {
    const anyTraffic: fc.Arbitrary<Traffic> = fc.record({
        times: fc.record({
            requestSeconds: fc.integer({ min: 1, max: 3600 }), largestTransfer: fc.integer({ min: 1, max: 2 ** 32 }),
        }).map(requestTimes),
        pods: fc.integer({ min: 1, max: 1250 }),
        requests: fc.integer({ min: 1, max: 100_000 }),
    });

    it("are low exactly for an environment with more traffic than they are for", () => {
        fc.assert(fc.property(anyTraffic, anyTraffic, fc.integer({ min: 0, max: 300 }), (own, others, drain) => {
            const limits = gatewayLimits(own, drain);
            expect(lowLimits({ limits }, own)).toEqual([]);
            const needed = gatewayLimits(others, drain);
            expect(lowLimits({ limits }, others).some(line => line.startsWith("requests"))).toBe(needed.requests > limits.requests);
            expect(lowLimits({ limits }, others).some(line => line.startsWith("proxies"))).toBe(needed.replicas.max > limits.replicas.max);
        }));
    });
});

describe("a platform that is to be shared", () => {
    const api = new KubernetesApi();
    let kubeconfig: string;
    beforeAll(async () => { kubeconfig = kubeconfigFor(await api.start()); });
    afterAll(() => api.stop());
    beforeEach(() => {
        api.reset();
        api.kinds.set("/apis/gateway.networking.k8s.io/v1", [["gateways", "Gateway", true]]);
    });
    const gateway = () => {
        api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "landfall-certificates" } });
        return api.put({
            apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: { name: "gateway", namespace: "landfall-gateway" },
        });
    };

    /** Puts a stack's description into the cluster, changed. */
    async function describeAs(stack: string, changes: object = {}): Promise<void> {
        const manifest = object<Manifest & { apiVersion: string; data: Record<string, string> }>(
            (await captureStack(stack)).resources, "ConfigMap", "landfall-platform");
        const changed = Object.fromEntries(Object.entries(changes).map(([key, value]) => [key, JSON.stringify(value)]));
        api.put({ ...manifest, data: { ...manifest.data, ...changed } } as unknown as Parameters<typeof api.put>[0]);
    }

    it.each(["dev", "minikube", "server", "prod", "eks", "gke", "aks"])("tells everything of the stack %s, and no secret", async stack => {
        const { resources } = await captureStack(stack);
        expect(resources.find(({ name }) => name === "landfall-platform")?.secrets).toEqual([]);
        gateway();
        await describeAs(stack);
        const { capabilities, issuers, limits, ...others } = await findPlatform(kubeconfig);
        expect(others).toMatchObject({ version, stack: `landfall/${stack}`, gateway: gateway().metadata.uid });
        expect(issuers).toContain("ca");
        expect(limits.requests).toBeGreaterThanOrEqual(1024);
        expect(capabilities.images?.method).toBe(["dev", "minikube", "server"].includes(stack) ? "load" : "push");
        expect(JSON.stringify(capabilities)).not.toMatch(/password|credentials/i);
    });

    it("gives a stack of its cluster the classes, the entrance and the way of its images; what the stack says comes first", async () => {
        gateway();
        await describeAs("dev");
        const { capabilities: known } = await findPlatform(kubeconfig);
        const capabilitiesOf = async (args: object) => {
            let result: typeof known | undefined;
            await captureProgram({
                stack: "uat",
                config: {},
                program: async () => {
                    const cluster = createCluster({ target: "existing", stack: "organization/landfall/dev", ...args }, { known });
                    const { images } = cluster.capabilities;
                    result = { ...cluster.capabilities, images };
                },
            });
            return result;
        };
        expect(await capabilitiesOf({ networkPolicy: "unknown" })).toMatchObject(known);
        expect(await capabilitiesOf({ storageClass: "fast", registry: "ghcr.io/example", networkPolicy: "unenforced" })).toMatchObject({
            storageClass: "fast", sharedStorageClass: "landfall-local", images: { method: "push", registry: "ghcr.io/example" },
            networkPolicy: "unenforced", loadBalancing: { publishedHttps: 8443 },
        });
    });

    it.each<[string, () => unknown, RegExp]>([
        ["isn't there", () => undefined, /no platform.*sharedPlatform[^]*Bring up the stack that makes the platform first[^]*sharedPlatform: false/],
        ["is of a version that didn't describe it", () => gateway(), /made by an older version of Landfall.*\nBring the stack that made it up with Landfall \d/],
        ["is newer", async () => { gateway(); await describeAs("dev", { format: 2, version: "9.9.9" }); }, /Landfall 9\.9\.9 last applied.*\nUse 9\.9\.9 or newer for this stack/],
        ["is older", async () => { gateway(); await describeAs("dev", { format: 0, version: "0.1.0" }); }, /Landfall 0\.1\.0 last applied.*\nFirst bring up the stack landfall\/dev with \d/],
    ])("is refused if it %s, with the way", async (_, prepare, message) => {
        await prepare();
        await expect(findPlatform(kubeconfig)).rejects.toThrow(message);
    });
});

describe("the example Pulumi.uat.yaml", () => {
    it("is one more environment on the cluster of Pulumi.dev.yaml, of which nothing is registered again", async () => {
        const [dev, uat] = [(await captureStack("dev")).resources, (await captureStack("uat")).resources];
        const owned = new Set(kubernetes(dev).map(keyOf));
        expect(kubernetes(uat).map(keyOf).filter(key => owned.has(key))).toEqual([]);
        expect(objects(uat, "Namespace").map(({ metadata }) => metadata.name)).toEqual(["uat"]);
        expect(uat.map(({ type }) => type)).not.toContain("landfall:platform:Platform");
        expect((await captureStack("uat")).outputs).toMatchObject({ address: "https://uat.localhost", namespace: "uat" });
    });
});
