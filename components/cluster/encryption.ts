/** A key of the API server, for secretbox. */
export interface Key {
    name: string;
    /** 32 bytes, in base64. */
    secret: string;
}

/** The API server's configuration for Secrets at rest: it encrypts with the first key, and decrypts with all of them. */
export function encryptionConfig(keys: Key[]): object {
    const providers = [{ secretbox: { keys } }, { identity: {} }];
    return {
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "EncryptionConfiguration",
        resources: [{ resources: ["secrets"], providers }],
    };
}
