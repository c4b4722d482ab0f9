import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../cluster/cluster";
import { connect, type Connection, type Json, send } from "../../cluster/kubernetes-api";
import { lookingAtNothing } from "../../cluster/lookup";
import { inCluster } from "../../cluster/options";
import { type Transform, transformedBy } from "../../transform";
import { gatewayAccessLabel, selectorLabels } from "../../workload/labels";
import { networkPolicy } from "../../workload/network";
import { restrictedNamespaceLabels } from "../../workload/security";
import type { Gateway, HostCertificate } from "../gateway";
import { KubernetesObject } from "../manifests";
import { createCrds, createNamespace, toApiServer } from "../objects";
import { createCainjector } from "./cainjector";
import { createController } from "./controller";
import { createAcmeIssuer, createAuthority, createCertificate, untilReady } from "./issuers";
import { cainjectorName, certificateName, controllerName, firstCertificate, Issuance, namespaceName, webhookName } from "./names";
import { createWebhook, registerWebhook, untilAdmitting, webhookPort } from "./webhook";

export interface CertificatesArgs {
    cluster: Cluster;
    /** cert-manager's CRDs. */
    definitions: KubernetesObject[];
    /** Where the certificates are used. */
    gateway: Gateway;
    /** Host names. Each gets a certificate of its own. @example `["www.example.com", "example.com"]` */
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
        const issuer = tls.issuer === "acme"
            ? createAcmeIssuer(namespace, { ...tls, present }, gateway, later)
            : createAuthority(namespace, hosts, later);
        const certificates = hosts.map((host, index) => createCertificate(certificateName(host), namespace, awaited(tls), {
            dnsNames: [host],
            privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
            usages: ["digital signature", "server auth"],
            issuerRef: { kind: "Issuer", name: issuer.metadata.name },
        }, { ...later, ...(index === 0 && takesOver), ignoreChanges: keptNames }));
        this.hosts = pulumi.all(certificates.map(({ metadata }) => metadata.name))
            .apply(secrets => secrets.map((secret, index) => ({ host: hosts[index], secret })));
        grantToGateway(name, namespace, this.hosts, gateway, { ...options, dependsOn: gateway.definitions });

        if (tls.issuer === "ca") this.caCertificate = readAuthority(cluster, issuer);
        this.registerOutputs({ caCertificate: this.caCertificate });
    }
}

/** The first host takes over an older stack's only certificate, and keeps its name and that of its Secret from then on. */
const takesOver: pulumi.CustomResourceOptions = { aliases: [{ name: `${firstCertificate}-certificate` }] };
const keptNames = ["metadata.name", "spec.secretName"];

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

/** Lets the gateway use the certificates' Secrets, and no others, from its own namespace. */
function grantToGateway(
    name: string, namespace: pulumi.Output<string>, hosts: Certificates["hosts"], gateway: Gateway,
    options: pulumi.CustomResourceOptions,
): void {
    new kubernetes.apiextensions.CustomResource(`${name}-grant`, {
        apiVersion: "gateway.networking.k8s.io/v1beta1",
        kind: "ReferenceGrant",
        metadata: { name: firstCertificate, namespace },
        spec: {
            from: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: gateway.namespace }],
            to: hosts.apply(all => all.map(({ secret }) => ({ group: "", kind: "Secret", name: secret }))),
        },
    }, options);
}

/** Seconds within which cert-manager has issued a CA again. */
const patience = 60;

/**
 * Reads the CA's certificate. A Pulumi resource that reads the Secret would keep the private key in the state, and every
 * refresh would find it changed.
 */
function readAuthority({ kubeconfig }: Cluster, issuer: kubernetes.apiextensions.CustomResource): pulumi.Output<string> {
    const known = pulumi.all([kubeconfig, issuer.id]);
    return pulumi.unsecret(known.apply(async ([text]) => {
        if (lookingAtNothing()) return "";
        const { data } = await connect(text).then(readIssued).catch((error: Error): Json => {
            if (pulumi.runtime.isDryRun()) return { data: { "tls.crt": "" } }; // a preview continues; `up` reports the error
            throw new Error(`The Secret ${namespaceName}/ca could not be read: ${error.message}`);
        });
        const { "tls.crt": authority } = (data ?? {}) as Record<string, string | undefined>;
        if (authority === undefined) throw new Error(`The Secret ${namespaceName}/ca has no tls.crt.`);
        return Buffer.from(authority, "base64").toString();
    }));
}

/** The CA's Secret, once it is the one that its Certificate asks for. */
async function readIssued(connection: Connection): Promise<Json> {
    const certificate = `/apis/cert-manager.io/v1/namespaces/${namespaceName}/certificates/ca`;
    for (let left = pulumi.runtime.isDryRun() ? 0 : patience; left > 0 && !isIssued(await send(connection, "GET", certificate)); left--) {
        await new Promise(resolve => setTimeout(resolve, 1000));
    }
    return send(connection, "GET", `/api/v1/namespaces/${namespaceName}/secrets/ca`);
}

/** Whether cert-manager has seen the Certificate as it is now, and finds it issued. */
function isIssued({ metadata, status }: Json): boolean {
    const { generation } = (metadata ?? {}) as { generation?: number };
    const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string; observedGeneration?: number }[] };
    return conditions.some(({ type, status, observedGeneration }) =>
        type === "Ready" && status === "True" && observedGeneration === generation);
}
