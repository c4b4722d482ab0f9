import { ProjectBucketConfig, ProjectSink } from "@pulumi/gcp/logging";
import * as pulumi from "@pulumi/pulumi";
import type { GkeArgs } from "./args";
import { sizes } from "./sizes";

/** What the control plane and the nodes log. Autopilot always logs its workloads, so pools do too. */
export const loggedComponents = ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER"];

/**
 * Keeps the cluster's audit log and its control plane's logs in a bucket of their own, for as long as the size says.
 * A deleted bucket's name is taken for seven days, so it is another every time.
 */
export function createLogBucket(
    name: string, uniqueName: pulumi.Output<string>, args: GkeArgs, opts: pulumi.CustomResourceOptions,
): ProjectSink {
    const place = `projects/${args.project}/locations/${args.region}`;
    const bucket = new ProjectBucketConfig(`${name}-logs`, {
        project: args.project,
        location: args.region,
        bucketId: uniqueName,
        retentionDays: sizes[args.size].logRetentionDays,
        description: `Audit and control plane logs of the cluster ${args.name}`,
    }, opts);
    return new ProjectSink(`${name}-logs-sink`, {
        name: uniqueName,
        destination: pulumi.interpolate`logging.googleapis.com/${place}/buckets/${bucket.bucketId}`,
        filter: logFilter(args),
        uniqueWriterIdentity: true,
    }, opts);
}

function logFilter({ name, region }: GkeArgs): string {
    return [
        `resource.labels.cluster_name="${name}"`,
        `resource.labels.location="${region}"`,
        "(resource.type=\"k8s_control_plane_component\" OR log_id(\"cloudaudit.googleapis.com/activity\")"
            + " OR log_id(\"cloudaudit.googleapis.com/data_access\"))",
    ].join(" AND ");
}
