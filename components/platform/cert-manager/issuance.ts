/** Directory of Let's Encrypt. */
export const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";

/** Who signs the gateway's certificate. */
export type Issuance =
    /** A certificate authority of the stack's own, which nobody outside knows: for laptops and closed networks. */
    | { issuer: "ca" }
    /** A public one by the ACME protocol, which asks for the site by HTTP on port 80 of each host. */
    | {
        issuer: "acme";
        /** Directory of the ACME server. @default Let's Encrypt's @example `https://acme.corp.internal/directory` */
        server?: string;
        /** Where the server's operator may write to. @example `ops@example.com` */
        email?: string;
    };
