import { hostObjectName } from "../../workload/labels";
import { namespaces } from "../namespaces";

export const namespaceName = namespaces.certificates;

/** Up to version 0.2.0, the one Certificate and its Secret. The first host's keeps this name in stacks that have it. */
export const firstCertificate = "gateway-tls";

/**
 * Name of a host's Certificate and of its Secret. It follows from the host alone, so that a host keeps its certificate when
 * it becomes another's redirect, or the other way round.
 */
export function certificateName(host: string): string {
    return hostObjectName("gateway", host);
}

export const controllerName = "cert-manager";
export const webhookName = "cert-manager-webhook";
export const cainjectorName = "cert-manager-cainjector";

/** The pods that answer an ACME server's challenges. cert-manager creates one for each challenge, and removes it. */
export const solver = { name: "acme-solver", port: 8089 };

/** The Secret with the key of an account at an ACME server. */
export const accountName = "acme-account";

/** Directory URL of Let's Encrypt. */
export const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";

/** Who signs the gateway's certificate. */
export type Issuance =
    /** The stack's own CA, which isn't trusted outside: for laptops and closed networks. */
    | { issuer: "ca" }
    /** A public CA that speaks ACME. It checks each host over HTTP on port 80. */
    | {
        issuer: "acme";
        /** Directory URL of the ACME server. @default Let's Encrypt's @example `https://acme.corp.internal/directory` */
        server?: string;
        /** Address at which the CA may contact you. @example `ops@example.com` */
        email?: string;
    };
