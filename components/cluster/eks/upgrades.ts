import * as scheduler from "@pulumi/aws/scheduler";
import type { NodeGroup } from "@pulumi/aws/eks";
import * as pulumi from "@pulumi/pulumi";
import { createRole } from "./roles";
import type { Scope } from "./scope";

/**
 * Gives the pools the latest node image of their version of Kubernetes once a week: EKS publishes images with fixes and
 * leaves it to the owner to take them. Nodes are replaced as budgets for disruption allow, or else the update fails and
 * the old nodes stay.
 */
export function createUpgrades(scope: Scope, groups: Record<string, NodeGroup>): void {
    const { name, args, options } = scope;
    const pools = Object.entries(groups);
    if (pools.length === 0) return;
    const role = createRole(`${name}-upgrades-role`, {
        service: "scheduler.amazonaws.com",
        condition: { StringEquals: { "aws:SourceAccount": args.account } },
        statements: [
            {
                Effect: "Allow",
                Action: ["eks:UpdateNodegroupVersion"],
                Resource: pools.map(([, group]) => group.arn),
            },
            {
                // Of who updates nodes that have a launch template, EKS wants that they may start such machines.
                Effect: "Allow",
                Action: ["ec2:RunInstances", "ec2:CreateTags", "ec2:DescribeLaunchTemplateVersions"],
                Resource: "*",
                Condition: { Bool: { "aws:ViaAWSService": "true" } },
            },
        ],
    }, scope);
    for (const [pool, group] of pools) {
        new scheduler.Schedule(`${name}-upgrade-${pool}`, {
            description: `Latest node image for the pool ${pool} of the cluster ${args.name}`,
            scheduleExpression: weekly(args.maintenance),
            scheduleExpressionTimezone: "UTC",
            flexibleTimeWindow: { mode: "OFF" },
            target: {
                arn: `arn:${scope.partition}:scheduler:::aws-sdk:eks:updateNodegroupVersion`,
                roleArn: role.arn,
                input: pulumi.jsonStringify({ ClusterName: args.name, NodegroupName: group.nodeGroupName }),
                retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: args.maintenance.hours * 3600 },
            },
        }, { ...options, dependsOn: role.parts });
    }
}

/** `cron(0 2 ? * SUN *)` for Sunday at 02:00. */
function weekly({ day, start }: Scope["args"]["maintenance"]): string {
    const [hour, minute] = start.split(":").map(Number);
    return `cron(${minute} ${hour} ? * ${day.slice(0, 3).toUpperCase()} *)`;
}
