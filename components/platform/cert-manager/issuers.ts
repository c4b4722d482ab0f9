import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster, Present } from "../../cluster/cluster";
import { connect, type Connection, type Json, send } from "../../cluster/kubernetes-api";
import { lookingAtNothing } from "../../cluster/lookup";
import { withEphemeralStorage } from "../../scratch";
import { objectLabels, selectorLabels } from "../../workload/labels";
import { allowConnection, networkPolicy } from "../../workload/network";
import { platformPriorityClass } from "../../workload/priority";
import { podSecurityContext } from "../../workload/security";
import type { Gateway, HostCertificate } from "../gateway";
import { accountName, certificateName, controllerName, firstCertificate, Issuance, letsEncrypt, namespaceName, solver } from "./names";

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

/** Creates a Certificate. cert-manager keeps it valid in the Secret of the same name. */
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

/** The certificates of an environment's hosts, in the order of the hosts, and who signs them. */
interface Issued {
    certificates: CustomResource[];
    hosts: pulumi.Output<HostCertificate[]>;
    issuer: CustomResource;
}

/** Creates a certificate for each host, and whoever signs them. */
export function issueCertificates(
    place: Place, { hosts, tls, gateway, present }: { hosts: string[]; tls: Issuance; gateway: AttachedTo; present: Used },
    options: pulumi.CustomResourceOptions,
): Issued {
    const issuer = tls.issuer === "acme"
        ? createAcmeIssuer(place, { ...tls, present }, gateway, options) : createAuthority(place, hosts, options);
    const certificates = hosts.map((host, index) => createCertificate(certificateName(host), place, awaited(tls), {
        dnsNames: [host],
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
        usages: ["digital signature", "server auth"],
        issuerRef: { kind: "Issuer", name: issuer.metadata.name },
    }, { ...options, ...(index === 0 && takesOver), ignoreChanges: keptNames }));
    const secrets = pulumi.all(certificates.map(({ metadata }) => metadata.name));
    return { certificates, hosts: secrets.apply(names => names.map((secret, index) => ({ host: hosts[index], secret }))), issuer };
}

/** The first host takes over an older stack's only certificate, and keeps its name and that of its Secret from then on. */
const takesOver: pulumi.CustomResourceOptions = { aliases: [{ name: `${firstCertificate}-certificate` }] };
const keptNames = ["metadata.name", "spec.secretName"];

/** An ACME server issues the certificate once the host's name resolves here, which may be long after the first run. */
function awaited(tls: Issuance): Record<string, string> {
    return tls.issuer === "ca" ? untilReady : {};
}

/** Lets the gateway use the certificates' Secrets, and no others, from its own namespace. */
export function grantToGateway(
    name: string, { namespace, prefix = "" }: Place, hosts: Issued["hosts"], gateway: Pick<AttachedTo, "namespace">,
    options: pulumi.CustomResourceOptions,
): CustomResource {
    return new CustomResource(`${name}-grant`, {
        apiVersion: "gateway.networking.k8s.io/v1beta1",
        kind: "ReferenceGrant",
        metadata: { name: `${prefix}${firstCertificate}`, namespace },
        spec: {
            from: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: gateway.namespace }],
            to: hosts.apply(all => all.map(({ secret }) => ({ group: "", kind: "Secret", name: secret }))),
        },
    }, options);
}

/** Ten years, in hours. */
const lifetime = "87600h";

/**
 * Creates a CA and the issuer that signs with it. The CA is only valid for these hosts, so a stolen key is worthless
 * elsewhere. With other hosts it is issued again, with its key: clients that trust the old one still accept the hosts that
 * it is valid for.
 */
function createAuthority(place: Place, hosts: string[], options: pulumi.CustomResourceOptions): CustomResource {
    const dnsNames = [...hosts].sort();
    const selfSigned = createIssuer("selfsigned", place, { selfSigned: {} }, options);
    const authority = createCertificate("ca", place, untilReady, {
        isCA: true,
        // The name in stores of trusted certificates.
        commonName: `Landfall ${pulumi.getStack()} CA`.slice(0, 64),
        subject: { organizations: ["Landfall"] },
        duration: lifetime,
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Never" },
        usages: ["cert sign", "crl sign"],
        nameConstraints: { critical: true, permitted: { dnsDomains: dnsNames } },
        // cert-manager doesn't notice other constraints, but other names of the CA itself: it issues the CA again.
        dnsNames,
        issuerRef: { kind: "Issuer", name: selfSigned.metadata.name },
    }, options);
    return createIssuer("ca", place, { ca: { secretName: authority.metadata.name } }, options);
}

