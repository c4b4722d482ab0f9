import { beforeAll, describe, expect, it } from "vitest";
import { images } from "../../../../../components/versions";
import { Registered } from "../../../../../infra/cli/capture";
import { Manifest, object, objects, pods, runStack } from "../../../support/program";

const namespace = "landfall-certificates";
const host = "www.example.com";

let own: Registered[];
let acme: Registered[];
beforeAll(async () => {
    own = await runStack("dev");
    acme = await runStack("dev", {
        environment: { name: "development", host, tls: { issuer: "acme", email: "ops@example.com", server: "https://acme.corp.internal/directory" } },
    });
});

describe("the gateway", () => {
    interface Listener {
        name: string;
        protocol: string;
        port: number;
        tls?: { mode: string; certificateRefs: { kind: string; name: string; namespace: string }[] };
    }
    const listeners = (): Listener[] => object(own, "Gateway", "gateway").spec.listeners as Listener[];

    it("listens for HTTP and HTTPS", () => {
        expect(listeners().map(({ name, protocol, port }) => [name, protocol, port])).toEqual(
            [["https", "HTTPS", 443], ["http", "HTTP", 80]]);
    });

    it("has the certificate's Secret, which it alone is allowed to use", () => {
        const { tls } = listeners().find(({ name }) => name === "https") as Listener;
        const { metadata, spec } = object(own, "Certificate", "gateway-wordpress.localhost");
        expect(tls).toEqual({
            mode: "Terminate",
            certificateRefs: [{ kind: "Secret", name: spec.secretName, namespace: metadata.namespace }],
        });
        const grants = objects(own, "ReferenceGrant");
        expect(grants.map(grant => [grant.metadata.namespace, grant.spec])).toEqual([[namespace, {
            from: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "landfall-gateway" }],
            to: [{ group: "", kind: "Secret", name: spec.secretName }],
        }]]);
    });

    it("speaks no TLS older than 1.2", () => {
        const { data } = object<{ data: Record<string, string> }>(own, "ConfigMap", "contour-2");
        expect(JSON.parse(data["contour.yaml"])).toMatchObject({ tls: { "minimum-protocol-version": "1.2" } });
    });
});

describe("the routes", () => {
    type Filter = { type: string; requestRedirect?: object; responseHeaderModifier?: { set: { name: string; value: string }[] } };
    const rule = (resources: Registered[], name: string) => {
        const { spec } = object(resources, "HTTPRoute", name);
        const [found] = spec.rules as { filters: Filter[]; matches?: object[] }[];
        return { ...found, port: (spec.parentRefs as { port: number }[])[0].port };
    };

    it("have browsers keep to HTTPS for at least half a year, and bind no name but the host", () => {
        const [header] = rule(own, "web-https-wordpress.localhost").filters.flatMap(({ responseHeaderModifier }) => responseHeaderModifier?.set ?? []);
        expect(header.name).toBe("Strict-Transport-Security");
        expect(Number(/^max-age=(\d+)$/.exec(header.value)?.[1])).toBeGreaterThanOrEqual(182 * 86_400);
    });

    it("send HTTP to where HTTPS is published, on a laptop and behind a load balancer", async () => {
        const { port, filters } = rule(own, "web-http-wordpress.localhost");
        expect(port).toBe(80);
        const redirect = (port?: number) => ({ scheme: "https", statusCode: 301, ...(port && { port }) });
        expect(filters).toEqual([{ type: "RequestRedirect", requestRedirect: redirect(8443) }]);
        expect(rule(await runStack("prod"), "web-http-www.example.com").filters[0].requestRedirect).toEqual(redirect());
    });

    it("leave an ACME server's challenge its way: the redirect is less specific than any path, on the same listener", () => {
        expect(rule(acme, `web-http-${host}`).matches).toBeUndefined();
        const [{ http01 }] = acmeOf(acme).solvers;
        expect(http01.gatewayHTTPRoute.parentRefs).toEqual(
            [{ name: "gateway", namespace: "landfall-gateway", port: 80 }]);
        // Where the challenge's route is made may attach to that listener.
        const labels = object(acme, "Namespace", namespace).metadata.labels;
        expect(labels).toHaveProperty(["landfall.dev/gateway-access"]);
        expect(object(own, "Namespace", namespace).metadata.labels).not.toHaveProperty(["landfall.dev/gateway-access"]);
    });
});

