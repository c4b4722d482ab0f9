import type { RoleAssignment } from "@pulumi/azure-native/authorization";
import type { Place } from "./place";
import { assignRole, roles } from "./roles";
import type { AksSettings } from "./sizes";

/**
 * Lets the named people, groups and pipelines in. In the resource group rather than on the cluster: so it is in force
 * by the time the cluster is there, and outlives it on destroy.
 */
export function createAccess(name: string, { admins, viewers }: AksSettings, place: Place): RoleAssignment[] {
    const allow = (kind: string, principals: string[], role: keyof typeof roles): RoleAssignment[] =>
        principals.map(principalId => assignRole(`${name}-${kind}-${principalId}`, {
            role, principalId, scope: place.group.id,
        }, place));
    return [
        ...allow("admin", admins, "aksRbacClusterAdmin"),
        ...allow("viewer", viewers, "aksRbacReader"),
        ...allow("user", [...new Set([...admins, ...viewers])], "aksClusterUser"),
    ];
}
