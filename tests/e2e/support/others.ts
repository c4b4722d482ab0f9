import * as fs from "node:fs";
import * as path from "node:path";
import * as yaml from "js-yaml";
import { connect, type Connection, type Json, send } from "../../../components/cluster/kubernetes-api";
import { cached, keyOf } from "../../../infra/offline/kit/cache";
import type { GoComponent, ImageComponent } from "../../../infra/offline/kit/component";
import { sharedRequirements } from "../../../infra/offline/kit/components";
import { buildGo, downloadModule } from "../../../infra/offline/kit/go";
import { saveImages } from "../../../infra/offline/kit/images";
import { buildImage } from "../../../infra/offline/kit/platform";
import { pipe, run } from "../../../infra/offline/kit/run";
import { until } from "./wait";

/** Other versions than Landfall's own. cert-manager is built with the same libraries, metrics-server can't be. */
export const others = { certManager: "v1.21.1", metricsServer: "v0.8.0", gatewayApi: "v1.6.3" };

const certManager = "github.com/cert-manager/cert-manager";
const components: GoComponent[] = [
    {
        name: "other-cert-manager",
        module: certManager,
        version: others.certManager,
        programs: { "cert-manager-controller": "./controller", "cert-manager-webhook": "./webhook" },
        values: { [`${certManager}/pkg/util.AppVersion`]: others.certManager },
        sources: "cert-manager",
        beside: sharedRequirements,
    },
    {
        name: "other-metrics-server",
        module: "sigs.k8s.io/metrics-server",
        version: others.metricsServer,
        programs: { "metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server" },
        values: { "k8s.io/client-go/pkg/version.gitVersion": others.metricsServer },
    },
];

const images = {
    controller: `quay.io/jetstack/cert-manager-controller:${others.certManager}`,
    webhook: `quay.io/jetstack/cert-manager-webhook:${others.certManager}`,
    metrics: `registry.k8s.io/metrics-server/metrics-server:${others.metricsServer}`,
};

const imageComponents: ImageComponent[] = [
    { image: images.controller, files: { "/controller": "cert-manager-controller" }, entrypoint: ["/controller"] },
    { image: images.webhook, files: { "/webhook": "cert-manager-webhook" }, entrypoint: ["/webhook"] },
    { image: images.metrics, files: { "/metrics-server": "metrics-server" }, entrypoint: ["/metrics-server"] },
];

/** The images of the other versions in one archive, from the cache if they were built before. */
export async function buildOthers(log: (line: string) => void): Promise<string> {
    const directory = await cached("others", keyOf(process.arch, components, imageComponents), async dir => {
        const programs = new Map<string, string>();
        for (const component of components) {
            const built = await buildGo(log, component);
            for (const name of Object.keys(component.programs)) programs.set(name, path.join(built, name));
        }
        for (const component of imageComponents) await buildImage(component, programs, dir);
        const names = imageComponents.map(({ image }) => image);
        await saveImages(names, path.join(dir, "images.tar"));
        await run("docker", ["rmi", "--force", ...names]);
    });
    return path.join(directory, "images.tar");
}

export async function importImages(archive: string, node: string): Promise<void> {
    await pipe(["cat", archive], ["docker", "exec", "--interactive", node, "ctr", "--namespace", "k8s.io", "images", "import", "-"]);
}

type Manifest = Json & { apiVersion: string; kind: string; metadata: { name: string; namespace?: string; labels?: object } };

/** Software of others in a cluster, installed by hand as their manifests have it. */
export class Others {
    private readonly installed: Manifest[] = [];

    private constructor(private readonly connection: Connection) {}

    /** The client library would drop fields of CRDs that it doesn't know. */
    static async connect(kubeconfig: string): Promise<Others> {
        return new Others(await connect(kubeconfig));
    }

    /** Installs everything, and waits until it serves. */
    async install(): Promise<void> {
        await this.create(...metricsServer());
        await this.create(...await definitions("sigs.k8s.io/gateway-api", others.gatewayApi, "config/crd/standard"));
        await this.create(...await definitions(certManager, others.certManager, "deploy/crds"), ...certManagerObjects());
        const caBundle = await until("the webhook's authority", async () => {
            const secret = await this.find("/api/v1/namespaces/cert-manager/secrets/cert-manager-webhook-ca");
            return (secret?.data as Record<string, string> | undefined)?.["ca.crt"];
        });
        await this.create(...webhooks(caBundle));
        await this.available("cert-manager", "cert-manager");
        await this.available("cert-manager", "cert-manager-webhook");
        await until("the metrics API", async () => {
            const api = await this.find("/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io");
            const { conditions = [] } = (api?.status ?? {}) as { conditions?: { type: string; status: string }[] };
            return conditions.some(({ type, status }) => type === "Available" && status === "True");
        });
    }

