import { asString, type Values } from "../../values";

/** The input that is a resource's name in Azure, by its type without `azure-native:`. */
const names: Record<string, string> = {
    "resources:ResourceGroup": "resourceGroupName",
    "network:VirtualNetwork": "virtualNetworkName",
    "keyvault:Vault": "vaultName",
    "keyvault:Key": "keyName",
    "managedidentity:UserAssignedIdentity": "resourceName",
    "storage:StorageAccount": "accountName",
    "containerregistry:Registry": "registryName",
    "containerservice:ManagedCluster": "resourceName",
};

/** What Azure adds to a resource that it creates. Placeholders name the resource that they come from. */
export function azureOutputs(type: string, name: string, inputs: Values): Values {
    const kind = type.replace(/^azure-native:/, "");
    const given = asString(inputs[names[kind]]) ?? name;
    return { name: given, ...madeUp(kind, name, given) };
}

function madeUp(kind: string, name: string, given: string): Values {
    switch (kind) {
        case "managedidentity:UserAssignedIdentity":
            return { principalId: `principal:${name}`, clientId: `client:${name}`, tenantId: "tenant" };
        case "network:PublicIPAddress":
            return { ipAddress: "198.18.0.1" };
        case "keyvault:Key":
            return { keyUriWithVersion: `https://vault.invalid/keys/${given}/0` };
        case "containerregistry:Registry":
            return { loginServer: "registry.invalid" };
        case "containerservice:ManagedCluster":
            return {
                fqdn: "kubernetes.invalid", resourceUID: `uid:${given}`,
                oidcIssuerProfile: { issuerURL: "https://issuer.invalid/" },
            };
        default:
            return {};
    }
}
