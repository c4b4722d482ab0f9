import * as ec2 from "@pulumi/aws/ec2";
import * as eks from "@pulumi/aws/eks";
import type { Key } from "@pulumi/aws/kms";
import * as scheduler from "@pulumi/aws/scheduler";
import * as pulumi from "@pulumi/pulumi";
import { mixesSpot, type NodePool } from "../cloud/args";
import { askAws } from "./access";
import { type EksArgs, instanceTypesOf, isArm, type Scope } from "./args";
import { createRole, type Role } from "./identities";
import type { Network } from "./network";

/** Number of nodes to request for a pool, and whether the autoscaler may change it. */
interface Count {
    desired: number;
    autoscaled: boolean;
}

/** An Auto Scaling group, as the AWS CLI prints it. */
interface Group {
    MinSize: number;
    MaxSize: number;
    DesiredCapacity: number;
    Tags: { Key: string; Value: string }[];
}

/**
 * The number of nodes of each pool. AWS accepts new limits only together with a number of nodes within them. So this
 * looks up the current number and moves it within the limits: the autoscaler's nodes stay, and AWS doesn't refuse the
 * limits. While the limits don't change, the autoscaler sets the number.
 */
export function countNodes(
    name: string, { name: cluster, region, nodePools }: Pick<EksArgs, "name" | "region" | "nodePools">,
): Record<string, Count> {
    const groups = askAws([
        "autoscaling", "describe-auto-scaling-groups", "--region", region,
        "--filters", `Name=tag:eks:cluster-name,Values=${cluster}`, "--query", "AutoScalingGroups",
    ], "It needs the permission autoscaling:DescribeAutoScalingGroups.") as Group[] | undefined;
    const entries = Object.entries(nodePools).map(([pool, limits]) => {
        const found = groups?.find(({ Tags }) => Tags.some(({ Key, Value }) =>
            Key === "eks:nodegroup-name" && Value.startsWith(`${nodeGroupName(name, pool)}-`)));
        return [pool, countOf(limits, found)] as const;
    });
    return Object.fromEntries(entries);
}

function countOf({ min, max }: NodePool, found: Group | undefined): Count {
    if (!found) return { desired: min, autoscaled: true };
    return {
        desired: Math.min(max, Math.max(min, found.DesiredCapacity)),
        autoscaled: found.MinSize === min && found.MaxSize === max,
    };
}

/** Name of a pool's node group in Pulumi. Its name in AWS begins with it. */
function nodeGroupName(name: string, pool: string): string {
    return `${name}-pool-${pool}`;
}

export interface NodeGroupsArgs {
    cluster: eks.Cluster;
    network: Network;
    key: Key;
    role: Role;
    /** By pool. */
    counts: Record<string, Count>;
    /** What must run on a node before it is ready. */
    before: pulumi.Resource[];
}

/** Keeps databases off machines that AWS may reclaim, if there are others: stateless pods tolerate this taint, databases don't. */
export const spotTaint = { key: "landfall.dev/spot", value: "true", effect: "NoSchedule" } as const;

/**
 * Creates the pools. Pulumi adds random digits to a group's name, so a change that AWS can't make in place creates the
 * new group before the old one is drained.
 */
export function createNodeGroups(scope: Scope, args: NodeGroupsArgs): Record<string, eks.NodeGroup> {
    const pools = Object.entries(scope.args.nodePools);
    return Object.fromEntries(pools.map(([pool, settings]) => [pool, createNodeGroup(scope, pool, settings, args)]));
}

function createNodeGroup(
    scope: Scope, pool: string, settings: NodePool, { cluster, network, key, role, counts, before }: NodeGroupsArgs,
): eks.NodeGroup {
    const { min, max, labels, spot } = settings;
    const { desired, autoscaled } = counts[pool];
    const instanceTypes = instanceTypesOf(settings.machineType);
    const template = createTemplate(scope, pool, settings, key);
    return new eks.NodeGroup(nodeGroupName(scope.name, pool), {
        clusterName: cluster.name,
        // An output of the control plane, so that it is upgraded first: nodes must not be newer.
        version: cluster.version,
        nodeRoleArn: role.arn,
        subnetIds: network.privateSubnets.map(({ id }) => id),
        amiType: instanceTypes.some(isArm) ? "AL2023_ARM_64_STANDARD" : "AL2023_x86_64_STANDARD",
        capacityType: spot ? "SPOT" : "ON_DEMAND",
        instanceTypes,
        launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
        scalingConfig: { minSize: min, maxSize: max, desiredSize: desired },
        // New nodes start before a fifth of the old ones (at least one) is drained.
        updateConfig: { maxUnavailablePercentage: 20 },
        nodeRepairConfig: { enabled: true },
        labels: { ...labels, "landfall.dev/pool": pool },
        taints: spot && mixesSpot(scope.args.nodePools) ? [{ key: spotTaint.key, value: spotTaint.value, effect: "NO_SCHEDULE" }] : [],
    }, {
        ...scope.options,
        ignoreChanges: autoscaled ? ["scalingConfig.desiredSize"] : [],
        dependsOn: [...before, ...role.parts, ...network.routes],
    });
}

/** The machines' settings besides their type: no version 1 of the metadata service, and encrypted disks. */
function createTemplate(
    { name, args, tags, options }: Scope, pool: string, { diskSize }: NodePool, key: Key,
): ec2.LaunchTemplate {
    const named = { ...tags, Name: `${args.name}-${pool}` };
    return new ec2.LaunchTemplate(`${name}-template-${pool}`, {
        updateDefaultVersion: true,
        // With a limit of one hop, pods can't reach the machine's credentials.
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
        blockDeviceMappings: [{
            deviceName: "/dev/xvda",
            ebs: {
                volumeType: "gp3",
                volumeSize: diskSize,
                encrypted: "true",
                kmsKeyId: key.arn,
                deleteOnTermination: "true",
            },
        }],
        tagSpecifications: ["instance", "volume"].map(resourceType => ({ resourceType, tags: named })),
    }, options);
}

/**
 * Requests the latest node image for the pools once a week: EKS publishes patched images, but doesn't apply them. It
 * replaces nodes as PodDisruptionBudgets allow. If they don't, the update fails and the old nodes stay.
 */
export function createUpgrades(scope: Scope, groups: Record<string, eks.NodeGroup>): void {
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
                // For node groups with a launch template, EKS checks that the caller may start such machines.
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
function weekly({ day, start }: EksArgs["maintenance"]): string {
    const [hour, minute] = start.split(":").map(Number);
    return `cron(${minute} ${hour} ? * ${day.slice(0, 3).toUpperCase()} *)`;
}