    async available(namespace: string, name: string): Promise<void> {
        await until(`${name} of others`, async () => {
            const found = await this.find(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
            return ((found?.status as { availableReplicas?: number } | undefined)?.availableReplicas ?? 0) > 0;
        });
    }

    async scale(namespace: string, name: string, replicas: number): Promise<void> {
        const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}/scale`;
        const scale = await send(this.connection, "GET", path);
        await send(this.connection, "PUT", path, { body: { ...scale, spec: { replicas } } });
    }

    /** Removes everything, CRDs with all objects of their kinds. */
    async remove(): Promise<void> {
        for (const object of this.installed.splice(0).reverse()) {
            await send(this.connection, "DELETE", pathOf(object));
            await until(`${pathOf(object)} to be gone`, async () => await this.find(pathOf(object)) === undefined);
        }
    }

    /** Each object: its identity and all that it declares; not its status, and not who wrote what. */
    async declared(): Promise<Record<string, unknown>> {
        const entries = await Promise.all(this.installed.map(async object => {
            const { status: _, metadata, ...declared } = await send(this.connection, "GET", pathOf(object));
            const { uid, generation, labels, annotations } = metadata as Json;
            return [pathOf(object), { uid, generation, labels, annotations, ...declared }];
        }));
        return Object.fromEntries(entries) as Record<string, unknown>;
    }

    /** Names of the existing objects of a kind without a namespace. */
    async names(path: string, isWanted: (metadata: Json) => boolean = () => true): Promise<string[]> {
        const { items } = await send(this.connection, "GET", path) as { items: Manifest[] };
        return items.filter(({ metadata }) => isWanted(metadata)).map(({ metadata }) => metadata.name);
    }

    private async create(...objects: Manifest[]): Promise<void> {
        for (const object of objects) {
            await send(this.connection, "POST", collectionOf(object), { body: object });
            this.installed.push(object);
        }
    }

    private find(path: string): Promise<Json | undefined> {
        return send(this.connection, "GET", path).catch(() => undefined);
    }
}

function collectionOf({ apiVersion, kind, metadata: { namespace } }: Manifest): string {
    const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    return `${group}${namespace ? `/namespaces/${namespace}` : ""}/${kind.toLowerCase()}s`;
}

function pathOf(object: Manifest): string {
    return `${collectionOf(object)}/${object.metadata.name}`;
}

/** CRDs of a Go module's directory, labelled as the cert-manager's chart labels them. */
async function definitions(module: string, version: string, directory: string): Promise<Manifest[]> {
    const { Dir } = await downloadModule(module, version);
    const files = fs.readdirSync(path.join(Dir, directory)).filter(name => name.endsWith(".yaml")).sort();
    return files.flatMap(file => yaml.loadAll(fs.readFileSync(path.join(Dir, directory, file), "utf8"), undefined, { schema: yaml.CORE_SCHEMA }) as Manifest[])
        .filter(object => (object as Manifest | null)?.kind === "CustomResourceDefinition")
        .map(({ status: _, ...object }) => object as Manifest);
}

/** A namespace, and an account in it that may do everything. */
function account(name: string, namespace: string): Manifest[] {
    return [
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
        {
            apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", metadata: { name: `others:${name}` },
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
            subjects: [{ kind: "ServiceAccount", name, namespace }],
        },
    ];
}

interface Workload {
    name: string;
    namespace: string;
    image: string;
    args: string[];
    labels?: Record<string, string>;
    config?: object;
    ready?: object;
}

function workload({ name, namespace, image, args, labels, config, ready }: Workload): Manifest[] {
    const metadata = { name, namespace, labels: { "app.kubernetes.io/name": name, ...labels } };
    const selector = { "app.kubernetes.io/instance": name };
    return [
        ...account(name, namespace),
        ...(config ? [{ apiVersion: "v1", kind: "ConfigMap", metadata, data: { "config.yaml": JSON.stringify(config) } }] : []),
        {
            apiVersion: "apps/v1", kind: "Deployment", metadata,
            spec: {
                replicas: 1,
                selector: { matchLabels: selector },
                template: {
                    metadata: { labels: { ...metadata.labels, ...selector } },
                    spec: {
                        serviceAccountName: name,
                        containers: [{
                            name, image, args, imagePullPolicy: "Never", ...(ready && { readinessProbe: ready }),
                            volumeMounts: [{ name: "tmp", mountPath: "/tmp" }, ...(config ? [{ name: "config", mountPath: "/config" }] : [])],
                        }],
                        volumes: [{ name: "tmp", emptyDir: {} }, ...(config ? [{ name: "config", configMap: { name } }] : [])],
                    },
                },
            },
        },
    ];
}

function service(name: string, namespace: string): Manifest {
    return {
        apiVersion: "v1", kind: "Service", metadata: { name, namespace },
        spec: { selector: { "app.kubernetes.io/instance": name }, ports: [{ name: "https", port: 443, targetPort: 10250 }] },
    };
}

function metricsServer(): Manifest[] {
    const [name, namespace] = ["metrics-server", "kube-system"];
    const args = ["--cert-dir=/tmp", "--secure-port=10250", "--kubelet-insecure-tls", "--metric-resolution=15s",
        "--kubelet-preferred-address-types=InternalIP"];
    return [
        service(name, namespace),
        ...workload({ name, namespace, image: images.metrics, args, ready: { httpGet: { path: "/readyz", port: 10250, scheme: "HTTPS" }, periodSeconds: 2 } }),
        {
            apiVersion: "apiregistration.k8s.io/v1", kind: "APIService", metadata: { name: "v1beta1.metrics.k8s.io" },
            spec: {
                group: "metrics.k8s.io", version: "v1beta1", groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true,
                service: { name, namespace, port: 443 },
            },
        },
    ];
}

function certManagerObjects(): Manifest[] {
    const namespace = "cert-manager";
    const webhook = "cert-manager-webhook";
    const labels = { "app.kubernetes.io/version": others.certManager };
    return [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
        ...workload({
            name: "cert-manager", namespace, image: images.controller, args: ["--config=/config/config.yaml"],
            labels: { ...labels, "app.kubernetes.io/component": "controller" },
            config: {
                apiVersion: "controller.config.cert-manager.io/v1alpha1", kind: "ControllerConfiguration",
                leaderElectionConfig: { namespace },
                controllers: [
                    "issuers", "certificates-trigger", "certificates-key-manager", "certificates-request-manager", "certificates-issuing",
                    "certificates-readiness", "certificates-revision-manager", "certificaterequests-approver",
                    "certificaterequests-issuer-selfsigned", "certificaterequests-issuer-ca",
                ],
            },
        }),
        service(webhook, namespace),
        ...workload({
            name: webhook, namespace, image: images.webhook, args: ["--config=/config/config.yaml"], labels,
            ready: { httpGet: { path: "/healthz", port: 6080 }, periodSeconds: 1 },
            config: {
                apiVersion: "webhook.config.cert-manager.io/v1alpha1", kind: "WebhookConfiguration",
                securePort: 10250, healthzPort: 6080,
                tlsConfig: { dynamic: { secretNamespace: namespace, secretName: `${webhook}-ca`, dnsNames: [`${webhook}.${namespace}.svc`] } },
            },
        }),
    ];
}

function webhooks(caBundle: string): Manifest[] {
    const name = "cert-manager-webhook";
    const webhook = (url: string, rules: object[]) => ({
        metadata: { name },
        webhooks: [{
            name: "webhook.cert-manager.io", admissionReviewVersions: ["v1"], sideEffects: "None", failurePolicy: "Fail",
            clientConfig: { caBundle, service: { name, namespace: "cert-manager", path: url } }, rules,
        }],
    });
    const apiVersion = "admissionregistration.k8s.io/v1";
    return [
        {
            apiVersion, kind: "MutatingWebhookConfiguration",
            ...webhook("/mutate", [{ apiGroups: ["cert-manager.io"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["certificaterequests"] }]),
        },
        {
            apiVersion, kind: "ValidatingWebhookConfiguration",
            ...webhook("/validate", [{
                apiGroups: ["cert-manager.io", "acme.cert-manager.io"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["*/*"],
            }]),
        },
    ];
}
