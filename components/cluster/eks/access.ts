import * as eks from "@pulumi/aws/eks";
import * as pulumi from "@pulumi/pulumi";
import { execKubeconfig, requireLogin } from "../cloud/access";
import type { EksArgs, Scope } from "./args";

const login = "Log in, for example by \"aws sso login\" or \"aws configure\", or set AWS_PROFILE.";
const install = "Install version 2 of the AWS CLI: "
    + "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html";

/**
 * Calls the AWS CLI with the credentials of whoever runs the program; undefined when rendering.
 * @throws RunError that says what to install, or `hint`
 */
export function askAws(args: string[], hint = login): unknown {
    const answer = requireLogin({ command: "aws", args: [...args, "--output", "json"], install, login: hint });
    return answer === undefined ? undefined : JSON.parse(answer) as unknown;
}

/**
 * Checks that whoever runs the program is logged in to the right account and is one of the admins: creating a cluster
 * grants no rights in it.
 */
export function requireAdmin({ account, admins }: Pick<EksArgs, "account" | "admins">): void {
    const caller = askAws(["sts", "get-caller-identity"]) as { Account: string; Arn: string } | undefined;
    if (caller === undefined) return;
    if (caller.Account !== account) {
        throw new pulumi.RunError(`These credentials belong to the AWS account ${caller.Account} (${caller.Arn}), but ` +
            `landfall:cluster.account says ${account}.\n${login}\nNothing was changed.`);
    }
    if (!admins.some(admin => isPrincipal(admin, caller.Arn))) {
        throw new pulumi.RunError(`You are ${caller.Arn}, who would have no access to the cluster: add ` +
            `${principalText(caller.Arn)} to landfall:cluster.admins, or run the program as one of ` +
            `${admins.join(", ")}.\nNothing was changed.`);
    }
}

/** Whether the ARN of an IAM role or user is the caller's. A session's ARN lacks the path of its role. */
export function isPrincipal(principal: string, caller: string): boolean {
    const session = sessionOf(caller);
    if (!session) return principal === caller;
    const [, account, role] = /:iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(principal) ?? [];
    return account === session.account && role === session.role;
}

function principalText(caller: string): string {
    const session = sessionOf(caller);
    if (!session) return caller;
    const { partition, account, role } = session;
    return role.startsWith("AWSReservedSSO_")
        ? `the role's ARN with its path (aws iam get-role --role-name ${role} --query Role.Arn)`
        : `arn:${partition}:iam::${account}:role/${role}, with the role's path if it has one,`;
}

/** The parts of `arn:aws:sts::123456789012:assumed-role/ROLE/SESSION`. */
function sessionOf(caller: string): { partition: string; account: string; role: string } | undefined {
    const [, partition, account, role] = /^arn:([\w-]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(caller) ?? [];
    return role === undefined ? undefined : { partition, account, role };
}

/** Gives the admins and viewers access, and nobody else: not even whoever created the cluster. */
export function createAccess(scope: Scope, cluster: eks.Cluster): pulumi.Resource[] {
    const { admins, viewers } = scope.args;
    return [
        ...admins.flatMap(principal => grantAccess(scope, cluster, "admin", principal, "AmazonEKSClusterAdminPolicy")),
        ...viewers.flatMap(principal => grantAccess(scope, cluster, "viewer", principal, "AmazonEKSViewPolicy")),
    ];
}

function grantAccess(
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

/** `123456789012-role-Admin` for `arn:aws:iam::123456789012:role/Admin`. */
function readable(principal: string): string {
    return principal.split(":").slice(4).join("-").replace(/[^\w+=,.@-]/g, "-");
}

/** The kubeconfig with which the AWS CLI gets a token for whoever uses it. */
export function kubeconfigOf({ name, region }: EksArgs, cluster: eks.Cluster): pulumi.Output<string> {
    return execKubeconfig({
        name,
        server: cluster.endpoint,
        certificateAuthority: cluster.certificateAuthority.data,
        exec: {
            command: "aws",
            args: ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"],
        },
    });
}
