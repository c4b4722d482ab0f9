import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../cluster/cluster";
import { inCluster } from "../../cluster/options";
import { scriptCommand } from "../../script";
import { type Transform, transformedBy } from "../../transform";
import { gatewayAccessLabel, hostObjectName, selectorLabels } from "../../workload/labels";
import { allowConnection, networkPolicy } from "../../workload/network";
import { restrictedNamespaceLabels } from "../../workload/security";
import { namespaceName as certificatesNamespace } from "../cert-manager/names";
import { DnsRecord, recordsFor } from "../dns";
import { Manifests } from "../manifests";
import { createCrds } from "../crds";
import { createNamespace, toApiServer } from "../objects";
import { contour, createCertificates, createContour } from "./contour";
import { createEnvoy, createEnvoyService, envoy } from "./envoy";
import { defaultTraffic, GatewayLimits, gatewayLimits, mostConnections, Traffic } from "./limits";
import { byListener, gatewayName, namespaceName, routesFrom } from "./names";

export interface GatewayArgs {
    cluster: Cluster;
    manifests: Manifests;
    /**
     * Each host has listeners of its own. The first one's are called "http" and "https", the others' also after their hosts.
     * Without any, the Gateway only carries the hosts that other stacks add.
     */
    certificates: pulumi.Input<HostCertificate[]>;
    /** Namespace whose routes may have these hosts. @default every environment's */
    environment?: string;
    /** Traffic that it must handle. @default `defaultTraffic` */
    traffic?: Traffic;
    /**
     * Connections that one client address may have to each port of a proxy.
     * @default an eighth of all; all where the gateway doesn't see the clients' addresses
     */
    clientConnections?: number;
    /** The source of the proxies' metrics for its autoscaler, if the cluster doesn't include one. @default [] */
    metrics?: pulumi.Resource[];
    /** What must exist before its pods, such as their PriorityClass. @default [] */
    after?: pulumi.Resource[];
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/** A host and the Secret with its certificate. */
export interface HostCertificate {
    host: string;
    /** Name of the Secret, in the namespace of the certificates. */
    secret: string;
}

/** Where requests enter: the Gateway API, implemented by Contour and Envoy. */
export class Gateway extends pulumi.ComponentResource {
    /** Name of the proxies, as one side of network policies. */
    readonly name = envoy.name;
    readonly namespace: pulumi.Output<string>;
    readonly cluster: Cluster;
    /** Name of the Gateway object that routes attach to, known once it exists. */
    readonly gatewayName: pulumi.Output<string>;
    /** HTTP port of the proxies' pods. */
    readonly httpPort = envoy.httpPort;
    /** Public HTTPS port, for example 443. */
    readonly publishedHttps: number;
    /** Host and port at which it answers HTTPS, for example `127.0.0.1:8443`; without the port if that is 443. */
    readonly endpoint: pulumi.Output<string>;
    /** The part of an address after the host name: empty for port 443, otherwise for example `:8443`. */
    readonly portSuffix: string;
    /** Whether it sees each client's own address; otherwise it can't tell clients apart. */
    readonly seesClients: boolean;
    /** Its limits. */
    readonly limits: GatewayLimits;
    /** The definitions of routes and of what else it is configured by. */
    readonly definitions: pulumi.Resource[];

    constructor(name: string, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:platform:Gateway", name, {}, transformedBy(args.transform, opts));
        this.cluster = args.cluster;
        const { capabilities } = args.cluster;
        const { loadBalancing } = capabilities;
        const options = inCluster(args.cluster, this);

        const gatewayApi = capabilities.present?.gatewayApi === undefined ? args.manifests.gatewayApi : [];
        this.definitions = createCrds([...gatewayApi, ...args.manifests.contour], options);
        this.namespace = createNamespace(namespaceName, { ...restrictedNamespaceLabels }, capabilities, { ...options, dependsOn: args.after });
        createPolicies(this, options);
        const certificates = createCertificates(this.namespace, options);
        const nodes = loadBalancing.type === "NodePort" ? loadBalancing.nodes : undefined;
        this.seesClients = loadBalancing.seesClients;
        const clientConnections = args.clientConnections ?? (this.seesClients ? undefined : mostConnections);
        this.limits = gatewayLimits(args.traffic ?? defaultTraffic, loadBalancing.drainSeconds, nodes?.count, clientConnections);
        const controller = createContour(this.namespace, this.limits, { ...options, dependsOn: [...this.definitions, certificates] });
        createEnvoy(this.namespace, { limits: this.limits, nodes, metrics: args.metrics }, { ...options, dependsOn: controller });
        const service = createEnvoyService(this.namespace, loadBalancing, { ...options, dependsOn: controller });
        const ordered = orderListeners(`${name}-order`, args.cluster, this);
        const gateway = createGateway(name, this.namespace, args, { ...options, dependsOn: [controller, ordered] });

        this.gatewayName = gateway.metadata.name;
        this.publishedHttps = loadBalancing.type === "NodePort" ? loadBalancing.publishedHttps : 443;
        this.portSuffix = this.publishedHttps === 443 ? "" : `:${this.publishedHttps}`;
        this.endpoint = loadBalancing.type === "NodePort"
            ? pulumi.output(`${loadBalancing.host}${this.portSuffix}`)
            : service.status.apply(status => {
                const [ingress] = status?.loadBalancer?.ingress ?? [];
                return ingress?.hostname ?? ingress?.ip ?? "";
            });
        this.registerOutputs({ gatewayName: this.gatewayName, endpoint: this.endpoint });
    }

