import * as authorization from "@pulumi/azure-native/authorization";
import * as containerservice from "@pulumi/azure-native/containerservice";
import type { ResourceGroup } from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import * as yaml from "yaml";
import { execKubeconfig, type LoginCheck } from "../cloud/access";
import { rendering } from "../lookup";
import type { Scope } from "./args";
import { assignRole, type roles } from "./identities";

/** The application id of AKS's API servers in Entra ID, the same for every cluster. */
const audience = "6dae42f8-4368-4678-94ff-3960e28e3630";
/**
 * Uses the Azure CLI's login on every computer, because the kubeconfig is part of the state. If AAD_LOGIN_METHOD names
 * another login, such as `workloadidentity` in a pipeline, kubelogin uses that.
 */
const getToken = ["get-token", "--login", "azurecli", "--server-id", audience];

/** kubelogin itself: it gets a token for whoever runs the program. */
export const loginCheck: LoginCheck = {
    command: "kubelogin",
    args: getToken,
    install: "Install it: az aks install-cli, or https://azure.github.io/kubelogin/install.html",
    login: "Log in: az login; or, in a pipeline without the Azure CLI, set AAD_LOGIN_METHOD (such as "
        + "workloadidentity, with AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE).",
};

/** The kubeconfig with which kubelogin gets a token for whoever uses it. */
export function kubeconfigOf(
    scope: Scope, cluster: containerservice.ManagedCluster, tenantId: pulumi.Output<string>,
): pulumi.Output<string> {
    return execKubeconfig({
        name: scope.args.name,
        ...rendering() ? { server: pulumi.interpolate`https://${cluster.fqdn}:443` } : serverOf(scope, cluster),
        exec: tenantId.apply(tenant => ({ command: "kubelogin", args: [...getToken, "--tenant-id", tenant] })),
    });
}

/** The API server's address and its certificate authority, from AKS's own kubeconfig, which holds no credentials either. */
function serverOf({ group, options }: Scope, cluster: containerservice.ManagedCluster) {
    const given = containerservice.listManagedClusterUserCredentialsOutput({
        resourceGroupName: group.name, resourceName: cluster.name, format: "exec",
    }, options);
    const entry = given.kubeconfigs.apply(([{ value }]) => {
        const { clusters } = yaml.parse(Buffer.from(value, "base64").toString()) as Kubeconfig;
        return clusters[0].cluster;
    });
    return { server: entry.server, certificateAuthority: entry["certificate-authority-data"] };
}

interface Kubeconfig {
    clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
}

/**
 * Gives the admins and viewers access, through roles in the resource group instead of on the cluster. So they are in force
 * before the cluster exists, and a destroy deletes them after it.
 */
export function createAccess(scope: Scope): authorization.RoleAssignment[] {
    const { name, args: { admins, viewers }, group } = scope;
    const allow = (kind: string, principals: string[], role: keyof typeof roles): authorization.RoleAssignment[] =>
        principals.map(principalId => assignRole(`${name}-${kind}-${principalId}`, {
            role, principalId, scope: group.id,
        }, scope));
    return [
        ...allow("admin", admins, "aksRbacClusterAdmin"),
        ...allow("viewer", viewers, "aksRbacReader"),
        ...allow("user", [...new Set([...admins, ...viewers])], "aksClusterUser"),
    ];
}

/** Built-in policy "Do not allow deletion of resource types". */
const deletionPolicy = "/providers/Microsoft.Authorization/policyDefinitions/78460a36-508a-49a4-b2b2-2f5ec564f4bb";

/**
 * Denies everybody, whatever their rights, the deletion of the cluster, the shared files, and the resource groups that hold
 * them. A lock would also cover what is in these groups: no node pool could be replaced and no volume deleted.
 */
export function denyDeletion(scope: Scope, data: ResourceGroup): void {
    assignDeletionPolicy(`${scope.name}-protection`, {
        policyAssignmentName: "keep-cluster",
        displayName: "The cluster is not deleted",
        group: scope.group,
        type: "Microsoft.ContainerService/managedClusters",
    }, scope);
    assignDeletionPolicy(`${scope.name}-data-protection`, {
        policyAssignmentName: "keep-data",
        displayName: "The shared files are not deleted",
        group: data,
        type: "Microsoft.Storage/storageAccounts",
    }, scope);
}

interface Denial {
    policyAssignmentName: string;
    displayName: string;
    group: ResourceGroup;
    /** Resources of this type in the group can't be deleted; nor can the group while it has one. */
    type: string;
}

function assignDeletionPolicy(name: string, { group, type, ...names }: Denial, { options }: Scope): void {
    new authorization.PolicyAssignment(name, {
        ...names,
        description: "Set landfall:cluster.deletionProtection to false and run the program before it is to be deleted.",
        scope: group.id,
        policyDefinitionId: deletionPolicy,
        parameters: { listOfResourceTypesDisallowedForDeletion: { value: [type] } },
    }, options);
}
