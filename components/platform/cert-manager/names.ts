import { namespaces } from "../namespaces";

export const namespaceName = namespaces.certificates;

/** The Secret with the gateway's certificate. The gateway may use it from its own namespace. */
export const certificateSecret = "gateway-tls";

export const controllerName = "cert-manager";
export const webhookName = "cert-manager-webhook";
export const cainjectorName = "cert-manager-cainjector";

/** The pods that answer an ACME server's challenges. cert-manager creates one for each challenge, and removes it. */
export const solver = { name: "acme-solver", port: 8089 };

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
