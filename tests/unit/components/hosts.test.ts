import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Capabilities } from "../../../components/cluster";
import { certificateName } from "../../../components/platform/cert-manager/names";
import { Platform } from "../../../components/platform";
import { loadManifestsAtOnce } from "../../../components/platform/manifests";
import { Environment, WebService } from "../../../components/workload";
import { captureProgram, Registered } from "../../../infra/cli/capture";
import { Manifest, object, objects } from "../support/program";

const capabilities: Capabilities = {
    storageClass: "disks", sharedStorageClass: "files", metrics: "builtin", kubeletInsecureTls: false, apiServerPorts: [],
    loadBalancing: { type: "NodePort", drainSeconds: 5, seesClients: true, http: 30080, https: 30443, host: "127.0.0.1", publishedHttps: 8443 },
    dnsAddresses: ["198.18.0.10/32"], networkPolicy: "enforced", images: { method: "push", registry: "registry.invalid" },
} as unknown as Capabilities;

interface Hosts { host: string; aliases: string[]; redirects: string[] }

/** What a program registers whose one service has these hosts. */
async function run(hosts: Hosts, tls: { issuer: "ca" } | { issuer: "acme" } = { issuer: "ca" }): Promise<Registered[]> {
    const { resources } = await captureProgram({
        stack: "test", config: {},
        program: async () => {
            const cluster = { kubeconfig: pulumi.secret("{}"), provider: new kubernetes.Provider("provider", { kubeconfig: "{}" }), capabilities };
            const all = [hosts.host, ...hosts.aliases, ...hosts.redirects];
            const platform = new Platform("platform", { cluster, manifests: loadManifestsAtOnce({ metallb: false }), hosts: all, tls });
            const environment = new Environment("environment", { cluster, platform, namespace: "production", volumes: "delete" });
            new WebService("shop", { environment, image: "example.com/shop:1", port: 8080, exposed: { gateway: platform.gateway, ...hosts } });
            return {};
        },
    });
    return resources;
}

interface Route extends Manifest {
    spec: {
        hostnames: string[];
        parentRefs: { port: number }[];
        rules: { filters: { type: string; requestRedirect?: Record<string, unknown> }[]; backendRefs?: { name: string }[] }[];
    };
}
interface Listener { name: string; hostname?: string; protocol: string; port: number; tls?: { certificateRefs: { name: string }[] } }

const routes = (resources: Registered[], by: "http" | "https", host: string) => objects<Route>(resources, "HTTPRoute")
    .filter(({ spec }) => spec.hostnames.includes(host) && spec.parentRefs[0].port === (by === "https" ? 443 : 80));
const listeners = (resources: Registered[]) => object(resources, "Gateway", "gateway").spec.listeners as Listener[];
const names = (resources: Registered[], kind: string) => objects(resources, kind).map(({ metadata }) => metadata.name).sort();

const some: Hosts = { host: "www.example.com", aliases: ["shop.example.com"], redirects: ["example.com", "old.example.org"] };
const hostnames = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9](\.[a-z]{2,8}){1,3}$/), { minLength: 1, maxLength: 12 });
const anyHosts = fc.tuple(hostnames, fc.nat()).map(([[host, ...more], n]): Hosts => {
    const aliases = more.slice(0, n % (more.length + 1));
    return { host, aliases, redirects: more.slice(aliases.length) };
});

describe("each host", () => {
    it("has one route and one listener each by HTTPS and HTTP, and one certificate, which the gateway may use", async () => {
        await fc.assert(fc.asyncProperty(anyHosts, async hosts => {
            const resources = await run(hosts);
            const all = [hosts.host, ...hosts.aliases, ...hosts.redirects];
            const certificates = objects<Manifest & { spec: { dnsNames: string[]; secretName: string } }>(resources, "Certificate")
                .filter(({ metadata }) => metadata.name !== "ca");
            const [{ to }] = objects(resources, "ReferenceGrant").map(({ spec }) => spec as { to: { name: string }[] });
            for (const host of all) {
                expect([routes(resources, "https", host).length, routes(resources, "http", host).length], host).toEqual([1, 1]);
                const own = certificates.filter(({ spec }) => spec.dnsNames.includes(host));
                expect(own.map(({ spec }) => spec.dnsNames)).toEqual([[host]]);
                const secret = own[0].spec.secretName;
                expect(listeners(resources).filter(({ hostname }) => hostname === host).map(({ protocol, port, tls }) =>
                    [protocol, port, tls?.certificateRefs[0].name])).toEqual([["HTTPS", 443, secret], ["HTTP", 80, undefined]]);
                expect(to.filter(({ name }) => name === secret)).toHaveLength(1);
            }
            expect([certificates.length, to.length]).toEqual([all.length, all.length]);
            // Contour gives one without a host no route whose host another listener names, even on another port.
            expect(listeners(resources).filter(({ hostname }) => hostname === undefined)).toEqual([]);
            const listenerNames = listeners(resources).map(({ name }) => name);
            expect(new Set(listenerNames).size).toBe(2 * all.length);
            // However hosts come and go, those that stay keep their order, and the last is always the same.
            expect(listenerNames).toEqual([...listenerNames].sort().reverse());
            expect(listenerNames.at(-1)).toBe("http");
        }), { numRuns: 5 });
    }, 60_000);

    it("keeps its route, its certificate and its Secret when another becomes the one that people know", async () => {
        const before = await run(some);
        const after = await run({ host: "old.example.org", aliases: ["example.com"], redirects: ["www.example.com", "shop.example.com"] });
        for (const kind of ["HTTPRoute", "Certificate"]) expect(names(after, kind)).toEqual(names(before, kind));
        const secrets = (resources: Registered[]) => Object.fromEntries(
            listeners(resources).flatMap(({ hostname, tls }) => hostname && tls ? [[hostname, tls.certificateRefs[0].name]] : []));
        expect(secrets(after)).toEqual(secrets(before));
    });

    it("may have the longest name there is", async () => {
        const long = `${"a".repeat(59)}.`.repeat(4) + "example";
        const resources = await run({ host: long, aliases: [], redirects: [long.replace("a", "b")] });
        const tooLong = [...names(resources, "HTTPRoute"), ...names(resources, "Certificate"), ...listeners(resources).map(({ name }) => name)]
            .filter(name => name.length > 253 || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name));
        expect(tooLong).toEqual([]);
        expect(certificateName(long)).not.toBe(certificateName(long.replace(/a/g, "b")));
    });
});

