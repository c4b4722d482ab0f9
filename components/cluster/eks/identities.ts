import * as eks from "@pulumi/aws/eks";
import * as iam from "@pulumi/aws/iam";
import type { Key } from "@pulumi/aws/kms";
import * as pulumi from "@pulumi/pulumi";
import { type CloudController, controllerAccounts } from "../cluster";
import type { Scope } from "./args";

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
    /** Service that assumes the role. @example "eks.amazonaws.com" */
    service: string;
    /** Whether the service tags its sessions, which the trust policy must allow. @default false */
    tagsSessions?: boolean;
    /** Conditions under which the service may assume the role. @default none */
    condition?: Record<string, Record<string, string>>;
    /** Names of AWS managed policies, with their paths. @default none @example ["AmazonEKSClusterPolicy"] */
    managed?: string[];
    /** Further permissions. @default none */
    statements?: Statement[];
}

export interface Role {
    arn: pulumi.Output<string>;
    /** The role and its policies. Whatever uses the role depends on them, so that a destroy deletes them last. */
    parts: pulumi.Resource[];
}

/** Creates a role that one AWS service assumes. */
export function createRole(name: string, args: RoleArgs, { partition, options }: Scope): Role {
    const role = new iam.Role(name, { assumeRolePolicy: trustPolicy(args) }, options);
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

/** Creates a role that the pods of one service account of this cluster assume, through EKS Pod Identity. */
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

function trustPolicy({ service, tagsSessions, condition }: RoleArgs): string {
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

/** What EKS Auto Mode needs in addition to `AmazonEKSClusterPolicy`. */
const autoPolicies = [
    "AmazonEKSComputePolicy", "AmazonEKSBlockStoragePolicy", "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
];

/** Creates the control plane's role. */
export function createClusterRole(scope: Scope, key: Key): Role {
    const auto = scope.args.provisioning === "auto";
    return createRole(`${scope.name}-role`, {
        service: "eks.amazonaws.com",
        tagsSessions: auto,
        managed: ["AmazonEKSClusterPolicy", ...auto ? autoPolicies : []],
        statements: [{
            Effect: "Allow",
            Action: ["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"],
            Resource: key.arn,
        }],
    }, scope);
}

/** Creates the nodes' role, with which they join the cluster and pull images. Pods have roles of their own. */
export function createNodeRole(scope: Scope): Role {
    const auto = scope.args.provisioning === "auto";
    const worker = auto ? "AmazonEKSWorkerNodeMinimalPolicy" : "AmazonEKSWorkerNodePolicy";
    return createRole(`${scope.name}-nodes-role`, {
        service: "ec2.amazonaws.com",
        managed: [worker, "AmazonEC2ContainerRegistryPullOnly"],
    }, scope);
}

/** The platform's controllers that call AWS, and their roles. */
export interface Controllers {
    clusterAutoscaler?: CloudController;
    externalDns?: CloudController;
    /** Must exist while the controllers run. */
    parts: pulumi.Resource[];
}

/** Creates roles for the controllers that the platform is to install. */
export function createControllers(scope: Scope, cluster: eks.Cluster): Controllers {
    const { args } = scope;
    const environment = { AWS_REGION: args.region };
    const parts: pulumi.Resource[] = [];
    const controllers: Controllers = { parts };
    if (args.provisioning === "pools") {
        parts.push(...createControllerRole(scope, cluster, "clusterAutoscaler", autoscaling(args.name)));
        const tags = `${enabledTag},${ownerTag(args.name)}`;
        controllers.clusterAutoscaler = {
            args: ["--cloud-provider=aws", `--node-group-auto-discovery=asg:tag=${tags}`], environment,
        };
    }
    if (args.dnsZone) {
        parts.push(...createControllerRole(scope, cluster, "externalDns", dnsRecords(scope, args.dnsZone)));
        controllers.externalDns = { args: ["--provider=aws", `--zone-id-filter=${args.dnsZone}`], environment };
    }
    return controllers;
}

/** Tags that EKS puts on the Auto Scaling groups of node groups. */
const enabledTag = "k8s.io/cluster-autoscaler/enabled";
const ownerTag = (cluster: string): string => `k8s.io/cluster-autoscaler/${cluster}`;

function createControllerRole(
    scope: Scope, cluster: eks.Cluster, controller: keyof typeof controllerAccounts, statements: Statement[],
): pulumi.Resource[] {
    const { namespace, serviceAccount } = controllerAccounts[controller];
    const resourceName = `${scope.name}-${serviceAccount}`;
    const role = createPodRole(`${resourceName}-role`, { namespace, serviceAccount }, { statements }, scope);
    const association = new eks.PodIdentityAssociation(resourceName, {
        clusterName: cluster.name, namespace, serviceAccount, roleArn: role.arn,
    }, scope.options);
    return [...role.parts, association];
}

/** Reads everything that the size of a pool depends on; changes this cluster's pools only. */
function autoscaling(cluster: string): Statement[] {
    return [
        {
            Effect: "Allow",
            Action: [
                "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLaunchConfigurations", "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeTags", "ec2:DescribeImages", "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions", "ec2:GetInstanceTypesFromInstanceRequirements",
                "eks:DescribeNodegroup",
            ],
            Resource: "*",
        },
        {
            Effect: "Allow",
            Action: ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            Resource: "*",
            Condition: { StringEquals: { [`aws:ResourceTag/${ownerTag(cluster)}`]: "owned" } },
        },
    ];
}

/** Changes the records of one zone. */
function dnsRecords({ partition }: Scope, zone: string): Statement[] {
    return [
        {
            Effect: "Allow",
            Action: [
                "route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets", "route53:ListTagsForResources",
            ],
            Resource: `arn:${partition}:route53:::hostedzone/${zone}`,
        },
        { Effect: "Allow", Action: ["route53:ListHostedZones"], Resource: "*" },
    ];
}
