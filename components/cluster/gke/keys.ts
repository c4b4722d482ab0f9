import { CryptoKey, CryptoKeyIAMMember, KeyRing } from "@pulumi/gcp/kms";
import type { ServiceIdentity } from "@pulumi/gcp/projects";
import * as pulumi from "@pulumi/pulumi";
import type { Scope } from "./args";
import { serviceAgents } from "./identities";

/** A key, and the grants to Google's service agents that use it. */
export interface Key {
    id: pulumi.Output<string>;
    grants: CryptoKeyIAMMember[];
}

export interface Keys {
    /** Encrypts Secrets in the control plane's database. */
    secrets: Key;
    volumes: Key;
}

const ninetyDays = `${90 * 24 * 60 * 60}s`;

/**
 * Creates two keys. The volumes' key is retained with their data, which can't be read without it. Key rings can't be
 * deleted, so every new cluster has a ring of a new name; an empty ring costs nothing.
 * @param agents must exist before they get access
 */
export function createKeys(scope: Scope, agents: ServiceIdentity[]): Keys {
    const { name, args, uniqueName, projectNumber, retained } = scope;
    const options = { ...scope.options, dependsOn: agents };
    const guarded = { ...options, protect: args.deletionProtection };
    const keyRing = new KeyRing(`${name}-keys`, { name: uniqueName, location: args.region }, options);
    const ring = { keyRing, projectNumber };
    return {
        secrets: createKey(`${name}-key-secrets`, { ...ring, use: "secrets", agents: ["container"] }, guarded),
        volumes: createKey(`${name}-key-volumes`, { ...ring, use: "volumes", agents: ["compute", "file"] }, {
            ...guarded, retainOnDelete: retained,
        }),
    };
}

interface KeyArgs {
    /** Name of the key in its ring. */
    use: string;
    keyRing: KeyRing;
    projectNumber: pulumi.Output<string>;
    /** Who may encrypt and decrypt with it. */
    agents: (keyof typeof serviceAgents)[];
}

function createKey(name: string, args: KeyArgs, options: pulumi.CustomResourceOptions): Key {
    const key = new CryptoKey(name, {
        name: args.use,
        keyRing: args.keyRing.id,
        purpose: "ENCRYPT_DECRYPT",
        rotationPeriod: ninetyDays,
    }, options);
    // The key is protected, but who may use it can change.
    const changeable = { ...options, protect: false };
    const grants = args.agents.map(agent => new CryptoKeyIAMMember(`${name}-${agent}`, {
        cryptoKeyId: key.id,
        role: "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        member: args.projectNumber.apply(number => `serviceAccount:${serviceAgents[agent](number)}`),
    }, changeable));
    return { id: key.id, grants };
}
