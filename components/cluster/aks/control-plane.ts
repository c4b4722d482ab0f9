import * as containerservice from "@pulumi/azure-native/containerservice";
import * as pulumi from "@pulumi/pulumi";
import type { Identities } from "./identities";
import { addressOf, Network } from "./network";
import { systemPool, systemPoolFixed } from "./nodes";
import type { Place } from "./place";
import { provisioningOf } from "./provisioning";
import type { AksSettings } from "./sizes";

export interface ControlPlaneArgs {
    settings: AksSettings;
    version: pulumi.Output<string>;
    network: Network;
    identities: Identities;
    /** Id of the newest version of the key that encrypts Secrets. */
    key: pulumi.Output<string>;
    /** Rights that have to be there before the cluster, and until it is gone. */
    rights: pulumi.Resource[];
}

export function createControlPlane(
    name: string, args: ControlPlaneArgs, place: Place,
): containerservice.ManagedCluster {
    const { settings, network, identities } = args;
    return new containerservice.ManagedCluster(`${name}-control-plane`, {
        resourceName: settings.name,
        resourceGroupName: place.group.name,
        location: place.location,
        tags: place.tags,
        sku: { name: "Base", tier: settings.sized.tier },
        kubernetesVersion: args.version,
        dnsPrefix: settings.name,
        nodeResourceGroup: `${settings.name}-nodes`,
        // What AKS runs is changed by AKS alone.
        nodeResourceGroupProfile: { restrictionLevel: "ReadOnly" },
        ...identityOf(identities),
        ...accessOf(settings, network),
        securityProfile: {
            workloadIdentity: { enabled: true },
            imageCleaner: { enabled: true, intervalHours: 168 },
            azureKeyVaultKms: { enabled: true, keyId: args.key, keyVaultNetworkAccess: "Public" },
        },
        autoUpgradeProfile: { upgradeChannel: "patch", nodeOSUpgradeChannel: "NodeImage" },
        networkProfile: networkProfileOf(settings, network),
        storageProfile: {
            diskCSIDriver: { enabled: true },
            fileCSIDriver: { enabled: true },
            snapshotController: { enabled: true },
        },
        agentPoolProfiles: [systemPool(args, place)],
        ...provisioningOf(settings),
    }, {
        ...place.options,
        dependsOn: args.rights,
        ignoreChanges: systemPoolFixed.map(property => `agentPoolProfiles[0].${property}`),
        protect: settings.deletionProtection,
    });
}

function identityOf({ controlPlane, kubelet }: Identities) {
    return {
        identity: {
            type: containerservice.ResourceIdentityType.UserAssigned, userAssignedIdentities: [controlPlane.id],
        },
        identityProfile: {
            kubeletidentity: { resourceId: kubelet.id, clientId: kubelet.clientId, objectId: kubelet.principalId },
        },
    };
}

/** People and pipelines come in as themselves, from known networks; there is no account but theirs. */
function accessOf({ authorizedNetworks }: AksSettings, { egress }: Network) {
    return {
        disableLocalAccounts: true,
        enableRBAC: true,
        aadProfile: { managed: true, enableAzureRBAC: true },
        apiServerAccessProfile: {
            // The nodes come from the network's own address on the outside.
            authorizedIPRanges: [...authorizedNetworks, addressOf(egress)],
            disableRunCommand: true,
        },
        oidcIssuerProfile: { enabled: true },
    };
}

function networkProfileOf({ podSubnet, serviceSubnet }: AksSettings, { egress }: Network) {
    const [first, second, third] = serviceSubnet.split("/")[0].split(".");
    return {
        networkPlugin: "azure",
        networkPluginMode: "overlay",
        networkDataplane: "cilium",
        networkPolicy: "cilium",
        podCidr: podSubnet,
        serviceCidr: serviceSubnet,
        dnsServiceIP: `${first}.${second}.${third}.10`,
        loadBalancerSku: "standard",
        outboundType: "loadBalancer",
        loadBalancerProfile: { outboundIPs: { publicIPs: [{ id: egress.id }] } },
    };
}
