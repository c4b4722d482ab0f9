import * as resources from "@pulumi/azure-native/resources";
import * as storage from "@pulumi/azure-native/storage";
import * as pulumi from "@pulumi/pulumi";
import type { StorageClass } from "../cluster";
import type { Identities } from "./identities";
import type { Network } from "./network";
import { globalName, Place } from "./place";
import { assignRole } from "./roles";
import type { AksSettings } from "./sizes";

export interface Storage {
    /** The resource group of the volumes. */
    group: resources.ResourceGroup;
    classes: StorageClass[];
    /** What the drivers need until the last volume is gone. */
    rights: pulumi.Resource[];
}

/** Days for which a share that was deleted can be had again. */
const shareRetention = 14;

/**
 * Where volumes are kept: in a resource group of their own, since AKS deletes the one of the nodes with the cluster.
 * Data that is retained outlives the stack there.
 */
export function createStorage(
    name: string, settings: AksSettings, network: Network, { controlPlane }: Identities, place: Place,
): Storage {
    const options = { ...place.options, retainOnDelete: settings.volumes === "retain" };
    const kept = { ...options, protect: settings.deletionProtection };
    const group = new resources.ResourceGroup(`${name}-data`, {
        resourceGroupName: pulumi.interpolate`${settings.name}-data-${place.suffix}`,
        location: place.location,
        tags: place.tags,
    }, kept);
    const shares = createShares(name, settings, network, { ...place, group, options: kept });
    const service = new storage.FileServiceProperties(`${name}-shares-service`, {
        resourceGroupName: group.name,
        accountName: shares.name,
        fileServicesName: "default",
        shareDeleteRetentionPolicy: { enabled: true, days: shareRetention },
    }, options);
    // The drivers act as the control plane. In this group there is nothing but the volumes.
    const right = assignRole(`${name}-keeps-volumes`, {
        role: "contributor", principalId: controlPlane.principalId, principalType: "ServicePrincipal", scope: group.id,
    }, place);
    return { group, classes: classesOf(settings, group, shares, place), rights: [right, service] };
}

/** Shares that many nodes write, by NFS. Only the nodes reach them; there are no keys to lose. */
function createShares(
    name: string, settings: AksSettings, network: Network, place: Place,
): storage.StorageAccount {
    return new storage.StorageAccount(`${name}-shares`, {
        resourceGroupName: place.group.name,
        accountName: globalName(settings.name, 24, place),
        location: place.location,
        tags: place.tags,
        kind: "FileStorage",
        sku: { name: `Premium_${settings.sized.redundancy}` },
        allowBlobPublicAccess: false,
        allowSharedKeyAccess: false,
        minimumTlsVersion: "TLS1_2",
        // It is for requests over HTTP and would refuse NFS, which the driver encrypts by itself.
        enableHttpsTrafficOnly: false,
        networkRuleSet: {
            defaultAction: storage.DefaultAction.Deny,
            bypass: "None",
            virtualNetworkRules: [{ virtualNetworkResourceId: network.nodes.id }],
        },
        // Data is not moved to more zones by an update; Azure does that on request.
    }, { ...place.options, ignoreChanges: ["sku"] });
}

function classesOf(
    { sized }: AksSettings, group: resources.ResourceGroup, shares: storage.StorageAccount, { tags }: Place,
): StorageClass[] {
    return [
        {
            name: "landfall",
            provisioner: "disk.csi.azure.com",
            parameters: {
                skuName: `${sized.disks}_${sized.redundancy}`,
                resourceGroup: group.name,
                tags: Object.entries(tags).map(([key, value]) => `${key}=${value}`).join(","),
            },
            isDefault: true,
        },
        {
            name: "landfall-shared",
            provisioner: "file.csi.azure.com",
            parameters: {
                protocol: "nfs",
                skuName: `Premium_${sized.redundancy}`,
                resourceGroup: group.name,
                storageAccount: shares.name,
                encryptInTransit: "true",
                // Users other than root write: what Pod Security lets in.
                mountPermissions: "0777",
                fsGroupChangePolicy: "None",
            },
            mountOptions: ["noresvport"],
            volumeBindingMode: "Immediate",
        },
    ];
}
