import type { ManagedCluster } from "@pulumi/azure-native/containerservice";
import type { Vault } from "@pulumi/azure-native/keyvault";
import * as monitor from "@pulumi/azure-native/monitor";
import * as operationalinsights from "@pulumi/azure-native/operationalinsights";
import type * as pulumi from "@pulumi/pulumi";
import type { Scope } from "./args";

/** Who changed what, and who got access. Not who read what: those entries would be most of the bill. */
const audit = ["kube-audit-admin", "guard"];
/** Logs of the control plane's parts. */
const operation = [
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "cloud-controller-manager", "cluster-autoscaler",
    "csi-azuredisk-controller", "csi-azurefile-controller",
];

/** Who used the key, and who changed the vault. */
const vaultAudit = ["AuditEvent"];

interface Logged {
    cluster: ManagedCluster;
    vault: Vault;
}

/** Keeps the logs of the control plane and of the key's vault in a workspace. */
export function createLogging(scope: Scope, { cluster, vault }: Logged): pulumi.Resource[] {
    const { name, args, defaults, tags, group, options } = scope;
    const workspace = new operationalinsights.Workspace(`${name}-logs`, {
        resourceGroupName: group.name,
        location: args.location,
        tags,
        workspaceName: "logs",
        sku: { name: "PerGB2018" },
        retentionInDays: defaults.logRetentionDays,
        // Readers log in with their own accounts.
        features: { disableLocalAuth: true },
    }, options);
    const categories = args.size === "production" ? [...audit, ...operation] : audit;
    const log = (setting: string, resource: pulumi.CustomResource, categories: string[]) =>
        new monitor.DiagnosticSetting(`${name}-${setting}`, {
            name: "audit",
            resourceUri: resource.id,
            workspaceId: workspace.id,
            logAnalyticsDestinationType: "Dedicated",
            logs: categories.map(category => ({ category, enabled: true })),
        }, options);
    return [log("audit", cluster, categories), log("vault-audit", vault, vaultAudit)];
}
