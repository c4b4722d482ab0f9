import type * as containerservice from "@pulumi/azure-native/containerservice";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as pulumi from "@pulumi/pulumi";
import { identities } from "../cloud/identities";
import type { CloudController } from "../cluster";
import { dnsZonePattern } from "./dns-zone";
import { createIdentity } from "./identities";
import type { Place } from "./place";
import { assignRole } from "./roles";

export interface Dns {
    controller: CloudController;
    /** What external-dns needs until it is gone. */
    rights: pulumi.Resource[];
}

/** Lets external-dns keep the records of one zone, as an identity of its own that only its pod can take. */
export function createDns(
    name: string, cluster: containerservice.ManagedCluster, dnsZone: string, place: Place,
): Dns {
    const [, subscriptionId, resourceGroup, zone] = dnsZonePattern.exec(dnsZone) ?? [];
    const identity = createIdentity(`${name}-dns-identity`, "external-dns", place);
    const principal = { principalId: identity.principalId, principalType: "ServicePrincipal" as const };
    const rights = [
        assignRole(`${name}-keeps-records`, { role: "dnsZoneContributor", ...principal, scope: dnsZone }, place),
        // It looks for the zone among those of the group.
        assignRole(`${name}-finds-zone`, {
            role: "reader", ...principal, scope: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`,
        }, place),
        trust(name, cluster, identity, place),
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

/** Who shows a token of this cluster for external-dns's ServiceAccount is the identity. */
function trust(
    name: string, cluster: containerservice.ManagedCluster, identity: managedidentity.UserAssignedIdentity,
    { group, options }: Place,
): managedidentity.FederatedIdentityCredential {
    const { namespace, serviceAccount } = identities.externalDns;
    return new managedidentity.FederatedIdentityCredential(`${name}-dns-trust`, {
        resourceGroupName: group.name,
        resourceName: identity.name,
        federatedIdentityCredentialResourceName: serviceAccount,
        issuer: cluster.oidcIssuerProfile.apply(profile => profile?.issuerURL ?? ""),
        subject: `system:serviceaccount:${namespace}:${serviceAccount}`,
        audiences: ["api://AzureADTokenExchange"],
    }, options);
}
