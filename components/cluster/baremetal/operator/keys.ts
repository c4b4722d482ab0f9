// @ts-nocheck
// How the key that encrypts secrets at rest is replaced on all nodes of the control plane, without a moment at which one
// of them meets a secret that it can't read.

/** The key's name is what the rotation is called, so that the nodes' files tell how far it has come. */
export function keyName(text) {
    return `key-${text}`;
}

/** What an API server is told: the first key encrypts, all of them decrypt. */
export function encryptionConfig(keys) {
    const providers = [{ secretbox: { keys } }, { identity: {} }];
    return {
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "EncryptionConfiguration",
        resources: [{ resources: ["secrets"], providers }],
    };
}

/** The keys of a node's file, in order; undefined where it is not one that this program has written. */
export function parseKeys(text) {
    try {
        const config = JSON.parse(text);
        const keys = config.resources[0].providers[0].secretbox.keys.map(({ name, secret }) => ({ name, secret }));
        return JSON.stringify(config) === JSON.stringify(encryptionConfig(keys)) ? keys : undefined;
    } catch {
        return undefined;
    }
}

/**
 * The phases, each a function from a node's keys to those that it has afterwards. A phase is over when all nodes use its
 * keys, and only then does the next begin; secrets are written again before the last. A node that is past a phase stays
 * as it is, so that an interrupted rotation is gone on with from the beginning.
 */
export function phases(key) {
    const others = keys => keys.filter(({ name }) => name !== key.name);
    return {
        known: keys => others(keys).length < keys.length ? keys : [...keys, key],
        first: keys => [key, ...others(keys)],
        alone: () => [key],
    };
}
