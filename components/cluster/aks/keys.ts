import * as keyvault from "@pulumi/azure-native/keyvault";
import * as pulumi from "@pulumi/pulumi";
import { rendering } from "../lookup";
import type { Scope } from "./args";

export interface Key {
    vault: keyvault.Vault;
    /** Id of the newest version. */
    id: pulumi.Output<string>;
}

/**
 * Creates the key that encrypts the cluster's Secrets. A deleted vault's name stays taken for a while, so every new cluster
 * has a vault of a new name.
 */
export function createKey(scope: Scope, tenantId: pulumi.Input<string>): Key {
    const { name, args, tags, group, suffix } = scope;
    const options = { ...scope.options, protect: args.deletionProtection };
    const readable = args.name.replace(/-+/g, "-").slice(0, 13).replace(/-$/, "");
    const vault = new keyvault.Vault(`${name}-vault`, {
        resourceGroupName: group.name,
        location: args.location,
        tags,
        vaultName: pulumi.interpolate`lf-${readable}-${suffix}`,
        properties: {
            tenantId,
            sku: { family: "A", name: "standard" },
            enableRbacAuthorization: true,
            enableSoftDelete: true,
            softDeleteRetentionInDays: 90,
            // Azure doesn't accept false.
            enablePurgeProtection: args.size === "production" ? true : undefined,
            // The control plane isn't in the cluster's network.
            publicNetworkAccess: "Enabled",
        },
    }, options);
    const key = new keyvault.Key(`${name}-key`, {
        resourceGroupName: group.name,
        vaultName: vault.name,
        keyName: "secrets",
        tags,
        properties: {
            kty: "RSA",
            keySize: 3072,
            keyOps: ["encrypt", "decrypt", "wrapKey", "unwrapKey"],
            // No version expires: an expired one can't encrypt, and nothing would give the cluster the next one.
            rotationPolicy: {
                lifetimeActions: [{ action: { type: "rotate" }, trigger: { timeAfterCreate: "P90D" } }],
            },
        },
    }, options);
    return { vault, id: newestVersion(scope, vault, key) };
}

/** The cluster needs the id of a version, so every run looks up the newest. */
function newestVersion({ group, options }: Scope, vault: keyvault.Vault, key: keyvault.Key): pulumi.Output<string> {
    if (rendering()) return key.keyUriWithVersion;
    return keyvault.getKeyOutput({
        resourceGroupName: group.name, vaultName: vault.name, keyName: key.name,
    }, options).keyUriWithVersion;
}
