import * as containerservice from "@pulumi/azure-native/containerservice";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { NodePool } from "../cloud/args";
import { drainPatience } from "../drain";
import type { CompleteArgs, Scope } from "./args";
import type { Network } from "./network";

export interface NodesArgs {
    version: pulumi.Output<string>;
    network: Network;
}

/** The taint with which AKS keeps pods off spot machines. */
export const spotTaint = {
    key: "kubernetes.azure.com/scalesetpriority", value: "spot", effect: "NoSchedule" as const,
};

/** What AKS can't change on a pool. The system pool keeps it, because only a new cluster could have another one. */
export const systemPoolFixed = [
    "vmSize", "osDiskSizeGB", "availabilityZones", "enableEncryptionAtHost",
    "securityProfile.enableSecureBoot", "securityProfile.enableVTPM",
];

/**
 * The pool of the cluster's own parts, the only one that is part of the cluster. Its size is fixed: every update of the
 * cluster sets it, and would undo what an autoscaler did.
 */
export function systemPool(scope: Scope, nodes: NodesArgs) {
    const { machineType, diskSize, count } = scope.defaults.systemNodes;
    return {
        name: "system",
        mode: "System",
        ...machines(machineType, diskSize, scope, nodes),
        count,
        enableAutoScaling: false,
        nodeTaints: ["CriticalAddonsOnly=true:NoSchedule"],
        upgradeSettings: upgradeSettings("1"),
    };
}

/** Creates the pools of the workloads. Their Kubernetes version follows the control plane's. */
export function createNodePools(
    scope: Scope, cluster: containerservice.ManagedCluster, nodes: NodesArgs,
): containerservice.AgentPool[] {
    const { name, args, defaults, group, options } = scope;
    return Object.entries(args.nodePools).map(([pool, settings]) => {
        return new containerservice.AgentPool(`${name}-pool-${pool}`, {
            resourceGroupName: group.name,
            resourceName: cluster.name,
            agentPoolName: poolName(pool, settings, args),
            mode: "User",
            ...machines(settings.machineType, settings.diskSize, scope, nodes),
            // No `count`: the autoscaler sets it, and AKS refuses any other.
            enableAutoScaling: true,
            minCount: settings.min,
            maxCount: settings.max,
            nodeLabels: settings.labels,
            upgradeSettings: settings.spot ? undefined : upgradeSettings(defaults.surge, args.graceSeconds),
            ...(settings.spot && spotSettings(settings)),
        }, { ...options, dependsOn: cluster, ignoreChanges: ["count"] });
    });
}

/**
 * Contains a digest of what AKS can't change on a pool. So such a change creates a pool of a new name before the old one is
 * drained; two pools can't have the same name.
 */
function poolName(pool: string, { machineType, diskSize, spot }: NodePool, args: CompleteArgs): string {
    const fixed = [
        pool, machineType, diskSize, spot, args.zones, args.encryptionAtHost,
        ...trustedLaunch(machineType) ? ["trusted launch"] : [],
    ];
    return pool.slice(0, 8) + createHash("sha256").update(JSON.stringify(fixed)).digest("hex").slice(0, 4);
}

/** If the machine's own disk is large enough, AKS uses that. The disk is always encrypted. */
function machines(
    vmSize: string, osDiskSizeGB: number, { args, tags }: Scope, { version, network }: NodesArgs,
) {
    return {
        tags,
        type: "VirtualMachineScaleSets",
        vmSize,
        osType: "Linux",
        osSKU: "AzureLinux",
        osDiskSizeGB,
        availabilityZones: args.zones,
        vnetSubnetID: network.nodes.id,
        orchestratorVersion: version,
        enableEncryptionAtHost: args.encryptionAtHost,
        securityProfile: {
            sshAccess: "Disabled",
            ...trustedLaunch(vmSize) && { enableSecureBoot: true, enableVTPM: true },
        },
    };
}

/**
 * Whether machines of this size support secure boot and a virtual TPM. These need generation 2, which the families with
 * Premium storage (`s`) have, but not Arm processors (`p`), nor GPUs, whose drivers aren't signed.
 * Source: https://aka.ms/aks/trustedlaunch
 * @example trustedLaunch("Standard_D4as_v5") // true
 */
function trustedLaunch(vmSize: string): boolean {
    const [, features = ""] = /^Standard_(?:B|D|E|F|FX|L)\d+(?:-\d+)?([a-z]*)/.exec(vmSize) ?? [];
    return features.includes("s") && !features.includes("p");
}

/** Minutes that AKS allows for a drain. */
const mostDrain = 1440;

/** A node that can't be drained is replaced, but stays, cordoned, for people to see. */
function upgradeSettings(maxSurge: string, graceSeconds = 0) {
    const seconds = Math.max(drainPatience.least, graceSeconds + drainPatience.more);
    const drainTimeoutInMinutes = Math.min(Math.ceil(seconds / 60), mostDrain);
    return { maxSurge, drainTimeoutInMinutes, undrainableNodeBehavior: "Cordon" };
}

/** AKS sets the label and the taint itself; naming them keeps them from looking like a change. Spot pools have no surge. */
function spotSettings({ labels }: NodePool) {
    const { key, value, effect } = spotTaint;
    return {
        scaleSetPriority: "Spot",
        scaleSetEvictionPolicy: "Delete",
        spotMaxPrice: -1,
        nodeLabels: { ...labels, [key]: value },
        nodeTaints: [`${key}=${value}:${effect}`],
    };
}
