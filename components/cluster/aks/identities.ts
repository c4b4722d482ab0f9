import type { RoleAssignment } from "@pulumi/azure-native/authorization";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import type { Place } from "./place";
import { assignRole } from "./roles";

export interface Identities {
    /** Who the control plane is. */
    controlPlane: managedidentity.UserAssignedIdentity;
    /** Who the nodes are when they pull images. */
    kubelet: managedidentity.UserAssignedIdentity;
    /** What the control plane needs before it is there. */
    rights: RoleAssignment[];
}

/**
 * The cluster's two identities, and the rights of the control plane in the cluster's resource group, in which there is
 * nothing but its network and its key. The group is there before them, as rights take a while to come into force.
 */
export function createIdentities(name: string, place: Place): Identities {
    const controlPlane = createIdentity(`${name}-control-plane-identity`, "control-plane", place);
    const kubelet = createIdentity(`${name}-kubelet-identity`, "kubelet", place);
    const principal = { principalId: controlPlane.principalId, principalType: "ServicePrincipal" as const };
    const rights = [
        assignRole(`${name}-joins-network`, {
            role: "networkContributor", ...principal, scope: place.group.id,
        }, place),
        assignRole(`${name}-uses-key`, { role: "keyVaultCryptoUser", ...principal, scope: place.group.id }, place),
        assignRole(`${name}-gives-kubelet`, {
            role: "managedIdentityOperator", ...principal, scope: kubelet.id,
        }, place),
    ];
    return { controlPlane, kubelet, rights };
}

export function createIdentity(
    name: string, resourceName: string, { location, tags, group, options }: Place,
): managedidentity.UserAssignedIdentity {
    return new managedidentity.UserAssignedIdentity(name, {
        resourceGroupName: group.name, resourceName, location, tags,
    }, options);
}
