import * as authorization from "@pulumi/azure-native/authorization";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./place";

/** Built-in roles by what they allow; their ids are the same in every directory. */
export const roles = {
    /** Joins machines to subnets and load balancers to addresses. */
    networkContributor: "4d97b98b-1d4f-4787-a291-c67834d212e7",
    /** Encrypts and decrypts by a key, without seeing it. */
    keyVaultCryptoUser: "12338af0-0e69-4776-bea7-57ae8d297424",
    /** Gives an identity to machines. */
    managedIdentityOperator: "f1a07417-d97a-45cb-824c-7a7467783830",
    contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
    reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    acrPull: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    dnsZoneContributor: "befefa01-2a29-4197-83a8-272ff33ce314",
    /** Reads the address of the API server. */
    aksClusterUser: "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
    /** Everything in the cluster. */
    aksRbacClusterAdmin: "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
    /** Looks at everything in the cluster but Secrets. */
    aksRbacReader: "7f6c6a51-bcf8-42ba-9220-52d62157d7db",
};

export interface Assignment {
    role: keyof typeof roles;
    /** Object id of a person, a group or an identity. */
    principalId: pulumi.Input<string>;
    /** Of an identity made in the same run the directory may not know yet what it is. */
    principalType?: "ServicePrincipal";
    /** Id of what the role is for. */
    scope: pulumi.Input<string>;
}

export function assignRole(
    name: string, { role, ...assignment }: Assignment, place: Place,
): authorization.RoleAssignment {
    return new authorization.RoleAssignment(name, {
        ...assignment,
        roleDefinitionId:
            `/subscriptions/${place.subscription}/providers/Microsoft.Authorization/roleDefinitions/${roles[role]}`,
    }, place.options);
}
