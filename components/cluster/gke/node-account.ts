import { IAMMember } from "@pulumi/gcp/projects";
import { Account } from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import type { GkeArgs } from "./args";

/** Who the nodes are in Google Cloud. */
export interface NodeAccount {
    email: pulumi.Output<string>;
    grant: IAMMember;
}

/** A service account that may write logs and metrics and nothing else; the default one may edit the whole project. */
export function createNodeAccount(name: string, args: GkeArgs, opts: pulumi.CustomResourceOptions): NodeAccount {
    const account = new Account(`${name}-nodes`, {
        accountId: `${args.name}-nodes`,
        displayName: `Nodes of the cluster ${args.name}`,
    }, opts);
    // Its own output `email` says the same, but is not known where the program is only rendered.
    const email = pulumi.interpolate`${account.accountId}@${args.project}.iam.gserviceaccount.com`;
    const grant = new IAMMember(`${name}-nodes-role`, {
        project: args.project,
        role: "roles/container.defaultNodeServiceAccount",
        member: pulumi.interpolate`serviceAccount:${email}`,
    }, opts);
    return { email, grant };
}
