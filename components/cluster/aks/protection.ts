import * as authorization from "@pulumi/azure-native/authorization";
import type { Place } from "./place";

/** Built-in policy "Do not allow deletion of resource types". */
const denyDeletion = "/providers/Microsoft.Authorization/policyDefinitions/78460a36-508a-49a4-b2b2-2f5ec564f4bb";

/**
 * Nobody deletes the cluster, nor its resource group, whatever their rights. A lock would do too, but also holds what
 * is below the cluster: no pool of nodes could be taken away or made anew while it is on.
 */
export function protectCluster(name: string, { group, options }: Place): authorization.PolicyAssignment {
    return new authorization.PolicyAssignment(`${name}-protection`, {
        policyAssignmentName: "keep-cluster",
        displayName: "The cluster is not deleted",
        description: "Set landfall:cluster.deletionProtection to false and run the program before it is to be deleted.",
        scope: group.id,
        policyDefinitionId: denyDeletion,
        parameters: {
            listOfResourceTypesDisallowedForDeletion: { value: ["Microsoft.ContainerService/managedClusters"] },
        },
    }, options);
}
