import type * as containerservice from "@pulumi/azure-native/containerservice";
import type * as keyvault from "@pulumi/azure-native/keyvault";
import * as monitor from "@pulumi/azure-native/monitor";
import * as operationalinsights from "@pulumi/azure-native/operationalinsights";
import type * as pulumi from "@pulumi/pulumi";
import type { Place } from "./place";
import type { AksSettings } from "./sizes";

/** Who changed what, and who was let in. What is only read is not in it: it would be most of the bill. */
const audit = ["kube-audit-admin", "guard"];
/** What the parts of the control plane say. */
const operation = [
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "cloud-controller-manager", "cluster-autoscaler",
    "csi-azuredisk-controller", "csi-azurefile-controller",
];

/** Who used the key, and who changed the vault. */
const vaultAudit = ["AuditEvent"];

export interface Logged {
    cluster: containerservice.ManagedCluster;
    vault: keyvault.Vault;
}

/** Keeps the logs of the control plane and of the key's vault. */
export function createLogging(
    name: string, { cluster, vault }: Logged, { size, sized }: AksSettings, place: Place,
): pulumi.Resource[] {
    const workspace = new operationalinsights.Workspace(`${name}-logs`, {
        resourceGroupName: place.group.name,
        location: place.location,
        tags: place.tags,
        workspaceName: "logs",
        sku: { name: "PerGB2018" },
        retentionInDays: sized.logRetention,
        // Who reads them does so as themselves.
        features: { disableLocalAuth: true },
    }, place.options);
    const categories = size === "production" ? [...audit, ...operation] : audit;
    const log = (setting: string, resource: pulumi.CustomResource, categories: string[]) =>
        new monitor.DiagnosticSetting(`${name}-${setting}`, {
            name: "audit",
            resourceUri: resource.id,
            workspaceId: workspace.id,
            logAnalyticsDestinationType: "Dedicated",
            logs: categories.map(category => ({ category, enabled: true })),
        }, place.options);
    return [log("audit", cluster, categories), log("vault-audit", vault, vaultAudit)];
}
