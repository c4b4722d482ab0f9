import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../cluster/cluster";
import { inCluster } from "../../cluster/options";
import { type Transform, transformedBy } from "../../transform";
import { gatewayAccessLabel, selectorLabels } from "../../workload/labels";
import { networkPolicy } from "../../workload/network";
import { restrictedNamespaceLabels } from "../../workload/security";
import type { Gateway } from "../gateway";
import { KubernetesObject } from "../manifests";
import { createCrds, createNamespace, toApiServer } from "../objects";
import { createCainjector } from "./cainjector";
import { createController } from "./controller";
import { allowChallenges, grantToGateway, issueCertificate, readAuthority } from "./issuers";
import { cainjectorName, certificateSecret, controllerName, Issuance, namespaceName, webhookName } from "./names";
import { createWebhook, registerWebhook, untilAdmitting, webhookPort } from "./webhook";

export interface CertificatesArgs {
    cluster: Cluster;
    /** cert-manager's CRDs. */
    definitions: KubernetesObject[];
    /** Where the certificate is used. */
    gateway: Gateway;
    /** Host names that it is for. @example `["www.example.com"]` */
    hosts: string[];
    /** Who signs it. */
    tls: Issuance;
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/** The gateway's certificate, which cert-manager issues and renews in time. */
export class Certificates extends pulumi.ComponentResource {
    /** Certificate of the CA that signs the site's certificate, in PEM; undefined if the CA is public. */
    readonly caCertificate?: pulumi.Output<string>;

    constructor(name: string, args: CertificatesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:platform:Certificates", name, {}, transformedBy(args.transform, opts));
        const { cluster, gateway, hosts, tls } = args;
        const options = inCluster(cluster, this);

        const namespace = createNamespace(namespaceName, {
            ...restrictedNamespaceLabels, ...(tls.issuer === "acme" ? gatewayAccessLabel : {}),
        }, cluster.capabilities, options);
        const policies = createPolicies(namespace, cluster, options);
        const [controller, webhook] = createCertManager(namespace, args, { ...options, dependsOn: policies });
        const later = { ...options, dependsOn: untilAdmitting(cluster, webhook).apply(ready => [controller, ...ready]) };
        if (tls.issuer === "acme") allowChallenges(namespace, tls, gateway, later);
        const certificate = issueCertificate(certificateSecret, { namespace }, { hosts, tls, gateway }, later);
        grantToGateway(name, certificateSecret, namespace, gateway.namespace, { ...options, dependsOn: gateway });

        if (tls.issuer === "ca") this.caCertificate = readAuthority(cluster, certificateSecret, certificate);
        this.registerOutputs({ caCertificate: this.caCertificate });
    }
}

/** Creates cert-manager. Returns what its objects depend on: the controller, and the webhook's registrations. */
function createCertManager(
    namespace: pulumi.Output<string>, { definitions, gateway, tls }: CertificatesArgs,
    options: pulumi.CustomResourceOptions & { dependsOn: pulumi.Resource[] },
): [pulumi.Resource, ReturnType<typeof registerWebhook>] {
    const crds = createCrds(definitions, { ...options, dependsOn: [] });
    const after = { ...options, dependsOn: [...options.dependsOn, ...crds] };
    const controller = createController(namespace, tls.issuer, {
        ...after,
        // It looks for the gateway's CRDs when it starts, and exits without them.
        dependsOn: [...after.dependsOn, ...(tls.issuer === "acme" ? [gateway] : [])],
    });
    const webhook = createWebhook(namespace, after);
    const cainjector = createCainjector(namespace, after);
    return [controller, registerWebhook([webhook, cainjector], options)];
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