describe("the certificate", () => {
    it("is for the host, with a new key each time, and only for a server", () => {
        expect(object(acme, "Certificate", `gateway-${host}`).spec).toMatchObject({
            dnsNames: [host],
            privateKey: { algorithm: "ECDSA", rotationPolicy: "Always" },
            usages: ["digital signature", "server auth"],
            issuerRef: { kind: "Issuer", name: "acme" },
        });
        expect(object(own, "Certificate", "gateway-wordpress.localhost").spec).toMatchObject({
            dnsNames: ["wordpress.localhost"], issuerRef: { kind: "Issuer", name: "ca" },
        });
    });

    it("is waited for where the cluster signs it, and not where the host's name must lead there first", () => {
        const waitFor = (resources: Registered[]) =>
            objects(resources, "Certificate").find(({ metadata }) => metadata.name.startsWith("gateway-"))?.metadata.annotations?.["pulumi.com/waitFor"];
        expect([waitFor(own), waitFor(acme)]).toEqual(["condition=Ready", undefined]);
    });
});

describe("the stack's own authority", () => {
    it("vouches for the host and nothing else, for ten years with one key", () => {
        expect(object(own, "Certificate", "ca").spec).toMatchObject({
            isCA: true, duration: "87600h", privateKey: { rotationPolicy: "Never" },
            nameConstraints: { critical: true, permitted: { dnsDomains: ["wordpress.localhost"] } },
        });
        expect(objects(own, "Issuer").map(({ metadata }) => metadata.name).sort()).toEqual(["ca", "selfsigned"]);
    });

    it("isn't there where an ACME server signs", () => {
        expect(objects(acme, "Issuer").map(({ metadata }) => metadata.name)).toEqual(["acme"]);
        expect(objects(acme, "Certificate").map(({ metadata }) => metadata.name)).toEqual([`gateway-${host}`]);
    });
});

describe("the ACME issuer", () => {
    it("asks the configured server, under the configured address", () => {
        expect(acmeOf(acme)).toMatchObject({
            server: "https://acme.corp.internal/directory", email: "ops@example.com",
        });
    });

    it("answers challenges by pods that a restricted namespace admits, and that policies can name", () => {
        const { podTemplate, serviceType } = acmeOf(acme).solvers[0].http01.gatewayHTTPRoute;
        expect(serviceType).toBe("ClusterIP");
        expect(podTemplate.metadata.labels["app.kubernetes.io/name"]).toBe("acme-solver");
        // cert-manager takes this in place of its own, so all of it must be here.
        expect(podTemplate.spec.securityContext).toMatchObject({
            runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" },
        });
        expect(configurationOf(acme, "cert-manager")).toMatchObject({
            gatewayAPI: { enabled: true }, acmeHTTP01Config: { solverImage: images.certManagerSolver },
        });
    });
});

