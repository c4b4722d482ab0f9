import * as resources from "@pulumi/azure-native/resources";
import * as storage from "@pulumi/azure-native/storage";
import * as pulumi from "@pulumi/pulumi";
import { tagList } from "../cloud/args";
import type { StorageClass } from "../cluster";
import type { Scope } from "./args";
import { assignRole, type Identities } from "./identities";
import type { Network } from "./network";
import { globalName } from "./registry";

export interface Storage {
    /** The resource group of the volumes. */
    group: resources.ResourceGroup;
    classes: StorageClass[];
    /** What the drivers need until the last volume is deleted. */
    rights: pulumi.Resource[];
}

/** Days for which a deleted share can be restored. */
const shareRetention = 14;

/**
 * Creates a resource group for the volumes, because AKS deletes the nodes' one together with the cluster. Retained data
 * stays there when the stack is destroyed.
 */
export function createStorage(scope: Scope, network: Network, { controlPlane }: Identities): Storage {
    const { name, args, tags, suffix } = scope;
    const options = { ...scope.options, retainOnDelete: scope.retained };
    const guarded = { ...options, protect: args.deletionProtection };
    const group = new resources.ResourceGroup(`${name}-data`, {
        resourceGroupName: pulumi.interpolate`${args.name}-data-${suffix}`,
        location: args.location,
        tags,
    }, guarded);
    const shares = createShares(scope, group, network, guarded);
    const service = new storage.FileServiceProperties(`${name}-shares-service`, {
        resourceGroupName: group.name,
        accountName: shares.name,
        fileServicesName: "default",
        shareDeleteRetentionPolicy: { enabled: true, days: shareRetention },
    }, options);
    // The drivers act as the control plane. The group only holds the volumes.
    const right = assignRole(`${name}-keeps-volumes`, {
        role: "contributor", principalId: controlPlane.principalId, principalType: "ServicePrincipal", scope: group.id,
    }, scope);
    return { group, classes: storageClassesOf(scope, group, shares), rights: [right, service] };
}

/** Creates the account of the NFS shares, which many nodes can write to. Only the nodes reach it, and it has no keys. */
function createShares(
    { name, args, defaults, tags, suffix }: Scope, group: resources.ResourceGroup, network: Network,
    options: pulumi.CustomResourceOptions,
): storage.StorageAccount {
    return new storage.StorageAccount(`${name}-shares`, {
        resourceGroupName: group.name,
        accountName: globalName(args.name, 24, suffix),
        location: args.location,
        tags,
        kind: "FileStorage",
        sku: { name: `Premium_${defaults.redundancy}` },
        allowBlobPublicAccess: false,
        allowSharedKeyAccess: false,
        minimumTlsVersion: "TLS1_2",
        // This is for HTTP and would refuse NFS, which the driver encrypts itself.
        enableHttpsTrafficOnly: false,
        networkRuleSet: {
            defaultAction: storage.DefaultAction.Deny,
            bypass: "None",
            virtualNetworkRules: [{ virtualNetworkResourceId: network.nodes.id }],
        },
        // An update can't move data to more zones. Azure does that on request.
    }, { ...options, ignoreChanges: ["sku"] });
}

/** The StorageClasses: disks for one pod, shares for many. */
function storageClassesOf(
    { defaults, tags }: Scope, group: resources.ResourceGroup, shares: storage.StorageAccount,
): StorageClass[] {
    return [
        {
            name: "landfall",
            provisioner: "disk.csi.azure.com",
            parameters: {
                skuName: `${defaults.disks}_${defaults.redundancy}`,
                resourceGroup: group.name,
                tags: tagList(tags),
            },
            isDefault: true,
        },
        {
            name: "landfall-shared",
            provisioner: "file.csi.azure.com",
            parameters: {
                protocol: "nfs",
                skuName: `Premium_${defaults.redundancy}`,
                resourceGroup: group.name,
                storageAccount: shares.name,
                encryptInTransit: "true",
                // Pods run as users other than root, as Pod Security requires.
                mountPermissions: "0777",
                fsGroupChangePolicy: "None",
            },
            mountOptions: ["noresvport"],
            volumeBindingMode: "Immediate",
        },
    ];
}
