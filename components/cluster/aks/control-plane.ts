import * as containerservice from "@pulumi/azure-native/containerservice";
import * as pulumi from "@pulumi/pulumi";
import { mostGraceSeconds } from "../cloud/args";
import type { CompleteArgs, Scope } from "./args";
import type { Identities } from "./identities";
import { addressOf, type Network } from "./network";
import { systemPool, systemPoolFixed } from "./nodes";

export interface ControlPlaneArgs {
    /** Already checked against the cluster's current version. */
    version: pulumi.Output<string>;
    network: Network;
    identities: Identities;
    /** Id of the newest version of the key that encrypts Secrets. */
    key: pulumi.Output<string>;
    /** Role assignments that must exist before the cluster, and until it is deleted. */
    rights: pulumi.Resource[];
}

/** Creates the cluster with its system pool. */
export function createControlPlane(scope: Scope, created: ControlPlaneArgs): containerservice.ManagedCluster {
    const { name, args, defaults, tags, group, options } = scope;
    const { version, network, identities, key, rights } = created;
    return new containerservice.ManagedCluster(`${name}-control-plane`, {
        resourceName: args.name,
        resourceGroupName: group.name,
        location: args.location,
        tags,
        sku: { name: "Base", tier: defaults.tier },
        kubernetesVersion: version,
        dnsPrefix: args.name,
        nodeResourceGroup: `${args.name}-nodes`,
        // Only AKS changes what it manages.
        nodeResourceGroupProfile: { restrictionLevel: "ReadOnly" },
        ...identityOf(identities),
        ...accessOf(args, network),
        securityProfile: {
            workloadIdentity: { enabled: true },
            imageCleaner: { enabled: true, intervalHours: 168 },
            azureKeyVaultKms: { enabled: true, keyId: key, keyVaultNetworkAccess: "Public" },
        },
        autoUpgradeProfile: { upgradeChannel: "patch", nodeOSUpgradeChannel: "NodeImage" },
        networkProfile: networkProfileOf(args, network),
        storageProfile: {
            diskCSIDriver: { enabled: true },
            fileCSIDriver: { enabled: true },
            snapshotController: { enabled: true },
        },
        agentPoolProfiles: [systemPool(scope, { version, network })],
        ...provisioningOf(args),
    }, {
        ...options,
        dependsOn: rights,
        ignoreChanges: systemPoolFixed.map(property => `agentPoolProfiles[0].${property}`),
        protect: args.deletionProtection,
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

/** People and pipelines log in with their own accounts, from known networks. The cluster has no local accounts. */
function accessOf({ authorizedNetworks }: CompleteArgs, { egress }: Network) {
    return {
        disableLocalAccounts: true,
        enableRBAC: true,
        aadProfile: { managed: true, enableAzureRBAC: true },
        apiServerAccessProfile: {
            // The nodes reach the API server from the network's public address.
            authorizedIPRanges: [...authorizedNetworks, addressOf(egress)],
            disableRunCommand: true,
        },
        oidcIssuerProfile: { enabled: true },
    };
}

function networkProfileOf({ podSubnet, serviceSubnet }: CompleteArgs, { egress }: Network) {
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

type Provisioning = Pick<containerservice.ManagedClusterArgs, "nodeProvisioningProfile" | "autoScalerProfile">;

/** Who adds and removes nodes: Azure itself, or its autoscaler within the pools. */
function provisioningOf({ provisioning }: CompleteArgs): Provisioning {
    if (provisioning === "auto") return { nodeProvisioningProfile: { mode: "Auto", defaultNodePools: "Auto" } };
    return {
        nodeProvisioningProfile: { mode: "Manual" },
        autoScalerProfile: {
            expander: "least-waste",
            balanceSimilarNodeGroups: "true",
            // By default, a pod with an emptyDir keeps its node forever, and most of ours have one.
            skipNodesWithLocalStorage: "false",
            skipNodesWithSystemPods: "false",
            maxGracefulTerminationSec: String(mostGraceSeconds),
        },
    };
}

/** AKS's names for the windows in which it upgrades the cluster and the nodes. */
const windows = { cluster: "aksManagedAutoUpgradeSchedule", nodes: "aksManagedNodeOSUpgradeSchedule" };

/** Upgrades happen in the weekly window. */
export function createMaintenance(scope: Scope, cluster: containerservice.ManagedCluster): void {
    const { name, args: { maintenance: { day, start, hours } }, group, options } = scope;
    for (const [what, configName] of Object.entries(windows)) {
        new containerservice.MaintenanceConfiguration(`${name}-maintenance-${what}`, {
            resourceGroupName: group.name,
            resourceName: cluster.name,
            configName,
            maintenanceWindow: {
                schedule: { weekly: { intervalWeeks: 1, dayOfWeek: day } },
                startTime: start,
                utcOffset: "+00:00",
                durationHours: hours,
            },
        }, options);
    }
}

/** The cluster's version; undefined if there is no cluster yet. */
export async function currentVersion(name: string, options: pulumi.InvokeOptions): Promise<string | undefined> {
    try {
        const names = { resourceGroupName: name, resourceName: name };
        return (await containerservice.getManagedCluster(names, options)).currentKubernetesVersion;
    } catch (error) {
        const { message } = error as Error;
        if (/ResourceNotFound|ResourceGroupNotFound/.test(message)) return undefined;
        throw new pulumi.RunError(`Azure didn't say which version the cluster "${name}" has: ${message}`);
    }
}
