import * as eks from "@pulumi/aws/eks";
import * as pulumi from "@pulumi/pulumi";
import type { CloudController } from "../cluster";
import { identities } from "../cloud/identities";
import { createPodRole, Statement } from "./roles";
import type { Scope } from "./scope";

/** The platform's controllers that call AWS, and what has to be there as long as they run. */
export interface Controllers {
    clusterAutoscaler?: CloudController;
    externalDns?: CloudController;
    parts: pulumi.Resource[];
}

/** Lets the platform's controllers call AWS; it installs those that are returned. */
export function createControllers(scope: Scope, cluster: eks.Cluster): Controllers {
    const { args } = scope;
    const environment = { AWS_REGION: args.region };
    const parts: pulumi.Resource[] = [];
    const controllers: Controllers = { parts };
    if (args.provisioning === "pools") {
        parts.push(...createIdentity(scope, cluster, "clusterAutoscaler", autoscaling(args.name)));
        const tags = `${enabledTag},${ownerTag(args.name)}`;
        controllers.clusterAutoscaler = {
            args: ["--cloud-provider=aws", `--node-group-auto-discovery=asg:tag=${tags}`], environment,
        };
    }
    if (args.dnsZone) {
        parts.push(...createIdentity(scope, cluster, "externalDns", records(scope, args.dnsZone)));
        controllers.externalDns = { args: ["--provider=aws", `--zone-id-filter=${args.dnsZone}`], environment };
    }
    return controllers;
}

/** Tags that EKS puts on the Auto Scaling groups of node groups. */
const enabledTag = "k8s.io/cluster-autoscaler/enabled";
const ownerTag = (cluster: string): string => `k8s.io/cluster-autoscaler/${cluster}`;

function createIdentity(
    scope: Scope, cluster: eks.Cluster, controller: keyof typeof identities, statements: Statement[],
): pulumi.Resource[] {
    const { namespace, serviceAccount } = identities[controller];
    const resourceName = `${scope.name}-${serviceAccount}`;
    const role = createPodRole(`${resourceName}-role`, { namespace, serviceAccount }, { statements }, scope);
    const association = new eks.PodIdentityAssociation(resourceName, {
        clusterName: cluster.name, namespace, serviceAccount, roleArn: role.arn,
    }, scope.options);
    return [...role.parts, association];
}

/** Looking at everything that bears on the size of a pool, and changing the pools of this cluster only. */
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

/** Changing the records of one zone. */
function records({ partition }: Scope, zone: string): Statement[] {
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
