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
