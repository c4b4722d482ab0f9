import * as containerservice from "@pulumi/azure-native/containerservice";
import * as pulumi from "@pulumi/pulumi";
import { checkedVersion } from "../cloud/version";
import { rendering } from "../lookup";
import type { Place } from "./place";
import type { AksSettings } from "./sizes";

/** The version to ask for, checked against the cluster's where there is one. */
export function versionOf({ name, kubernetesVersion }: AksSettings, { options }: Place): pulumi.Output<string> {
    return checkedVersion(rendering() ? undefined : currentVersion(name, options), kubernetesVersion);
}

/** The version of the cluster; undefined where there is none yet. */
export async function currentVersion(name: string, options: pulumi.InvokeOptions): Promise<string | undefined> {
    try {
        const names = { resourceGroupName: name, resourceName: name };
        return (await containerservice.getManagedCluster(names, options)).currentKubernetesVersion;
    } catch (error) {
        const { message } = error as Error;
        if (/ResourceNotFound|ResourceGroupNotFound/.test(message)) return undefined;
        throw new pulumi.RunError(`Azure didn't say which version the cluster "${name}" has: ${message}`);
    }
}
