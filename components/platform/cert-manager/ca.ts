import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createCertificate, createIssuer, untilReady } from "./objects";

/** Ten years, in hours. */
const lifetime = "87600h";

/**
 * Creates a CA and the issuer that signs with it. The CA is only valid for these hosts, so a stolen key is worthless
 * elsewhere.
 */
export function createAuthority(
    namespace: pulumi.Output<string>, hosts: string[], options: pulumi.CustomResourceOptions,
): kubernetes.apiextensions.CustomResource {
    const selfSigned = createIssuer("selfsigned", namespace, { selfSigned: {} }, options);
    const authority = createCertificate("ca", namespace, untilReady, {
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
    return createIssuer("ca", namespace, { ca: { secretName: authority.metadata.name } }, options);
}
