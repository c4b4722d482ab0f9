import type * as containerservice from "@pulumi/azure-native/containerservice";
import * as monitor from "@pulumi/azure-native/monitor";
import * as operationalinsights from "@pulumi/azure-native/operationalinsights";
import type { Place } from "./place";
import type { AksSettings } from "./sizes";

/** Who changed what, and who was let in. What is only read is not in it: it would be most of the bill. */
const audit = ["kube-audit-admin", "guard"];
/** What the parts of the control plane say. */
const operation = [
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "cloud-controller-manager", "cluster-autoscaler",
    "csi-azuredisk-controller", "csi-azurefile-controller",
];

/** Keeps the control plane's logs. */
export function createLogging(
    name: string, cluster: containerservice.ManagedCluster, { size, sized }: AksSettings, place: Place,
): monitor.DiagnosticSetting {
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
    return new monitor.DiagnosticSetting(`${name}-audit`, {
        name: "audit",
        resourceUri: cluster.id,
        workspaceId: workspace.id,
        logAnalyticsDestinationType: "Dedicated",
        logs: categories.map(category => ({ category, enabled: true })),
    }, place.options);
}
