import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import type { Scope } from "./scope";

/** A statement of an IAM policy. */
export interface Statement {
    Sid?: string;
    Effect: "Allow" | "Deny";
    Principal?: unknown;
    Action: string[];
    Resource: pulumi.Input<string> | pulumi.Input<string>[];
    Condition?: Record<string, Record<string, pulumi.Input<string> | string[]>>;
}

export interface RoleArgs {
    /** The service that takes the role on. @example "eks.amazonaws.com" */
    service: string;
    /** Whether it tags its sessions, which IAM has to allow too. @default false */
    tagsSessions?: boolean;
    /** Under which conditions it may. */
    condition?: Record<string, Record<string, string>>;
    /** Policies that AWS maintains, by their name with its path. @example ["AmazonEKSClusterPolicy"] */
    managed?: string[];
    /** What it may do besides. */
    statements?: Statement[];
}

export interface Role {
    arn: pulumi.Output<string>;
    /** What makes the role complete; whoever uses it depends on this too, so that it stays complete on destroy. */
    parts: pulumi.Resource[];
}

/** Creates a role that one service of AWS takes on. */
export function createRole(name: string, args: RoleArgs, { partition, options }: Scope): Role {
    const role = new iam.Role(name, { assumeRolePolicy: trustOf(args) }, options);
    const managed = (args.managed ?? []).map(policy => {
        const policyArn = `arn:${partition}:iam::aws:policy/${policy}`;
        const [last] = policy.split("/").slice(-1);
        return new iam.RolePolicyAttachment(`${name}-${last}`, { role: role.name, policyArn }, options);
    });
    const own = args.statements && new iam.RolePolicy(name, {
        role: role.name, policy: policyDocument(args.statements),
    }, options);
    return { arn: role.arn, parts: [role, ...managed, ...own ? [own] : []] };
}

/** Creates a role that the pods of one service account of this cluster take on, by EKS Pod Identity. */
export function createPodRole(
    name: string, account: { namespace: string; serviceAccount: string },
    policies: Pick<RoleArgs, "managed" | "statements">, scope: Scope,
): Role {
    return createRole(name, {
        service: "pods.eks.amazonaws.com",
        tagsSessions: true,
        condition: {
            StringEquals: {
                "aws:SourceAccount": scope.args.account,
                "aws:RequestTag/eks-cluster-name": scope.args.name,
                "aws:RequestTag/kubernetes-namespace": account.namespace,
                "aws:RequestTag/kubernetes-service-account": account.serviceAccount,
            },
        },
        ...policies,
    }, scope);
}

export function policyDocument(statements: Statement[]): pulumi.Output<string> {
    return pulumi.jsonStringify({ Version: "2012-10-17", Statement: statements });
}

function trustOf({ service, tagsSessions, condition }: RoleArgs): string {
    return JSON.stringify({
        Version: "2012-10-17",
        Statement: [{
            Effect: "Allow",
            Principal: { Service: service },
            Action: ["sts:AssumeRole", ...tagsSessions ? ["sts:TagSession"] : []],
            ...(condition && { Condition: condition }),
        }],
    });
}
