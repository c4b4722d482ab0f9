import * as authorization from "@pulumi/azure-native/authorization";
import type * as resources from "@pulumi/azure-native/resources";
import type { Place } from "./place";

/** Built-in policy "Do not allow deletion of resource types". */
const deletionPolicy = "/providers/Microsoft.Authorization/policyDefinitions/78460a36-508a-49a4-b2b2-2f5ec564f4bb";

/**
 * Nobody deletes the cluster or the shared files, nor the resource groups that hold them, whatever their rights. A lock
 * would do too, but also holds what is below: no pool of nodes could be replaced and no volume deleted while it is on.
 */
export function protectFromDeletion(name: string, data: resources.ResourceGroup, place: Place): void {
    denyDeletion(`${name}-protection`, {
        policyAssignmentName: "keep-cluster",
        displayName: "The cluster is not deleted",
        group: place.group,
        type: "Microsoft.ContainerService/managedClusters",
    }, place);
    denyDeletion(`${name}-data-protection`, {
        policyAssignmentName: "keep-data",
        displayName: "The shared files are not deleted",
        group: data,
        type: "Microsoft.Storage/storageAccounts",
    }, place);
}

interface Denial {
    policyAssignmentName: string;
    displayName: string;
    group: resources.ResourceGroup;
    /** What is not deleted in the group; the group isn't either as long as it has one. */
    type: string;
}

function denyDeletion(name: string, { group, type, ...names }: Denial, { options }: Place): void {
    new authorization.PolicyAssignment(name, {
        ...names,
        description: "Set landfall:cluster.deletionProtection to false and run the program before it is to be deleted.",
        scope: group.id,
        policyDefinitionId: deletionPolicy,
        parameters: { listOfResourceTypesDisallowedForDeletion: { value: [type] } },
    }, options);
}
