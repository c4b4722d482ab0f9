import * as pulumi from "@pulumi/pulumi";
import { requireHelper } from "../cloud/helper";
import type { EksArgs } from "./args";

const login = "Log in, for example by \"aws sso login\" or \"aws configure\", or set AWS_PROFILE.";
const install = "Install version 2 of the AWS CLI: "
    + "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html";

/**
 * Asks the AWS CLI something, as whoever runs the program; undefined where it is only rendered.
 * @throws RunError that says what to install, or how to log in
 */
export function askAws(args: string[], hint = login): unknown {
    const said = requireHelper({ command: "aws", args: [...args, "--output", "json"], install, login: hint });
    return said === undefined ? undefined : JSON.parse(said) as unknown;
}

/**
 * Checks that whoever runs the program is logged in, to the right account, and will be let into the cluster: it gives
 * its creator no rights of its own.
 */
export function checkCaller({ account, admins }: Pick<EksArgs, "account" | "admins">): void {
    const caller = askAws(["sts", "get-caller-identity"]) as { Account: string; Arn: string } | undefined;
    if (caller === undefined) return;
    if (caller.Account !== account) {
        throw new pulumi.RunError(`These credentials are of the AWS account ${caller.Account} (${caller.Arn}), and ` +
            `landfall:cluster.account says ${account}.\n${login}\nNothing was changed.`);
    }
    if (!admins.some(admin => isPrincipal(admin, caller.Arn))) {
        throw new pulumi.RunError(`You are ${caller.Arn}, who would not be let into the cluster: add ` +
            `${principalText(caller.Arn)} to landfall:cluster.admins, or run the program as one of ` +
            `${admins.join(", ")}.\nNothing was changed.`);
    }
}

/** Whether the ARN of an IAM role or user is that of the caller; a session's ARN lacks the path of its role. */
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
        : `arn:${partition}:iam::${account}:role/${role}, with the role's path where it has one,`;
}

/** The parts of `arn:aws:sts::123456789012:assumed-role/ROLE/SESSION`. */
function sessionOf(caller: string): { partition: string; account: string; role: string } | undefined {
    const [, partition, account, role] = /^arn:([\w-]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(caller) ?? [];
    return role === undefined ? undefined : { partition, account, role };
}
