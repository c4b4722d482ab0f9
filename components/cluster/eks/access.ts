import * as eks from "@pulumi/aws/eks";
import * as pulumi from "@pulumi/pulumi";
import type { Scope } from "./scope";

/** Lets the named roles and users in, and nobody else: not even whoever made the cluster. */
export function createAccess(scope: Scope, cluster: eks.Cluster): pulumi.Resource[] {
    const { admins, viewers } = scope.args;
    return [
        ...admins.flatMap(principal => letIn(scope, cluster, "admin", principal, "AmazonEKSClusterAdminPolicy")),
        ...viewers.flatMap(principal => letIn(scope, cluster, "viewer", principal, "AmazonEKSViewPolicy")),
    ];
}

function letIn(
    { name, partition, options }: Scope, cluster: eks.Cluster, as: string, principal: string, policy: string,
): pulumi.Resource[] {
    const entryName = `${name}-${as}-${readable(principal)}`;
    const entry = new eks.AccessEntry(entryName, {
        clusterName: cluster.name, principalArn: principal, type: "STANDARD",
    }, options);
    const association = new eks.AccessPolicyAssociation(entryName, {
        clusterName: cluster.name,
        principalArn: entry.principalArn,
        policyArn: `arn:${partition}:eks::aws:cluster-access-policy/${policy}`,
        accessScope: { type: "cluster" },
    }, options);
    return [entry, association];
}

/** `123456789012-role-Admin` of `arn:aws:iam::123456789012:role/Admin`. */
function readable(principal: string): string {
    return principal.split(":").slice(4).join("-").replace(/[^\w+=,.@-]/g, "-");
}
