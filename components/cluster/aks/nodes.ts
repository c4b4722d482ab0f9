import * as containerservice from "@pulumi/azure-native/containerservice";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { NodePool } from "./args";
import type { Network } from "./network";
import type { Place } from "./place";
import type { AksSettings } from "./sizes";

export interface NodesArgs {
    settings: AksSettings;
    version: pulumi.Output<string>;
    network: Network;
}

/** What AKS keeps pods off spot machines by. */
export const spotTaint = {
    key: "kubernetes.azure.com/scalesetpriority", value: "spot", effect: "NoSchedule" as const,
};

/** What AKS changes on no pool. The cluster's own pool keeps it, as it can't be made anew without the cluster. */
export const systemPoolFixed = [
    "vmSize", "osDiskSizeGB", "availabilityZones", "enableEncryptionAtHost",
    "securityProfile.enableSecureBoot", "securityProfile.enableVTPM",
];

/**
 * The nodes of the cluster's own parts, the one pool that is a part of the cluster. Their number is fixed: every update
 * of the cluster states it, and would undo what an autoscaler did.
 */
export function systemPool(args: NodesArgs, place: Place) {
    const { settings } = args;
    const { machineType, diskSize, count } = settings.sized.systemNodes;
    return {
        name: "system",
        mode: "System",
        ...machines(machineType, diskSize, args, place),
        count,
        enableAutoScaling: false,
        nodeTaints: ["CriticalAddonsOnly=true:NoSchedule"],
        upgradeSettings: upgradeSettings("1"),
    };
}

/** The pools of the workloads. Their nodes get a version of Kubernetes after the control plane has it. */
export function createNodePools(
    name: string, cluster: containerservice.ManagedCluster, args: NodesArgs, place: Place,
): containerservice.AgentPool[] {
    const { settings } = args;
    return Object.entries(settings.nodePools).map(([pool, given]) => {
        return new containerservice.AgentPool(`${name}-pool-${pool}`, {
            resourceGroupName: place.group.name,
            resourceName: cluster.name,
            agentPoolName: poolName(pool, given, settings),
            mode: "User",
            ...machines(given.machineType, given.diskSize, args, place),
            // No `count`: it is the autoscaler's, and AKS refuses another one.
            enableAutoScaling: true,
            minCount: given.min,
            maxCount: given.max,
            nodeLabels: given.labels,
            upgradeSettings: given.spot ? undefined : upgradeSettings(settings.sized.surge),
            ...(given.spot && spotOf(given)),
        }, { ...place.options, dependsOn: cluster, ignoreChanges: ["count"] });
    });
}

/**
 * What AKS doesn't change on a pool is in its name: so the new pool is there before the old one is drained, which a
 * pool of the same name could not be.
 */
function poolName(pool: string, { machineType, diskSize, spot }: NodePool, settings: AksSettings): string {
    const fixed = [
        pool, machineType, diskSize, spot, settings.zones, settings.encryptionAtHost,
        ...trustedLaunch(machineType) ? ["trusted launch"] : [],
    ];
    return pool.slice(0, 8) + createHash("sha256").update(JSON.stringify(fixed)).digest("hex").slice(0, 4);
}

/** The disk is the machine's own where that is large enough, which AKS finds out; it is always encrypted. */
function machines(
    vmSize: string, osDiskSizeGB: number, { settings, version, network }: NodesArgs, { tags }: Place,
) {
    return {
        tags,
        type: "VirtualMachineScaleSets",
        vmSize,
        osType: "Linux",
        osSKU: "AzureLinux",
        osDiskSizeGB,
        availabilityZones: settings.zones,
        vnetSubnetID: network.nodes.id,
        orchestratorVersion: version,
        enableEncryptionAtHost: settings.encryptionAtHost,
        securityProfile: {
            sshAccess: "Disabled",
            ...trustedLaunch(vmSize) && { enableSecureBoot: true, enableVTPM: true },
        },
    };
}

/**
 * Whether machines of this size start with secure boot and a virtual TPM. That takes generation 2, which the families
 * with Premium storage (`s`) have; not Arm's processors (`p`), and not GPUs, whose drivers are not signed.
 * Source: https://aka.ms/aks/trustedlaunch
 * @example trustedLaunch("Standard_D4as_v5") // true
 */
export function trustedLaunch(vmSize: string): boolean {
    const [, features = ""] = /^Standard_(?:B|D|E|F|FX|L)\d+(?:-\d+)?([a-z]*)/.exec(vmSize) ?? [];
    return features.includes("s") && !features.includes("p");
}

/** Nodes wait for the pods' disruption budgets; one that can't be drained is replaced and left for people to see. */
function upgradeSettings(maxSurge: string) {
    return { maxSurge, drainTimeoutInMinutes: 30, undrainableNodeBehavior: "Cordon" };
}

/** AKS itself sets the label and the taint; stated, they don't look like a change. There is no surge of such nodes. */
function spotOf({ labels }: NodePool) {
    const { key, value, effect } = spotTaint;
    return {
        scaleSetPriority: "Spot",
        scaleSetEvictionPolicy: "Delete",
        spotMaxPrice: -1,
        nodeLabels: { ...labels, [key]: value },
        nodeTaints: [`${key}=${value}:${effect}`],
    };
}
