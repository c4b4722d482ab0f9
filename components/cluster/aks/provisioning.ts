import type * as containerservice from "@pulumi/azure-native/containerservice";
import type { AksSettings } from "./sizes";

type Provisioning = Pick<containerservice.ManagedClusterArgs, "nodeProvisioningProfile" | "autoScalerProfile">;

/** Who adds nodes under load and takes them away afterwards: Azure by itself, or its autoscaler within the pools. */
export function provisioningOf({ provisioning }: AksSettings): Provisioning {
    if (provisioning === "auto") return { nodeProvisioningProfile: { mode: "Auto", defaultNodePools: "Auto" } };
    return {
        nodeProvisioningProfile: { mode: "Manual" },
        autoScalerProfile: {
            expander: "least-waste",
            balanceSimilarNodeGroups: "true",
            // By default a pod with an emptyDir, as most of ours are, keeps its node for ever.
            skipNodesWithLocalStorage: "false",
            skipNodesWithSystemPods: "false",
        },
    };
}