    /** The DNS records that point these hosts at the load balancer; undefined if there is none. */
    recordsFor(hosts: string[]): pulumi.Output<DnsRecord[]> | undefined {
        return recordsFor(hosts, this.endpoint, this.cluster.capabilities);
    }
}

/**
 * A listener for HTTPS is valid only if its certificate exists, and takes only the requests for its host. So a host that has
 * no certificate yet takes nothing away from the others. Contour 1.33 gives a listener without a host no route whose host any
 * other listener names, even on another port: those for HTTP name theirs too.
 */
function createGateway(
    name: string, namespace: pulumi.Output<string>, { certificates, environment }: Pick<GatewayArgs, "certificates" | "environment">,
    options: pulumi.CustomResourceOptions,
): kubernetes.apiextensions.CustomResource {
    const apiVersion = "gateway.networking.k8s.io/v1";
    const allowedRoutes = (...others: string[]) => environment !== undefined ? routesFrom(environment, ...others)
        : { namespaces: { from: "Selector", selector: { matchLabels: gatewayAccessLabel } } };
    const certificateRef = (secret: string) => ({ kind: "Secret", name: secret, namespace: certificatesNamespace });
    const gatewayClass = new kubernetes.apiextensions.CustomResource(`${name}-class`, {
        apiVersion,
        kind: "GatewayClass",
        metadata: { name: "landfall" },
        spec: { controllerName: "projectcontour.io/gateway-controller" },
    }, options);
    return new kubernetes.apiextensions.CustomResource(`${name}-gateway`, {
        apiVersion,
        kind: "Gateway",
        metadata: { name: gatewayName, namespace },
        spec: {
            gatewayClassName: gatewayClass.metadata.name,
            listeners: pulumi.output(certificates).apply(hosts => hosts.length === 0 ? [unused] : hosts.flatMap(({ host, secret }, index) => {
                const name = (scheme: string) => index === 0 ? scheme : hostObjectName(scheme, host);
                const tls = { mode: "Terminate", certificateRefs: [certificateRef(secret)] };
                return [
                    // The answers to an ACME server's challenges are in the certificates' namespace.
                    { name: name("http"), hostname: host, protocol: "HTTP", port: 80, allowedRoutes: allowedRoutes(certificatesNamespace) },
                    { name: name("https"), hostname: host, protocol: "HTTPS", port: 443, tls, allowedRoutes: allowedRoutes() },
                ];
            }).sort(byListener)),
        },
    }, options);
}

/**
 * Puts an existing Gateway's listeners into this order before it is updated: server-side apply keeps the order that it finds. A
 * Gateway that doesn't exist yet needs nothing.
 */
function orderListeners(name: string, { kubeconfig, deletedWith }: Cluster, parent: pulumi.Resource): pulumi.Resource {
    return scriptCommand(name, {
        create: "components/platform/shared/order-listeners.ts",
        environment: { CLUSTER_KUBECONFIG: kubeconfig },
    }, { parent, deletedWith });
}

/** A Gateway must have a listener. No client resolves this name, and no route is allowed on it. */
const unused = {
    name: "http", hostname: "unused.invalid", protocol: "HTTP", port: 80, allowedRoutes: { namespaces: { from: "Same" } },
};

function createPolicies(gateway: Gateway, options: pulumi.CustomResourceOptions): void {
    const inside = { namespace: gateway.namespace, cluster: gateway.cluster };
    allowConnection(gateway, gateway, { ...inside, name: contour.name, port: contour.xdsPort });
    networkPolicy("envoy-from-outside", gateway.namespace, {
        podSelector: { matchLabels: selectorLabels(envoy.name) },
        policyTypes: ["Ingress"],
        ingress: [{ ports: [envoy.httpPort, envoy.httpsPort].map(port => ({ port, protocol: "TCP" })) }],
    }, options);
    for (const name of [contour.name, "contour-certgen"]) {
        networkPolicy(`${name}-to-api-server`, gateway.namespace, {
            podSelector: { matchLabels: selectorLabels(name) },
            policyTypes: ["Egress"],
            egress: [toApiServer(gateway.cluster.capabilities)],
        }, options);
    }
}
