import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../../cluster/cluster";
import { connect, type Json, send } from "../../cluster/kubernetes-api";
import { lookingAtNothing } from "../../cluster/lookup";
import { withEphemeralStorage } from "../../scratch";
import { objectLabels, selectorLabels } from "../../workload/labels";
import { allowConnection, networkPolicy } from "../../workload/network";
import { podSecurityContext } from "../../workload/security";
import type { Gateway } from "../gateway";
import { controllerName, Issuance, letsEncrypt, namespaceName, solver } from "./names";

const { CustomResource } = kubernetes.apiextensions;
type CustomResource = kubernetes.apiextensions.CustomResource;

/** Waits for cert-manager's condition: Pulumi doesn't know when custom resources are ready. */
const untilReady = { "pulumi.com/waitFor": "condition=Ready" };

/** Where cert-manager's objects are created. */
export interface Place {
    namespace: pulumi.Input<string>;
    /** What their names begin with, if the namespace belongs to another stack. @example "uat." */
    prefix?: string;
}

/** Creates an Issuer. It is ready when it can sign. */
function createIssuer(
    name: string, { namespace, prefix = "" }: Place, spec: object, options: pulumi.CustomResourceOptions,
): CustomResource {
    return new CustomResource(`${name}-issuer`, {
        apiVersion: "cert-manager.io/v1",
        kind: "Issuer",
        metadata: { name: `${prefix}${name}`, namespace, annotations: untilReady },
        spec,
    }, options);
}

/** Creates a Certificate. cert-manager keeps it valid in the Secret of the same name, or the one in `spec`. */
function createCertificate(
    name: string, { namespace, prefix = "" }: Place, annotations: Record<string, string>, spec: object,
    options: pulumi.CustomResourceOptions,
): CustomResource {
    return new CustomResource(`${name}-certificate`, {
        apiVersion: "cert-manager.io/v1",
        kind: "Certificate",
        metadata: { name: `${prefix}${name}`, namespace, annotations },
        spec: { secretName: `${prefix}${name}`, ...spec },
    }, options);
}

/** Creates the certificate of these hosts, in the Secret `name`, and whoever signs it. */
export function issueCertificate(
    name: string, place: Place, { hosts, tls, gateway }: { hosts: string[]; tls: Issuance; gateway: AttachedTo },
    options: pulumi.CustomResourceOptions,
): CustomResource {
    const issuer = tls.issuer === "acme" ? createAcmeIssuer(place, tls, gateway, options) : createAuthority(place, hosts, options);
    return createCertificate(name, place, awaited(tls), {
        dnsNames: hosts,
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
        usages: ["digital signature", "server auth"],
        issuerRef: { kind: "Issuer", name: issuer.metadata.name },
    }, options);
}

/** An ACME server issues the certificate once the host's name resolves here, which may be long after the first run. */
function awaited(tls: Issuance): Record<string, string> {
    return tls.issuer === "ca" ? untilReady : {};
}

/** Lets the gateway use the certificate's Secret, and no other, from its own namespace. */
export function grantToGateway(
    name: string, secret: string, namespace: pulumi.Input<string>, gatewayNamespace: pulumi.Input<string>,
    options: pulumi.CustomResourceOptions,
): CustomResource {
    return new CustomResource(`${name}-grant`, {
        apiVersion: "gateway.networking.k8s.io/v1beta1",
        kind: "ReferenceGrant",
        metadata: { name: secret, namespace },
        spec: {
            from: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: gatewayNamespace }],
            to: [{ group: "", kind: "Secret", name: secret }],
        },
    }, options);
}

/**
 * Reads the CA from the Secret of the certificate that it signed, so it matches what is served. A Pulumi resource that
 * reads the Secret would keep the private key in the state, and every refresh would find it changed.
 */
export function readAuthority({ kubeconfig }: Cluster, secret: string, certificate: CustomResource): pulumi.Output<string> {
    const known = pulumi.all([kubeconfig, certificate.id]);
    return pulumi.unsecret(known.apply(async ([text]) => {
        if (lookingAtNothing()) return "";
        const path = `/api/v1/namespaces/${namespaceName}/secrets/${secret}`;
        const { data } = await connect(text).then(connection => send(connection, "GET", path)).catch((error: Error): Json => {
            if (pulumi.runtime.isDryRun()) return { data: { "ca.crt": "" } }; // a preview continues; `up` reports the error
            throw new Error(`The Secret ${namespaceName}/${secret} could not be read: ${error.message}`);
        });
        const { "ca.crt": authority } = (data ?? {}) as Record<string, string | undefined>;
        if (authority === undefined) throw new Error(`The Secret ${namespaceName}/${secret} has no ca.crt.`);
        return Buffer.from(authority, "base64").toString();
    }));
}