describe("a host that redirects", () => {
    it("leads to the address in one step, by HTTP and HTTPS, path and query with it", async () => {
        const resources = await run(some);
        for (const host of some.redirects) {
            for (const by of ["http", "https"] as const) {
                const [{ spec }] = routes(resources, by, host);
                const [{ filters, backendRefs }] = spec.rules;
                expect(filters.find(({ type }) => type === "RequestRedirect")?.requestRedirect)
                    .toEqual({ scheme: "https", hostname: "www.example.com", port: 8443, statusCode: 301 }); // nothing about the path
                expect(backendRefs).toBeUndefined();
            }
        }
        for (const host of [some.host, ...some.aliases]) {
            expect(routes(resources, "https", host)[0].spec.rules[0].backendRefs).toEqual([{ name: "shop", port: 80 }]);
            expect(routes(resources, "http", host)[0].spec.rules[0].filters[0].requestRedirect)
                .toEqual({ scheme: "https", port: 8443, statusCode: 301 });
        }
    });

    it("does so once all pods know the address, which is served before", async () => {
        const resources = await run(some);
        const deployment = resources.find(({ inputs, name }) => inputs.kind === "Deployment" && name === "shop")!;
        const after = (host: string) => resources.filter(({ inputs }) => inputs.kind === "HTTPRoute"
            && (inputs as unknown as Route).spec.hostnames.includes(host)).map(({ dependsOn }) => dependsOn.includes(deployment.urn));
        expect([...some.redirects.map(after), ...[some.host, ...some.aliases].map(after)])
            .toEqual([[true, true], [true, true], [false, false], [false, false]]);
    });
});

describe("the gateway", () => {
    it("gets a listener once its certificate is there", async () => {
        const resources = await run(some);
        const gateway = resources.find(({ inputs }) => inputs.kind === "Gateway")!;
        const certificates = resources.filter(({ inputs, name }) => inputs.kind === "Certificate" && name.startsWith("gateway-"));
        expect(certificates).toHaveLength(4);
        expect(gateway.dependsOn).toEqual(expect.arrayContaining(certificates.map(({ urn }) => urn)));
        const waited = (found: Registered[]) => objects(found, "Certificate").filter(({ metadata }) => metadata.name.startsWith("gateway-"))
            .map(({ metadata }) => metadata.annotations?.["pulumi.com/waitFor"]);
        expect(new Set(waited(resources))).toEqual(new Set(["condition=Ready"]));
        // A name that leads nowhere yet would never answer.
        expect(new Set(waited(await run(some, { issuer: "acme" })))).toEqual(new Set([undefined]));
    });

    it("keeps the names that certificates and routes have, whichever role their host gets", async () => {
        // An older stack's are called differently, and another name would be another object: for a moment there would be none.
        const resources = await run(some);
        const ofHosts = resources.filter(({ inputs, name }) => inputs.kind === "HTTPRoute" || (inputs.kind === "Certificate" && name.startsWith("gateway-")));
        expect(ofHosts).toHaveLength(12);
        expect(ofHosts.filter(({ ignoreChanges }) => !ignoreChanges.includes("metadata.name")).map(({ name }) => name)).toEqual([]);
    });
});

describe("the stack's own authority", () => {
    it("is valid for all hosts, and is issued again when they change", async () => {
        const { nameConstraints, dnsNames } = object(await run(some), "Certificate", "ca").spec as
            { nameConstraints: { permitted: { dnsDomains: string[] } }; dnsNames: string[] };
        expect(nameConstraints.permitted.dnsDomains).toEqual(["example.com", "old.example.org", "shop.example.com", "www.example.com"]);
        // cert-manager compares these with the certificate, and not the constraints.
        expect(dnsNames).toEqual(nameConstraints.permitted.dnsDomains);
    });
});
