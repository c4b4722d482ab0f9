import { CryptoKey, CryptoKeyIAMMember, KeyRing } from "@pulumi/gcp/kms";
import * as pulumi from "@pulumi/pulumi";
import type { GkeArgs } from "./args";
import { serviceAgents } from "./services";
import { sizes } from "./sizes";

/** A key, and the grants to those of Google's service accounts that use it. */
export interface Key {
    id: pulumi.Output<string>;
    grants: CryptoKeyIAMMember[];
}

export interface Keys {
    /** Of the Secrets in the control plane's database. */
    secrets: Key;
    /** Of the volumes. */
    volumes: Key;
}

const ninetyDays = `${90 * 24 * 60 * 60}s`;

/**
 * Two keys: the volumes' stays where their data is kept, as it could never be read without. Rings can't be deleted at
 * all, so the ring of every new cluster has a new name; an empty one costs nothing.
 */
export function createKeys(
    name: string, uniqueName: pulumi.Output<string>, number: pulumi.Output<string>, args: GkeArgs,
    opts: pulumi.CustomResourceOptions,
): Keys {
    const guarded = { ...opts, protect: args.deletionProtection ?? sizes[args.size].deletionProtection };
    const keyRing = new KeyRing(`${name}-keys`, { name: uniqueName, location: args.region }, opts);
    const kept = { ...guarded, retainOnDelete: args.volumes !== "delete" };
    const ring = { keyRing, number };
    return {
        secrets: createKey(`${name}-key-secrets`, { ...ring, use: "secrets", agents: ["container"] }, guarded),
        volumes: createKey(`${name}-key-volumes`, { ...ring, use: "volumes", agents: ["compute", "file"] }, kept),
    };
}

interface KeyArgs {
    /** Name of the key in its ring. */
    use: string;
    keyRing: KeyRing;
    number: pulumi.Output<string>;
    /** Who may encrypt and decrypt by it. */
    agents: (keyof typeof serviceAgents)[];
}

function createKey(name: string, args: KeyArgs, opts: pulumi.CustomResourceOptions): Key {
    const key = new CryptoKey(name, {
        name: args.use,
        keyRing: args.keyRing.id,
        purpose: "ENCRYPT_DECRYPT",
        rotationPeriod: ninetyDays,
    }, opts);
    // Who may use it is for the program to change.
    const changeable = { ...opts, protect: false };
    const grants = args.agents.map(agent => new CryptoKeyIAMMember(`${name}-${agent}`, {
        cryptoKeyId: key.id,
        role: "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        member: args.number.apply(number => `serviceAccount:${serviceAgents[agent](number)}`),
    }, changeable));
    return { id: key.id, grants };
}
