import * as keyvault from "@pulumi/azure-native/keyvault";
import * as pulumi from "@pulumi/pulumi";
import { rendering } from "../lookup";
import type { Place } from "./place";
import type { AksSettings } from "./sizes";

export interface Key {
    vault: keyvault.Vault;
    /** Id of the newest version. */
    id: pulumi.Output<string>;
}

/**
 * Creates the key that encrypts the cluster's Secrets. A deleted vault keeps its name for a while, so each has a name of
 * its own.
 */
export function createKey(
    name: string, settings: AksSettings, tenantId: pulumi.Input<string>, place: Place,
): Key {
    const { location, tags, group, suffix } = place;
    const options = { ...place.options, protect: settings.deletionProtection };
    const readable = settings.name.replace(/-+/g, "-").slice(0, 13).replace(/-$/, "");
    const vault = new keyvault.Vault(`${name}-vault`, {
        resourceGroupName: group.name,
        location,
        tags,
        vaultName: pulumi.interpolate`lf-${readable}-${suffix}`,
        properties: {
            tenantId,
            sku: { family: "A", name: "standard" },
            enableRbacAuthorization: true,
            enableSoftDelete: true,
            softDeleteRetentionInDays: 90,
            // False is not a value that it takes.
            enablePurgeProtection: settings.size === "production" ? true : undefined,
            // The control plane is not in our network.
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
            // A version that expires encrypts no more, and nothing tells the cluster of the next: none expires.
            rotationPolicy: {
                lifetimeActions: [{ action: { type: "rotate" }, trigger: { timeAfterCreate: "P90D" } }],
            },
        },
    }, options);
    return { vault, id: newestVersion(key, vault, place) };
}

/** The cluster is told a version by its id, so every run looks which one is the newest. */
function newestVersion(key: keyvault.Key, vault: keyvault.Vault, { group, options }: Place): pulumi.Output<string> {
    if (rendering()) return key.keyUriWithVersion;
    return keyvault.getKeyOutput({
        resourceGroupName: group.name, vaultName: vault.name, keyName: key.name,
    }, options).keyUriWithVersion;
}
