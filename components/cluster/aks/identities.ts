import * as authorization from "@pulumi/azure-native/authorization";
import type { ManagedCluster } from "@pulumi/azure-native/containerservice";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as pulumi from "@pulumi/pulumi";
import { type CloudController, controllerAccounts } from "../cluster";
import { dnsZonePattern, type Scope } from "./args";

/** Ids of Azure's built-in roles, the same in every directory. */
export const roles = {
    /** Joins machines to subnets, and load balancers to addresses. */
    networkContributor: "4d97b98b-1d4f-4787-a291-c67834d212e7",
    /** Encrypts and decrypts with a key, without seeing it. */
    keyVaultCryptoUser: "12338af0-0e69-4776-bea7-57ae8d297424",
    /** Assigns an identity to machines. */
    managedIdentityOperator: "f1a07417-d97a-45cb-824c-7a7467783830",
    contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
    reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    acrPull: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    dnsZoneContributor: "befefa01-2a29-4197-83a8-272ff33ce314",
    /** Reads the address of the API server. */
    aksClusterUser: "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
    /** May do everything in the cluster. */
    aksRbacClusterAdmin: "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
    /** May view everything in the cluster except Secrets. */
    aksRbacReader: "7f6c6a51-bcf8-42ba-9220-52d62157d7db",
};

interface Assignment {
    role: keyof typeof roles;
    /** Object id of a person, a group or an identity. */
    principalId: pulumi.Input<string>;
    /** Required for an identity from the same run: Entra ID may not know its type yet. */
    principalType?: "ServicePrincipal";
    /** Id of the resource or group that the role applies to. */
    scope: pulumi.Input<string>;
}

export function assignRole(
    name: string, { role, ...assignment }: Assignment, { args, options }: Scope,
): authorization.RoleAssignment {
    return new authorization.RoleAssignment(name, {
        ...assignment,
        roleDefinitionId:
            `/subscriptions/${args.subscription}/providers/Microsoft.Authorization/roleDefinitions/${roles[role]}`,
    }, options);
}

export interface Identities {
    controlPlane: managedidentity.UserAssignedIdentity;
    /** The nodes' identity when they pull images. */
    kubelet: managedidentity.UserAssignedIdentity;
    /** What the control plane needs before it exists. */
    rights: authorization.RoleAssignment[];
}

/**
 * Creates the cluster's two identities, and the control plane's roles in the cluster's resource group, which only holds its
 * network and its key. Roles take a while to come into force, so they are for the group, which exists before network and
 * key.
 */
export function createIdentities(scope: Scope): Identities {
    const { name, group } = scope;
    const controlPlane = createIdentity(`${name}-control-plane-identity`, "control-plane", scope);
    const kubelet = createIdentity(`${name}-kubelet-identity`, "kubelet", scope);
    const principal = { principalId: controlPlane.principalId, principalType: "ServicePrincipal" as const };
    const rights = [
        assignRole(`${name}-joins-network`, { role: "networkContributor", ...principal, scope: group.id }, scope),
        assignRole(`${name}-uses-key`, { role: "keyVaultCryptoUser", ...principal, scope: group.id }, scope),
        assignRole(`${name}-gives-kubelet`, { role: "managedIdentityOperator", ...principal, scope: kubelet.id }, scope),
    ];
    return { controlPlane, kubelet, rights };
}

function createIdentity(
    name: string, resourceName: string, { args: { location }, tags, group, options }: Scope,
): managedidentity.UserAssignedIdentity {
    return new managedidentity.UserAssignedIdentity(name, {
        resourceGroupName: group.name, resourceName, location, tags,
    }, options);
}

export interface ExternalDns {
    controller: CloudController;
    /** What external-dns needs until it is deleted. */
    rights: pulumi.Resource[];
}

/** Lets external-dns keep the records of one zone, with an identity of its own that only its pod can use. */
export function createExternalDns(scope: Scope, cluster: ManagedCluster): ExternalDns | undefined {
    const { name, args: { dnsZone } } = scope;
    if (dnsZone === undefined) return undefined;
    const [, subscriptionId, resourceGroup, zone] = dnsZonePattern.exec(dnsZone) ?? [];
    const identity = createIdentity(`${name}-dns-identity`, "external-dns", scope);
    const principal = { principalId: identity.principalId, principalType: "ServicePrincipal" as const };
    const rights = [
        assignRole(`${name}-keeps-records`, { role: "dnsZoneContributor", ...principal, scope: dnsZone }, scope),
        // It looks for the zone among those of the group.
        assignRole(`${name}-finds-zone`, {
            role: "reader", ...principal, scope: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`,
        }, scope),
        trustCluster(scope, cluster, identity),
    ];
    return {
        controller: {
            args: ["--provider=azure", `--domain-filter=${zone}`],
            files: {
                "/etc/kubernetes/azure.json": pulumi.jsonStringify({
                    tenantId: identity.tenantId, subscriptionId, resourceGroup, useWorkloadIdentityExtension: true,
                }),
            },
            serviceAccountAnnotations: { "azure.workload.identity/client-id": identity.clientId },
            podLabels: { "azure.workload.identity/use": "true" },
        },
        rights,
    };
}

/** A token of this cluster for external-dns's ServiceAccount is accepted as the identity. */
function trustCluster(
    { name, group, options }: Scope, cluster: ManagedCluster, identity: managedidentity.UserAssignedIdentity,
): managedidentity.FederatedIdentityCredential {
    const { namespace, serviceAccount } = controllerAccounts.externalDns;
    return new managedidentity.FederatedIdentityCredential(`${name}-dns-trust`, {
        resourceGroupName: group.name,
        resourceName: identity.name,
        federatedIdentityCredentialResourceName: serviceAccount,
        issuer: cluster.oidcIssuerProfile.apply(profile => profile?.issuerURL ?? ""),
        subject: `system:serviceaccount:${namespace}:${serviceAccount}`,
        audiences: ["api://AzureADTokenExchange"],
    }, options);
}
