import { IAMMember } from "@pulumi/gcp/projects";
import * as pulumi from "@pulumi/pulumi";
import type { GkeArgs } from "./args";

const roles = { admins: "roles/container.admin", viewers: "roles/container.viewer" } as const;

/**
 * Lets the named people, groups and pipelines into this cluster, and no other of the project. Kubernetes asks IAM, so
 * there is nothing to keep in the cluster, and nobody has a credential that lasts.
 */
export function grantAccess(name: string, args: GkeArgs, opts: pulumi.CustomResourceOptions): IAMMember[] {
    const resource = `projects/${args.project}/locations/${args.region}/clusters/${args.name}`;
    return (Object.keys(roles) as (keyof typeof roles)[]).flatMap(kind => args[kind].map(member =>
        new IAMMember(`${name}-${kind}-${member.replace(/[^\w.@-]+/g, "-")}`, {
            project: args.project,
            role: roles[kind],
            member,
            condition: {
                title: `${args.name} only`,
                description: `Made by ${pulumi.getProject()}/${pulumi.getStack()}`,
                expression: `resource.name == "${resource}"`,
            },
        }, opts)));
}
