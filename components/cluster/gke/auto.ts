import type { ClusterArgs } from "@pulumi/gcp/container";
import * as pulumi from "@pulumi/pulumi";
import { addons } from "./addons";
import { cloudPlatform } from "./nodes";

/**
 * Autopilot: GKE chooses, upgrades and repairs the machines, and bills what pods request. Requests below its least are
 * raised to it. It refuses pods with more rights than most need; what meets the Pod Security Standard `restricted` is
 * admitted. Spot is the choice of a pod, by its node selector.
 */
export function autopilot(nodeAccount: pulumi.Output<string>): Partial<ClusterArgs> {
    return {
        enableAutopilot: true,
        clusterAutoscaling: {
            autoProvisioningDefaults: { serviceAccount: nodeAccount, oauthScopes: [cloudPlatform] },
        },
        addonsConfig: addons,
    };
}
