// How the key that encrypts secrets at rest is replaced on all control-plane nodes, so that at no moment any of them meets a
// secret that it can't read.

/** A key of the API server, for secretbox. */
export interface Key {
    name: string;
    secret: string;
}

/** From a node's keys to those that it has next. */
export type Phase = (keys: Key[]) => Key[];

/** The key is named after the rotation, so the nodes' files tell how far the rotation has come. */
export function keyName(rotation: string): string {
    return `key-${rotation}`;
}

/** The API server's configuration: it encrypts with the first key, and decrypts with all of them. */
export function encryptionConfig(keys: Key[]): object {
    const providers = [{ secretbox: { keys } }, { identity: {} }];
    return {
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "EncryptionConfiguration",
        resources: [{ resources: ["secrets"], providers }],
    };
}

/** The keys in a node's file, in order; undefined if this program did not write the file. */
export function parseKeys(text: string): Key[] | undefined {
    try {
        const config = JSON.parse(text) as { resources: { providers: { secretbox: { keys: Key[] } }[] }[] };
        const keys = config.resources[0].providers[0].secretbox.keys.map(({ name, secret }) => ({ name, secret }));
        return JSON.stringify(config) === JSON.stringify(encryptionConfig(keys)) ? keys : undefined;
    } catch {
        return undefined;
    }
}

/**
 * The phases of a rotation. Each ends when all nodes use its keys, and only then does the next begin; secrets are written
 * again before the last. A node that is past a phase stays as it is, so an interrupted rotation starts over.
 */
export function phases(key: Key): { known: Phase; first: Phase; alone: Phase } {
    const others = (keys: Key[]) => keys.filter(({ name }) => name !== key.name);
    return {
        known: keys => others(keys).length < keys.length ? keys : [...keys, key],
        first: keys => [key, ...others(keys)],
        alone: () => [key],
    };
}