describe("cert-manager", () => {
    interface Rule { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }
    const rules = (resources: Registered[], kind: "Role" | "ClusterRole", name: string): Rule[] =>
        object<{ rules: Rule[] }>(resources, kind, name).rules;
    const parts = ["cert-manager", "cert-manager-webhook", "cert-manager-cainjector"];

    it("has rights on Secrets in its own namespace only", () => {
        for (const resources of [own, acme]) {
            for (const name of parts) {
                const wide = rules(resources, "ClusterRole", `landfall:${name}`);
                expect(wide.flatMap(rule => rule.resources), name).not.toContain("secrets");
            }
            const roles = objects(resources, "Role").filter(({ metadata }) => parts.includes(metadata.name));
            expect(roles.map(({ metadata }) => metadata.namespace)).toEqual(parts.map(() => namespace));
        }
        expect(configurationOf(own, "cert-manager")).toMatchObject({ namespace });
        expect(configurationOf(own, "cert-manager-cainjector")).toMatchObject({ namespace });
    });

    it("may do in the whole cluster what can't be less, and changes no one else's objects there", () => {
        const wide = parts.flatMap(name => rules(own, "ClusterRole", `landfall:${name}`));
        const changing = wide.filter(({ verbs }) => verbs.some(verb => ["update", "patch", "approve"].includes(verb)));
        expect(changing.map(({ resourceNames }) => resourceNames)).toEqual([
            ["issuers.cert-manager.io/*"], // it sees requests in its own namespace only
            ["cert-manager-webhook"],
        ]);
        expect(JSON.stringify([wide, ...parts.map(name => rules(own, "Role", name))])).not.toContain('"*"');
    });

    it("gets the rights of an ACME order only where there is one", () => {
        const resources = (from: Registered[]) => rules(from, "Role", "cert-manager").flatMap(rule => rule.resources);
        const more = resources(acme).filter(resource => !resources(own).includes(resource));
        expect(more.sort()).toEqual([
            "challenges", "challenges/finalizers", "challenges/status", "httproutes", "ingresses", "orders",
            "orders/finalizers", "orders/status", "pods", "services",
        ]);
    });

    it("runs the CA's part for environments that have one, and the ACME server's only where there is one", () => {
        const controllers = (resources: Registered[]) =>
            (configurationOf(resources, "cert-manager") as { controllers: string[] }).controllers;
        expect(controllers(own)).toEqual(expect.arrayContaining(["certificaterequests-issuer-ca", "certificaterequests-issuer-selfsigned"]));
        expect(controllers(own).filter(name => !controllers(acme).includes(name))).toEqual([]);
        expect(controllers(acme).filter(name => !controllers(own).includes(name)).sort()).toEqual(
            ["certificaterequests-issuer-acme", "challenges", "orders"]);
    });

    it("survives the loss of a node: two replicas of what requests or renewals wait for", () => {
        const replicas = parts.map(name => object(own, "Deployment", name).spec.replicas);
        expect(replicas).toEqual([2, 2, 1]);
    });

    it("rolls its pods when their configuration changes", () => {
        const configMap = (resources: Registered[]) => pods(resources)
            .find(({ owner }) => owner === "Deployment/cert-manager")?.spec.volumes as { configMap?: { name: string } }[];
        expect(configMap(own)[0].configMap?.name).not.toBe(configMap(acme)[0].configMap?.name);
    });

    it("and its webhook are there before its objects, and go after them", () => {
        const urns = (type: string, ...names: string[]) => own.filter(resource =>
            resource.type.endsWith(type) && names.includes(resource.name)).map(({ urn }) => urn);
        const before = [
            ...urns(":Deployment", "cert-manager"), ...urns("WebhookConfiguration", "cert-manager-webhook"),
        ];
        expect(before).toHaveLength(3);
        const made = own.filter(({ inputs }) => ["Issuer", "Certificate"].includes(String(inputs.kind)));
        expect(made).toHaveLength(4);
        for (const { dependsOn, name } of made) expect(dependsOn, name).toEqual(expect.arrayContaining(before));
        const registered = own.filter(({ type }) => type.endsWith("WebhookConfiguration"));
        const running = urns(":Deployment", "cert-manager-webhook", "cert-manager-cainjector");
        expect([registered.length, running.length]).toEqual([2, 2]);
        for (const { dependsOn, inputs } of registered) {
            expect(dependsOn).toEqual(expect.arrayContaining(running));
            expect((inputs as unknown as Manifest).metadata.annotations?.["pulumi.com/waitFor"]).toContain("caBundle");
        }
        // A webhook that is registered and has no Service keeps its objects from being deleted.
        const [webhook] = own.filter(({ urn }) => urns(":Deployment", "cert-manager-webhook").includes(urn));
        expect(webhook.dependsOn).toEqual(expect.arrayContaining(urns(":Service", "cert-manager-webhook")));
        const definitions = own.filter(({ name }) => name.endsWith("cert-manager.io")).map(({ urn }) => urn);
        expect(definitions).toHaveLength(6);
        const [controller] = own.filter(({ type, name }) => type.endsWith(":Deployment") && name === "cert-manager");
        expect(controller.dependsOn).toEqual(expect.arrayContaining(definitions));
    });
});

interface Acme {
    server: string;
    email?: string;
    solvers: { http01: { gatewayHTTPRoute: {
        serviceType: string;
        parentRefs: object[];
        podTemplate: { metadata: { labels: Record<string, string> }; spec: { securityContext: object } };
    } } }[];
}

function acmeOf(resources: Registered[]): Acme {
    return object(resources, "Issuer", "acme").spec.acme as Acme;
}

/** The configuration of one of cert-manager's programs, which its pods mount. */
function configurationOf(resources: Registered[], name: string): unknown {
    const volumes = pods(resources).find(({ owner }) => owner === `Deployment/${name}`)?.spec.volumes ?? [];
    const [{ configMap }] = volumes as { configMap?: { name: string } }[];
    const { data } = object<{ data: Record<string, string> }>(resources, "ConfigMap", configMap?.name ?? "");
    return JSON.parse(data["config.yaml"]) as unknown;
}
