import * as path from "node:path";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { buildTools } from "../../infra/offline/kit";
import { firstConfig } from "./support/config";
import { letThrough, Side, Traffic } from "./support/policies";
import { RenderedObject, renderObjects } from "./support/rendered";

/** A pod in a namespace that the stack knows nothing of, and that has no policy. */
const elsewhere: Side = {
    name: "elsewhere", namespace: "elsewhere",
    namespaceLabels: { "kubernetes.io/metadata.name": "elsewhere" }, labels: { "app.kubernetes.io/name": "web" },
};
const dns: Side = {
    name: "kube-dns", namespace: "kube-system",
    namespaceLabels: { "kubernetes.io/metadata.name": "kube-system" }, labels: { "k8s-app": "kube-dns" },
};
/** Visitors, the nodes and the API server: all that is no pod. */
const outside: Side = { name: "outside" };
const unfenced = [dns, elsewhere, outside];

/** Every port that a pod of ours listens on or is sent to. */
const ports: Record<Traffic["protocol"], number[]> = {
    TCP: [53, 80, 443, 3306, 6080, 6443, 8000, 8001, 8002, 8080, 8090, 8443, 9402, 9403, 10250],
    UDP: [53, 443, 8080],
};

const certManager = ["cert-manager", "cert-manager-cainjector", "cert-manager-webhook"];
const ours = [
    ...certManager, "contour", "contour-certgen", "database", "envoy", "local-path-provisioner", "metrics-server",
    "scheduled-tasks", "stranger", "web",
];
/** Those that ask the API server, which no policy can name: its port is open to them wherever it is. */
const clients = [...certManager, "contour", "contour-certgen", "local-path-provisioner", "metrics-server"];
const open = unfenced.map(({ name }) => name);

/** All that is allowed, where a pod of ours is on one side. */
const allowed = [
    "envoy → web TCP 8080",
    "envoy → contour TCP 8001",
    "web → database TCP 3306",
    "scheduled-tasks → database TCP 3306",
    ...ours.flatMap(name => [`${name} → kube-dns TCP 53`, `${name} → kube-dns UDP 53`]),
    ...open.flatMap(name => [`${name} → envoy TCP 8080`, `${name} → envoy TCP 8443`]),
    ...clients.flatMap(name => open.flatMap(to => [`${name} → ${to} TCP 443`, `${name} → ${to} TCP 6443`])),
    // The API server asks metrics-server, and that asks the kubelets, on the same port.
    ...open.flatMap(name => [`${name} → metrics-server TCP 10250`, `metrics-server → ${name} TCP 10250`]),
    "metrics-server → metrics-server TCP 10250",
    // It also asks the webhook.
    ...[...open, "metrics-server"].map(name => `${name} → cert-manager-webhook TCP 10250`),
];

describe("the rendered network policies", () => {
    let cyclonus: string;
    let objects: RenderedObject[];
    let pods: Side[];

    beforeAll(async () => {
        cyclonus = path.join(await buildTools(console.log, ["cyclonus"]), "cyclonus");
        objects = await renderObjects("--config", firstConfig(inject("suite").directory));
        pods = workloads(objects);
        const { namespace, namespaceLabels } = pods.find(({ name }) => name === "web") as Side;
        pods.push({ name: "stranger", namespace, namespaceLabels, labels: { "app.kubernetes.io/name": "stranger" } });
    });

    it("are about these workloads", () => {
        expect([...new Set(pods.map(({ name }) => name))].sort()).toEqual(ours);
    });

    it("let exactly these pairs talk", async () => {
        const result = await letThrough(cyclonus, policiesOf(objects), everyPair(pods));
        expect(result.map(describeTraffic).sort()).toEqual([...allowed].sort());
    });

    it("are all needed: without the one that lets the web reach the database, it can't", async () => {
        const fewer = policiesOf(objects).filter(({ metadata }) => metadata.name !== "web-to-database-egress");
        expect(fewer).toHaveLength(policiesOf(objects).length - 1);
        const result = await letThrough(cyclonus, fewer, everyPair(pods));
        expect(result.map(describeTraffic)).not.toContain("web → database TCP 3306");
    });
});

function policiesOf(objects: RenderedObject[]): RenderedObject[] {
    return objects.filter(({ kind }) => kind === "NetworkPolicy");
}

/** One pod for each workload that is rendered. */
function workloads(objects: RenderedObject[]): Side[] {
    const labelsOf = (namespace: string): Record<string, string> => ({
        ...objects.find(({ kind, metadata }) => kind === "Namespace" && metadata.name === namespace)?.metadata.labels,
        "kubernetes.io/metadata.name": namespace,
    });
    const found = objects.flatMap(({ kind, metadata: { namespace = "" }, spec }) => {
        const template = spec?.template ?? spec?.jobTemplate?.spec.template;
        if (!template || kind === "HTTPRoute") return [];
        const { labels } = template.metadata;
        return [{ name: labels["app.kubernetes.io/name"], namespace, namespaceLabels: labelsOf(namespace), labels }];
    });
    return [...new Map(found.map(side => [side.name, side])).values()];
}

/** Every side with every other, and with another pod of itself; of no interest is what has no pod of ours in it. */
function everyPair(pods: Side[]): Traffic[] {
    const sides = [...pods, ...unfenced];
    const pairs = sides.flatMap(from => sides.map(to => ({ from, to })))
        .filter(({ from, to }) => pods.includes(from) || pods.includes(to));
    return (["TCP", "UDP"] as const).flatMap(protocol =>
        ports[protocol].flatMap(port => pairs.map(pair => ({ ...pair, port, protocol }))));
}

function describeTraffic({ from, to, port, protocol }: Traffic): string {
    return `${from.name} → ${to.name} ${protocol} ${port}`;
}
