import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createCertificate, createIssuer, untilReady } from "./objects";

/** Ten years, as hours. */
const lifetime = "87600h";

/**
 * Creates a certificate authority and the issuer that signs with it. Whoever trusts it trusts it for these hosts only:
 * a stolen key is worth nothing elsewhere.
 */
export function createAuthority(
    namespace: pulumi.Output<string>, hosts: string[], options: pulumi.CustomResourceOptions,
): kubernetes.apiextensions.CustomResource {
    const selfSigned = createIssuer("selfsigned", namespace, { selfSigned: {} }, options);
    const authority = createCertificate("ca", namespace, untilReady, {
        isCA: true,
        // A store of trusted certificates lists it by this name.
        commonName: `Landfall ${pulumi.getStack()} CA`.slice(0, 64),
        subject: { organizations: ["Landfall"] },
        duration: lifetime,
        // Renewed with the key it has, it still vouches for what is in use, and who trusts the old one is served.
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Never" },
        usages: ["cert sign", "crl sign"],
        nameConstraints: { critical: true, permitted: { dnsDomains: hosts } },
        issuerRef: { kind: "Issuer", name: selfSigned.metadata.name },
    }, options);
    return createIssuer("ca", namespace, { ca: { secretName: authority.metadata.name } }, options);
}
