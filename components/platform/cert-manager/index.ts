import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../cluster/cluster";
import { inCluster } from "../../cluster/options";
import { type Transform, transformedBy } from "../../transform";
import { gatewayAccessLabel, selectorLabels } from "../../workload/labels";
import { networkPolicy } from "../../workload/network";
import { restrictedNamespaceLabels } from "../../workload/security";
import type { Gateway, HostCertificate } from "../gateway";
import { gatewayName } from "../gateway/names";
import { KubernetesObject } from "../manifests";
import { createCrds } from "../crds";
import { createNamespace, toApiServer } from "../objects";
import { createCainjector } from "./cainjector";
import { createController } from "./controller";
import { allowChallenges, grantToGateway, issueCertificates, readAuthority } from "./issuers";
import { cainjectorName, controllerName, Issuance, namespaceName, webhookName } from "./names";
import { createWebhook, registerWebhook, untilAdmitting, webhookPort } from "./webhook";

export interface CertificatesArgs {
    cluster: Cluster;
    /** cert-manager's CRDs. */
    definitions: KubernetesObject[];
    /** Where the certificates are used. */
    gateway: Gateway;
    /** Host names. Each gets a certificate of its own; without any, there is no issuer either. @example `["www.example.com", "example.com"]` */
    hosts: string[];
    /** Who signs them. */
    tls: Issuance;
    /** What must exist before its pods, such as their PriorityClass. @default [] */
    after?: pulumi.Resource[];
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/**
 * The gateway's certificates, issued and renewed in time by the cluster's own cert-manager or by one that this installs. Each
 * host has its own: an ACME server that can't reach one host still signs for the others, and a host that is added doesn't touch
 * the certificates of those in use.
 */
export class Certificates extends pulumi.ComponentResource {
    /** Certificate of the CA that signs the hosts' certificates, in PEM; undefined if the CA is public. */
    readonly caCertificate?: pulumi.Output<string>;
    /** The hosts with their certificates, in the order of the arguments. */
    readonly hosts: pulumi.Output<HostCertificate[]>;

    constructor(name: string, args: CertificatesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:platform:Certificates", name, {}, transformedBy(args.transform, opts));
        const { cluster, gateway, hosts, tls } = args;
        const options = inCluster(cluster, this);

        const namespace = createNamespace(namespaceName, {
            ...restrictedNamespaceLabels, ...(tls.issuer === "acme" ? gatewayAccessLabel : {}),
        }, cluster.capabilities, { ...options, dependsOn: args.after });
        const { certManager: present } = cluster.capabilities.present ?? {};
        const later = { ...options, dependsOn: present === undefined ? createCertManager(namespace, args, options) : [] };
        if (tls.issuer === "acme") allowChallenges(namespace, tls, gateway, present, later);
        if (hosts.length === 0) {
            this.hosts = pulumi.output([]);
            this.registerOutputs({});
            return;
        }
        const place = { namespace };
        const issued = issueCertificates(place, { hosts, tls, gateway: { gatewayName, namespace: gateway.namespace }, present }, later);
        this.hosts = issued.hosts;
        grantToGateway(name, place, this.hosts, gateway, { ...options, dependsOn: gateway.definitions });

        if (tls.issuer === "ca") this.caCertificate = readAuthority(cluster, place, issued);
        this.registerOutputs({ caCertificate: this.caCertificate });
    }
}

/** Creates cert-manager. Returns what its objects depend on: the controller, and the webhook's registrations once it answers. */
function createCertManager(
    namespace: pulumi.Output<string>, { cluster, definitions, gateway, tls }: CertificatesArgs, options: pulumi.CustomResourceOptions,
): pulumi.Output<pulumi.Resource[]> {
    const policies = createPolicies(namespace, cluster, options);
    const crds = createCrds(definitions, { ...options, dependsOn: [] });
    const after = { ...options, dependsOn: [...policies, ...crds] };
    const controller = createController(namespace, tls.issuer, {
        ...after,
        // It looks for the gateway's CRDs when it starts, and exits without them.
        dependsOn: [...after.dependsOn, ...(tls.issuer === "acme" ? gateway.definitions : [])],
    });
    const webhook = createWebhook(namespace, after);
    const cainjector = createCainjector(namespace, after);
    const registered = registerWebhook([webhook, cainjector], { ...options, dependsOn: policies });
    return untilAdmitting(cluster, registered).apply(ready => [controller, ...ready]);
}

function createPolicies(
    namespace: pulumi.Output<string>, { capabilities }: Cluster, options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
    const toApi = [controllerName, webhookName, cainjectorName].map(name =>
        networkPolicy(`${name}-to-api-server`, namespace, {
            podSelector: { matchLabels: selectorLabels(name) },
            policyTypes: ["Egress"],
            egress: [toApiServer(capabilities)],
        }, options));
    const fromApi = networkPolicy(`${webhookName}-from-api-server`, namespace, {
        podSelector: { matchLabels: selectorLabels(webhookName) },
        policyTypes: ["Ingress"],
        ingress: [{ ports: [{ port: webhookPort, protocol: "TCP" }] }],
    }, options);
    return [...toApi, fromApi];
}
