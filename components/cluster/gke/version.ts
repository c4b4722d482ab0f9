import { getCluster } from "@pulumi/gcp/container";
import * as pulumi from "@pulumi/pulumi";
import { rendering } from "../lookup";
import type { GkeArgs } from "./args";

/** What Google says where there is no such cluster, or where its service was never enabled in the project. */
const nothingThere = /not found|has not been used|SERVICE_DISABLED|is disabled/i;

/** The version of the cluster's control plane; undefined where there is no cluster yet. */
export function currentVersion(args: GkeArgs, opts: pulumi.InvokeOptions): pulumi.Output<string | undefined> {
    return pulumi.output(rendering() ? undefined : lookUpVersion(args, opts));
}

export async function lookUpVersion(
    { name, region: location, project }: GkeArgs, opts: pulumi.InvokeOptions,
): Promise<string | undefined> {
    try {
        return (await getCluster({ name, location, project }, opts)).masterVersion;
    } catch (error) {
        const { message } = error as Error;
        if (nothingThere.test(message)) return undefined;
        throw new pulumi.RunError(`It can't be told whether the cluster ${name} is there: ${message}`);
    }
}
