import { getCluster } from "@pulumi/gcp/container";
import * as pulumi from "@pulumi/pulumi";
import { rendering } from "../lookup";
import type { GkeArgs } from "./args";

/** What Google says where there is no such cluster, or where its service was never enabled in the project. */
const nothingThere = /not found|has not been used|SERVICE_DISABLED|is disabled/i;

/** The version of the cluster's control plane; undefined where there is no cluster yet. */
export function currentVersion(
    { name, region: location, project }: GkeArgs, opts: pulumi.InvokeOptions,
): pulumi.Output<string | undefined> {
    if (rendering()) return pulumi.output(undefined);
    return pulumi.output(getCluster({ name, location, project }, opts).then(
        ({ masterVersion }) => masterVersion,
        (error: Error) => {
            if (nothingThere.test(error.message)) return undefined;
            throw new pulumi.RunError(`It can't be told whether the cluster ${name} is there: ${error.message}`);
        },
    ));
}
