import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { withEphemeralStorage } from "../../scratch";
import { objectLabels, selectorLabels } from "../../workload/labels";
import { allowConnection, networkPolicy } from "../../workload/network";
import { podSecurityContext } from "../../workload/security";
import type { Gateway } from "../gateway";
import { gatewayName } from "../gateway/contour";
import { controllerName, Issuance, letsEncrypt, solver } from "./names";

const { CustomResource } = kubernetes.apiextensions;
type CustomResource = kubernetes.apiextensions.CustomResource;

/** Waits for cert-manager's condition: Pulumi doesn't know when custom resources are ready. */
export const untilReady = { "pulumi.com/waitFor": "condition=Ready" };

/** Creates an Issuer. It is ready when it can sign. */
function createIssuer(
    name: string, namespace: pulumi.Output<string>, spec: object, options: pulumi.CustomResourceOptions,
): CustomResource {
    return new CustomResource(`${name}-issuer`, {
        apiVersion: "cert-manager.io/v1",
        kind: "Issuer",
        metadata: { name, namespace, annotations: untilReady },
        spec,
    }, options);
}

/** Creates a Certificate. cert-manager keeps it valid in the Secret of the same name. */
export function createCertificate(
    name: string, namespace: pulumi.Output<string>, annotations: Record<string, string>, spec: object,
    options: pulumi.CustomResourceOptions,
): CustomResource {
    return new CustomResource(`${name}-certificate`, {
        apiVersion: "cert-manager.io/v1",
        kind: "Certificate",
        metadata: { name, namespace, annotations },
        spec: { secretName: name, ...spec },
    }, options);
}

/** Ten years, in hours. */
const lifetime = "87600h";

/**
 * Creates a CA and the issuer that signs with it. The CA is only valid for these hosts, so a stolen key is worthless
 * elsewhere. With other hosts it is issued again, with its key: clients that trust the old one still accept the hosts that
 * it is valid for.
 */
export function createAuthority(
    namespace: pulumi.Output<string>, hosts: string[], options: pulumi.CustomResourceOptions,
): CustomResource {
    const dnsNames = [...hosts].sort();
    const selfSigned = createIssuer("selfsigned", namespace, { selfSigned: {} }, options);
    const authority = createCertificate("ca", namespace, untilReady, {
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
    return createIssuer("ca", namespace, { ca: { secretName: authority.metadata.name } }, options);
}

type AcmeIssuance = Extract<Issuance, { issuer: "acme" }>;

/** Creates the issuer that orders certificates from an ACME server. The gateway accepts the server's challenges. */
export function createAcmeIssuer(
    namespace: pulumi.Output<string>, { server = letsEncrypt, email }: AcmeIssuance, gateway: Gateway,
    options: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): CustomResource {
    allowChallenges(namespace, gateway, Number(new URL(server).port || 443), options);
    return createIssuer("acme", namespace, {
        acme: {
            server,
            ...(email && { email }),
            privateKeySecretRef: { name: "acme-account" },
            solvers: [{
                http01: {
                    gatewayHTTPRoute: {
                        serviceType: "ClusterIP",
                        parentRefs: [{ name: gatewayName, namespace: gateway.namespace, port: 80 }],
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
function allowChallenges(
    namespace: pulumi.Output<string>, gateway: Gateway, serverPort: number,
    options: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): void {
    const ports = [...new Set([80, 443, serverPort])];
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