/** Ten years, in hours. */
const lifetime = "87600h";

/**
 * Creates a CA and the issuer that signs with it. The CA is only valid for these hosts, so a stolen key is worthless
 * elsewhere.
 */
function createAuthority(place: Place, hosts: string[], options: pulumi.CustomResourceOptions): CustomResource {
    const selfSigned = createIssuer("selfsigned", place, { selfSigned: {} }, options);
    const authority = createCertificate("ca", place, untilReady, {
        isCA: true,
        // The name in stores of trusted certificates.
        commonName: `Landfall ${pulumi.getStack()} CA`.slice(0, 64),
        subject: { organizations: ["Landfall"] },
        duration: lifetime,
        // Renewing it with the same key keeps existing certificates valid, and clients that trust the old CA are still served.
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Never" },
        usages: ["cert sign", "crl sign"],
        nameConstraints: { critical: true, permitted: { dnsDomains: hosts } },
        issuerRef: { kind: "Issuer", name: selfSigned.metadata.name },
    }, options);
    return createIssuer("ca", place, { ca: { secretName: authority.metadata.name } }, options);
}

type AcmeIssuance = Extract<Issuance, { issuer: "acme" }>;
/** The Gateway object that the routes of challenges attach to. */
interface AttachedTo {
    gatewayName: pulumi.Input<string>;
    namespace: pulumi.Input<string>;
    /** Its HTTP listeners for the hosts. @default "http" for all hosts */
    listeners?: string[];
}

/** Creates the issuer that orders certificates from an ACME server. */
function createAcmeIssuer(
    place: Place, { server = letsEncrypt, email }: AcmeIssuance, gateway: AttachedTo, options: pulumi.CustomResourceOptions,
): CustomResource {
    return createIssuer("acme", place, {
        acme: {
            server,
            ...(email && { email }),
            privateKeySecretRef: { name: `${place.prefix ?? ""}acme-account` },
            solvers: [{
                http01: {
                    gatewayHTTPRoute: {
                        serviceType: "ClusterIP",
                        parentRefs: (gateway.listeners ?? ["http"]).map(sectionName =>
                            ({ name: gateway.gatewayName, namespace: gateway.namespace, sectionName })),
                        podTemplate: {
                            metadata: { labels: objectLabels(solver.name) },
                            spec: {
                                securityContext: podSecurityContext(65532),
                                resources: withEphemeralStorage({
                                    requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "100m", memory: "64Mi" },
                                }),
                            },
                        },
                    },
                },
            }],
        },
    }, options);
}

/** Lets the gateway reach the solvers. Lets cert-manager reach the ACME server and, to test a challenge, the site itself. */
export function allowChallenges(
    namespace: pulumi.Output<string>, tls: Issuance, gateway: Gateway,
    options: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): void {
    const ports = [...new Set([80, 443, ...serverPorts(tls)])];
    allowConnection(options.parent, gateway, { ...solver, namespace, cluster: gateway.cluster });
    networkPolicy(`${controllerName}-to-outside`, namespace, {
        podSelector: { matchLabels: selectorLabels(controllerName) },
        policyTypes: ["Egress"],
        egress: [
            { ports: ports.map(port => ({ port, protocol: "TCP" })) },
            // The site's own address may resolve directly to the gateway's pods.
            {
                to: [{
                    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": gateway.namespace } },
                    podSelector: { matchLabels: selectorLabels(gateway.name) },
                }],
                ports: [{ port: gateway.httpPort, protocol: "TCP" }],
            },
        ],
    }, options);
}

/** The ports of ACME servers, without those that every server has. */
function serverPorts(tls: Issuance): number[] {
    const port = tls.issuer === "acme" ? Number(new URL(tls.server ?? letsEncrypt).port || 443) : 443;
    return port === 443 || port === 80 ? [] : [port];
}

/** Lets cert-manager reach another ACME server than the platform's own, if it listens on an unusual port. */
export function allowServer({ namespace, prefix = "" }: Place, tls: Issuance, options: pulumi.CustomResourceOptions): void {
    const ports = serverPorts(tls).map(port => ({ port, protocol: "TCP" }));
    if (ports.length === 0) return;
    networkPolicy(`${controllerName}-to-acme-server`, namespace, {
        podSelector: { matchLabels: selectorLabels(controllerName) }, policyTypes: ["Egress"], egress: [{ ports }],
    }, options, `${prefix}${controllerName}-to-acme-server`);
}
