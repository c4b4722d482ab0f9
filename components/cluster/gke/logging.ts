import { ProjectBucketConfig, ProjectSink } from "@pulumi/gcp/logging";
import * as pulumi from "@pulumi/pulumi";
import type { GkeArgs, Scope } from "./args";

/** What the control plane and the nodes log. Workloads too, as with Autopilot, where that can't be turned off. */
export const loggedComponents = ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER"];

/**
 * Keeps the cluster's audit log and its control plane's logs in a bucket of their own. A deleted bucket's name stays taken
 * for seven days, so every new cluster has a bucket of a new name.
 */
export function createLogBucket({ name, args, defaults, uniqueName, options }: Scope): ProjectSink {
    const location = `projects/${args.project}/locations/${args.region}`;
    const bucket = new ProjectBucketConfig(`${name}-logs`, {
        project: args.project,
        location: args.region,
        bucketId: uniqueName,
        retentionDays: defaults.logRetentionDays,
        description: `Audit and control plane logs of the cluster ${args.name}`,
    }, options);
    return new ProjectSink(`${name}-logs-sink`, {
        name: uniqueName,
        destination: pulumi.interpolate`logging.googleapis.com/${location}/buckets/${bucket.bucketId}`,
        filter: logFilter(args),
        uniqueWriterIdentity: true,
    }, options);
}

function logFilter({ name, region }: GkeArgs): string {
    return [
        `resource.labels.cluster_name="${name}"`,
        `resource.labels.location="${region}"`,
        "(resource.type=\"k8s_control_plane_component\" OR log_id(\"cloudaudit.googleapis.com/activity\")"
            + " OR log_id(\"cloudaudit.googleapis.com/data_access\"))",
    ].join(" AND ");
}
