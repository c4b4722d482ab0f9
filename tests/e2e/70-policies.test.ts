import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { beforeAll, describe, expect, inject, it } from "vitest";
import * as yaml from "yaml";
import { buildTools } from "../../infra/offline/kit";
import { firstConfig } from "./support/config";
import { letThrough, Side, Traffic } from "./support/policies";
import { RenderedObject, renderObjects } from "./support/rendered";
import { figure } from "./support/stack";

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
    TCP: [53, 80, 443, 3306, 6080, 6443, 8000, 8001, 8002, 8080, 8090, 8443, 9402, 9403, 9428, 10250],
    UDP: [53, 443, 8080],
};

const certManager = ["cert-manager", "cert-manager-cainjector", "cert-manager-webhook"];
const platform = [
    ...certManager, "contour-2", "contour-certgen", "envoy", "local-path-provisioner", "log-collector", "log-store", "metrics-server",
];
/** Those that ask the API server, which no policy can name: its port is open to them wherever it is. */
const clients = [...certManager, "contour-2", "contour-certgen", "local-path-provisioner", "log-collector", "metrics-server"];
const open = unfenced.map(({ name }) => name);

/** Stacks that share one platform. */
const environments = ["production", "uat", "development"];
const parts = ["database", "scheduled-tasks", "stranger", "web"];
const ours = [...platform, ...environments.flatMap(environment => parts.map(part => `${environment}/${part}`))].sort();

/** All that is allowed, where a pod of ours is on one side. */
const allowed = [
    "envoy → contour-2 TCP 8001",
    "log-collector → log-store TCP 9428",
    ...environments.flatMap(environment => [
        `envoy → ${environment}/web TCP 8080`,
        `${environment}/web → ${environment}/database TCP 3306`,
        `${environment}/scheduled-tasks → ${environment}/database TCP 3306`,
    ]),
    ...ours.flatMap(name => [`${name} → kube-dns TCP 53`, `${name} → kube-dns UDP 53`]),
    ...open.flatMap(name => [`${name} → envoy TCP 8080`, `${name} → envoy TCP 8443`]),
    ...clients.flatMap(name => open.flatMap(to => [`${name} → ${to} TCP 443`, `${name} → ${to} TCP 6443`])),
    // The API server asks metrics-server, and that asks the kubelets, on the same port.
    ...open.flatMap(name => [`${name} → metrics-server TCP 10250`, `metrics-server → ${name} TCP 10250`]),
    "metrics-server → metrics-server TCP 10250",
    // It also asks the webhook.
    ...[...open, "metrics-server"].map(name => `${name} → cert-manager-webhook TCP 10250`),
];

describe("the rendered network policies of three environments on one platform", () => {
    let cyclonus: string;
    let objects: RenderedObject[];
    let pods: Side[];

    beforeAll(async () => {
        cyclonus = path.join(await buildTools(console.log, ["cyclonus"]), "cyclonus");
        const rendered = await Promise.all(environments.map(environment => renderEnvironment(environment)));
        objects = joined(rendered.flat());
        pods = workloads(objects);
        for (const { name, namespace, namespaceLabels } of pods.filter(side => side.name.endsWith("/web"))) {
            pods.push({
                name: name.replace("/web", "/stranger"), namespace, namespaceLabels, labels: { "app.kubernetes.io/name": "stranger" },
            });
        }
    });

    it("are about these workloads", () => {
        expect(pods.map(({ name }) => name).sort()).toEqual(ours);
    });

    it("let exactly these pairs talk", async () => {
        const result = await letThrough(cyclonus, policiesOf(objects), everyPair(pods));
        expect(result.map(describeTraffic).sort()).toEqual([...allowed].sort());
        expect(result.filter(isBetweenEnvironments).map(describeTraffic)).toEqual([]);
        figure("pairs, ports and protocols whose traffic was judged", everyPair(pods).length);
    });

    it("are all needed: without the one that lets the web reach the database, it can't", async () => {
        const fewer = policiesOf(objects).filter(({ metadata }) => metadata.name !== "web-to-database-egress");
        expect(fewer).toHaveLength(policiesOf(objects).length - environments.length);
        const result = await letThrough(cyclonus, fewer, everyPair(pods));
        expect(result.map(describeTraffic)).not.toContain("production/web → production/database TCP 3306");
    });

    it("would let environments reach each other if they named pods without their namespace", async () => {
        const text = JSON.stringify(policiesOf(objects));
        const careless = text.replace(/"namespaceSelector":\{"matchLabels":\{"kubernetes.io\/metadata.name":"[^"]+"\}\}/g, '"namespaceSelector":{}');
        const between = everyPair(pods).filter(isBetweenEnvironments);
        const result = await letThrough(cyclonus, JSON.parse(careless) as RenderedObject[], between);
        expect(result.map(describeTraffic)).toContain("development/web → production/database TCP 3306");
        expect(await letThrough(cyclonus, policiesOf(objects), between)).toEqual([]);
    });
});

function isBetweenEnvironments({ from, to }: Traffic): boolean {
    const [one, other] = [from, to].map(({ namespace = "" }) => namespace);
    return one !== other && environments.includes(one) && environments.includes(other);
}

/** The objects of the suite's stack as an environment with this name. */
async function renderEnvironment(environment: string): Promise<RenderedObject[]> {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-environment-"));
    try {
        const first = firstConfig(inject("suite").directory);
        const { config } = yaml.parse(fs.readFileSync(first, "utf8")) as { config: Record<string, unknown> };
        const changed = { ...config, "landfall:environment": { name: environment, host: `${environment}.localhost` } };
        const file = path.join(directory, path.basename(first));
        fs.writeFileSync(file, yaml.stringify({ config: changed }));
        return await renderObjects("--config", file);
    } finally {
        fs.rmSync(directory, { recursive: true });
    }
}

/** All objects once: those of the platform are the same in each environment's stack. */
function joined(objects: RenderedObject[]): RenderedObject[] {
    return [...new Map(objects.map(object => [JSON.stringify(object), object])).values()];
}

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
        const workload = labels["app.kubernetes.io/name"];
        const name = environments.includes(namespace) ? `${namespace}/${workload}` : workload;
        return [{ name, namespace, namespaceLabels: labelsOf(namespace), labels }];
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