/** cert-manager, if others installed it. It has its own access to the outside. */
type Used = Present["certManager"] | undefined;
type AcmeIssuance = Extract<Issuance, { issuer: "acme" }> & { present: Used };

/** The Gateway object that the routes of challenges attach to. */
interface AttachedTo {
    gatewayName: pulumi.Input<string>;
    namespace: pulumi.Input<string>;
}

/** Creates the issuer that orders certificates from an ACME server. */
function createAcmeIssuer(
    place: Place, { server = letsEncrypt, email, present }: AcmeIssuance, gateway: AttachedTo, options: pulumi.CustomResourceOptions,
): CustomResource {
    return createIssuer("acme", place, {
        acme: {
            server,
            ...(email && { email }),
            privateKeySecretRef: { name: `${place.prefix ?? ""}${accountName}` },
            solvers: [{
                http01: {
                    gatewayHTTPRoute: {
                        serviceType: "ClusterIP",
                        parentRefs: [{ name: gateway.gatewayName, namespace: gateway.namespace, port: 80 }],
                        podTemplate: {
                            metadata: { labels: objectLabels(solver.name) },
                            spec: {
                                priorityClassName: platformPriorityClass,
                                securityContext: podSecurityContext(65532),
                                ...(present?.solverResources !== false && { resources: solverResources }),
                            },
                        },
                    },
                },
            }],
        },
    }, options);
}

const solverResources = withEphemeralStorage({
    requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "100m", memory: "64Mi" },
});

/** Lets the gateway reach the solvers. Lets cert-manager, if it is ours, reach the ACME server and, to test a challenge, the site. */
export function allowChallenges(
    namespace: pulumi.Output<string>, tls: Issuance, gateway: Gateway, present: Used,
    options: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): void {
    const ports = [...new Set([80, 443, ...serverPorts(tls)])];
    allowConnection(options.parent, gateway, { ...solver, namespace, cluster: gateway.cluster });
    if (present !== undefined) return;
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

/** Lets cert-manager, if it is ours, reach another ACME server than the platform's own, if it listens on an unusual port. */
export function allowServer({ namespace, prefix = "" }: Place, tls: Issuance, options: pulumi.CustomResourceOptions): void {
    const ports = serverPorts(tls).map(port => ({ port, protocol: "TCP" }));
    if (ports.length === 0) return;
    networkPolicy(`${controllerName}-to-acme-server`, namespace, {
        podSelector: { matchLabels: selectorLabels(controllerName) }, policyTypes: ["Egress"], egress: [{ ports }],
    }, options, `${prefix}${controllerName}-to-acme-server`);
}

/** Seconds within which cert-manager has issued a CA again. */
const patience = 60;

/**
 * Reads the CA's certificate. A Pulumi resource that reads the Secret would keep the private key in the state, and every
 * refresh would find it changed.
 */
export function readAuthority({ kubeconfig }: Cluster, { prefix = "" }: Place, { issuer }: Issued): pulumi.Output<string> {
    const name = `${prefix}ca`;
    const known = pulumi.all([kubeconfig, issuer.id]);
    return pulumi.unsecret(known.apply(async ([text]) => {
        if (lookingAtNothing()) return "";
        const { data } = await connect(text).then(connection => readIssued(connection, name)).catch((error: Error): Json => {
            if (pulumi.runtime.isDryRun()) return { data: { "tls.crt": "" } }; // a preview continues; `up` reports the error
            throw new Error(`The Secret ${namespaceName}/${name} could not be read: ${error.message}`);
        });
        const { "tls.crt": authority } = (data ?? {}) as Record<string, string | undefined>;
        if (authority === undefined) throw new Error(`The Secret ${namespaceName}/${name} has no tls.crt.`);
        return Buffer.from(authority, "base64").toString();
    }));
}

/** The CA's Secret, once it is the one that its Certificate asks for. */
async function readIssued(connection: Connection, name: string): Promise<Json> {
    const certificate = `/apis/cert-manager.io/v1/namespaces/${namespaceName}/certificates/${name}`;
    for (let left = pulumi.runtime.isDryRun() ? 0 : patience; left > 0 && !isIssued(await send(connection, "GET", certificate)); left--) {
        await new Promise(resolve => setTimeout(resolve, 1000));
    }
    return send(connection, "GET", `/api/v1/namespaces/${namespaceName}/secrets/${name}`);
}

/** Whether cert-manager has seen the Certificate as it is now, and finds it issued. */
function isIssued({ metadata, status }: Json): boolean {
    const { generation } = (metadata ?? {}) as { generation?: number };
    const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string; observedGeneration?: number }[] };
    return conditions.some(({ type, status, observedGeneration }) =>
        type === "Ready" && status === "True" && observedGeneration === generation);
}
