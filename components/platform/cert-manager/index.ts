import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../cluster/cluster";
import { connect, type Json, send } from "../../cluster/kubernetes-api";
import { lookingAtNothing } from "../../cluster/lookup";
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
import { createAcmeIssuer, createAuthority, createCertificate, untilReady } from "./issuers";
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

/** The gateway's certificate, which cert-manager issues and renews in time: the cluster's own, or one that this installs. */
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
        const { certManager: present } = cluster.capabilities.present ?? {};
        const later = { ...options, dependsOn: present === undefined ? createCertManager(namespace, args, options) : [] };
        const issuer = tls.issuer === "acme"
            ? createAcmeIssuer(namespace, { ...tls, present }, gateway, later)
            : createAuthority(namespace, hosts, later);
        const certificate = createCertificate(certificateSecret, namespace, awaited(tls), {
            dnsNames: hosts,
            privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
            usages: ["digital signature", "server auth"],
            issuerRef: { kind: "Issuer", name: issuer.metadata.name },
        }, later);
        grantToGateway(name, namespace, gateway, { ...options, dependsOn: gateway });

        if (tls.issuer === "ca") this.caCertificate = readAuthority(cluster, certificate);
        this.registerOutputs({ caCertificate: this.caCertificate });
    }
}

/** An ACME server issues the certificate once the host's name resolves here, which may be long after the first run. */
function awaited(tls: Issuance): Record<string, string> {
    return tls.issuer === "ca" ? untilReady : {};
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
        dependsOn: [...after.dependsOn, ...(tls.issuer === "acme" ? [gateway] : [])],
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

/** Lets the gateway use the certificate's Secret, and no other, from its own namespace. */
function grantToGateway(
    name: string, namespace: pulumi.Output<string>, gateway: Gateway, options: pulumi.CustomResourceOptions,
): void {
    new kubernetes.apiextensions.CustomResource(`${name}-grant`, {
        apiVersion: "gateway.networking.k8s.io/v1beta1",
        kind: "ReferenceGrant",
        metadata: { name: certificateSecret, namespace },
        spec: {
            from: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: gateway.namespace }],
            to: [{ group: "", kind: "Secret", name: certificateSecret }],
        },
    }, options);
}

/**
 * Reads the CA from the Secret of the certificate that it signed, so it matches what is served. A Pulumi resource that
 * reads the Secret would keep the private key in the state, and every refresh would find it changed.
 */
function readAuthority({ kubeconfig }: Cluster, certificate: kubernetes.apiextensions.CustomResource): pulumi.Output<string> {
    const known = pulumi.all([kubeconfig, certificate.id]);
    return pulumi.unsecret(known.apply(async ([text]) => {
        if (lookingAtNothing()) return "";
        const path = `/api/v1/namespaces/${namespaceName}/secrets/${certificateSecret}`;
        const { data } = await connect(text).then(connection => send(connection, "GET", path)).catch((error: Error): Json => {
            if (pulumi.runtime.isDryRun()) return { data: { "ca.crt": "" } }; // a preview continues; `up` reports the error
            throw new Error(`The Secret ${namespaceName}/${certificateSecret} could not be read: ${error.message}`);
        });
        const { "ca.crt": authority } = (data ?? {}) as Record<string, string | undefined>;
        if (authority === undefined) throw new Error(`The Secret ${namespaceName}/${certificateSecret} has no ca.crt.`);
        return Buffer.from(authority, "base64").toString();
    }));
}
