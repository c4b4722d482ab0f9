import * as containerservice from "@pulumi/azure-native/containerservice";
import * as pulumi from "@pulumi/pulumi";
import * as yaml from "yaml";
import { requireHelper } from "../cloud/helper";
import { execKubeconfig } from "../cloud/kubeconfig";
import { rendering } from "../lookup";
import type { Place } from "./place";

/** AKS's API servers as the directory knows them, the same for every cluster. */
const audience = "6dae42f8-4368-4678-94ff-3960e28e3630";
/**
 * The Azure CLI's login, on every computer: the kubeconfig is part of the state. kubelogin takes another where
 * AAD_LOGIN_METHOD names one, such as `workloadidentity` in a pipeline.
 */
const getToken = ["get-token", "--login", "azurecli", "--server-id", audience];

/** Checks that kubelogin is there and gets a token for this person or pipeline. */
export function requireLogin(): void {
    requireHelper({
        command: "kubelogin",
        args: getToken,
        install: "Install it: az aks install-cli, or https://azure.github.io/kubelogin/install.html",
        login: "Log in: az login; or, in a pipeline without the Azure CLI, set AAD_LOGIN_METHOD (such as "
            + "workloadidentity, with AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE).",
    });
}

/** The kubeconfig of all who are let in. Where the API server is, and which authority signs for it, AKS says. */
export function kubeconfigOf(
    cluster: containerservice.ManagedCluster, tenantId: pulumi.Output<string>, name: string, place: Place,
): pulumi.Output<string> {
    return execKubeconfig({
        name,
        ...rendering() ? { server: pulumi.interpolate`https://${cluster.fqdn}:443` } : addressOf(cluster, place),
        exec: tenantId.apply(tenant => ({ command: "kubelogin", args: [...getToken, "--tenant-id", tenant] })),
    });
}

/** The kubeconfig that AKS gives out in this form holds no credentials, and is only read. */
function addressOf(cluster: containerservice.ManagedCluster, { group, options }: Place) {
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
