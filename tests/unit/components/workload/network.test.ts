import { beforeAll, describe, expect, it } from "vitest";
import { Registered } from "../../../../infra/cli/capture";
import { Manifest, objects, runStack } from "../../support/program";

interface Rule {
    from?: Peer[];
    to?: Peer[];
    ports?: { port: number; protocol: string }[];
}
interface Peer {
    namespaceSelector?: { matchLabels: Record<string, string> };
    podSelector?: { matchLabels: Record<string, string> };
}
interface Policy extends Manifest {
    spec: { podSelector: { matchLabels?: Record<string, string> }; policyTypes: string[]; ingress?: Rule[]; egress?: Rule[] };
}

const acme = { issuer: "acme", server: "https://acme.corp.internal/directory" };

let resources: Registered[];
beforeAll(async () => {
    resources = await runStack("dev");
});

const podName = (labels: Record<string, string> | undefined): string => labels?.["app.kubernetes.io/name"] ?? labels?.["k8s-app"] ?? "*";
const peerName = (peer: Peer): string =>
    `${peer.namespaceSelector?.matchLabels["kubernetes.io/metadata.name"] ?? "?"}/${podName(peer.podSelector?.matchLabels)}`;

/** All that is allowed in one direction, as `pod → peer:port`. */
function allowed(direction: "ingress" | "egress", from = resources): string[] {
    return objects<Policy>(from, "NetworkPolicy").flatMap(({ metadata, spec }) => {
        const self = `${metadata.namespace}/${podName(spec.podSelector.matchLabels)}`;
        return (spec[direction] ?? []).flatMap(rule => {
            const peers = rule.from ?? rule.to;
            const names = peers ? peers.map(peerName) : ["anywhere"];
            return names.flatMap(name => (rule.ports ?? [{ port: 0, protocol: "any" }]).map(({ port, protocol }) =>
                direction === "egress" ? `${self} → ${name}:${port}/${protocol}` : `${name} → ${self}:${port}/${protocol}`));
        });
    }).sort();
}

describe("network policies", () => {
    it("let in exactly what was declared", () => {
        expect(allowed("ingress")).toEqual([
            "anywhere → landfall-certificates/cert-manager-webhook:10250/TCP",
            "anywhere → landfall-gateway/envoy:8080/TCP",
            "anywhere → landfall-gateway/envoy:8443/TCP",
            "anywhere → landfall-metrics/metrics-server:10250/TCP",
            "development/scheduled-tasks → development/database:3306/TCP",
            "development/web → development/database:3306/TCP",
            "landfall-gateway/envoy → development/web:8080/TCP",
            "landfall-gateway/envoy → landfall-gateway/contour-2:8001/TCP",
        ]);
    });

    it("let out exactly what was declared, and DNS", () => {
        const namespaces = [
            "development", "landfall-certificates", "landfall-gateway", "landfall-metrics", "landfall-storage",
        ];
        const servers = ["kube-dns", "node-local-dns"];
        const dns = namespaces.flatMap(namespace => servers.flatMap(server => ["TCP", "UDP"].map(protocol =>
            `${namespace}/* → kube-system/${server}:53/${protocol}`)));
        const certManager = ["", "-webhook", "-cainjector"].map(part => `landfall-certificates/cert-manager${part}`);
        const api = [...certManager, "landfall-gateway/contour-2", "landfall-gateway/contour-certgen",
            "landfall-metrics/metrics-server", "landfall-storage/local-path-provisioner"]
            .flatMap(pod => [`${pod} → anywhere:443/TCP`, `${pod} → anywhere:6443/TCP`]);
        expect(allowed("egress")).toEqual([
            ...dns, ...api,
            "development/scheduled-tasks → development/database:3306/TCP",
            "development/web → development/database:3306/TCP",
            "landfall-gateway/envoy → development/web:8080/TCP",
            "landfall-gateway/envoy → landfall-gateway/contour-2:8001/TCP",
            "landfall-metrics/metrics-server → anywhere:10250/TCP",
        ].sort());
    });

    it("open the way of an ACME server's challenge, and to that server, where it signs the certificate", async () => {
        const own = [allowed("ingress", resources), allowed("egress", resources)].flat();
        const prod = await runStack("dev", { environment: { name: "development", host: "www.example.com", tls: acme } });
        const more = [allowed("ingress", prod), allowed("egress", prod)].flat().filter(rule => !own.includes(rule));
        expect(more.sort()).toEqual([
            "landfall-certificates/cert-manager → anywhere:80/TCP",
            "landfall-certificates/cert-manager → landfall-gateway/envoy:8080/TCP",
            "landfall-gateway/envoy → landfall-certificates/acme-solver:8089/TCP",
            "landfall-gateway/envoy → landfall-certificates/acme-solver:8089/TCP",
        ]);
    });

    it("never name an address block, which Cilium doesn't match with pods or nodes", () => {
        expect(JSON.stringify(objects(resources, "NetworkPolicy"))).not.toContain("ipBlock");
    });

    it("let the API server be reached at the port where the target has it", async () => {
        const ports = (policies: Policy[]) => policies.find(policy => policy.metadata.name === "contour-2-to-api-server")
            ?.spec.egress?.flatMap(rule => rule.ports?.map(({ port }) => port));
        expect(ports(objects<Policy>(resources, "NetworkPolicy"))).toEqual([443, 6443]);
        expect(ports(objects<Policy>(await runStack("minikube"), "NetworkPolicy"))).toEqual([443, 8443]);
        expect(ports(objects<Policy>(await runStack("prod"), "NetworkPolicy"))).toEqual([443, 6443, 8443, 16443]);
    });
});
