import * as ec2 from "@pulumi/aws/ec2";
import * as eks from "@pulumi/aws/eks";
import type { Key } from "@pulumi/aws/kms";
import * as pulumi from "@pulumi/pulumi";
import type { NodePool } from "./args";
import type { Count } from "./counts";
import { imageOf, instanceTypesOf } from "./machine";
import type { Network } from "./network";
import { createRole, Role } from "./roles";
import type { Scope } from "./scope";

/** Creates the role of the nodes: to join the cluster and to pull images. Pods have roles of their own. */
export function createNodeRole(scope: Scope): Role {
    const auto = scope.args.provisioning === "auto";
    const worker = auto ? "AmazonEKSWorkerNodeMinimalPolicy" : "AmazonEKSWorkerNodePolicy";
    return createRole(`${scope.name}-nodes-role`, {
        service: "ec2.amazonaws.com",
        managed: [worker, "AmazonEC2ContainerRegistryPullOnly"],
    }, scope);
}

export interface NodeGroupsArgs {
    cluster: eks.Cluster;
    network: Network;
    key: Key;
    role: Role;
    /** By pool. */
    counts: Record<string, Count>;
    /** What has to run on a node before it is ready. */
    before: pulumi.Resource[];
}

/** Keeps a database off machines that AWS may take away: its pods don't bear this taint, stateless ones do. */
export const spotTaint = { key: "landfall.dev/spot", value: "true", effect: "NoSchedule" } as const;

/** The resource of a pool's node group, which Pulumi also begins the name in AWS with. */
export function nodeGroupName({ name }: Pick<Scope, "name">, pool: string): string {
    return `${name}-pool-${pool}`;
}

/**
 * Creates the pools. A group's name is its resource's with random digits, so that a change which AWS can't make in
 * place has the new group ready before the old one is drained.
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
    return new eks.NodeGroup(nodeGroupName(scope, pool), {
        clusterName: cluster.name,
        // After the control plane: nodes must not be newer.
        version: cluster.version,
        nodeRoleArn: role.arn,
        subnetIds: network.privateSubnets.map(({ id }) => id),
        amiType: imageOf(instanceTypes),
        capacityType: spot ? "SPOT" : "ON_DEMAND",
        instanceTypes,
        launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
        scalingConfig: { minSize: min, maxSize: max, desiredSize: desired },
        // New nodes come before old ones go; drained one by one, or a fifth of them at a time.
        updateConfig: { maxUnavailablePercentage: 20 },
        nodeRepairConfig: { enabled: true },
        labels: { ...labels, "landfall.dev/pool": pool },
        taints: spot ? [{ key: spotTaint.key, value: spotTaint.value, effect: "NO_SCHEDULE" }] : [],
    }, {
        ...scope.options,
        ignoreChanges: autoscaled ? ["scalingConfig.desiredSize"] : [],
        dependsOn: [...before, ...role.parts, ...network.routes],
    });
}

/** What AWS asks of a machine besides its type: no old metadata service, and nothing on a disk in the clear. */
function createTemplate(
    { name, args, tags, options }: Scope, pool: string, { diskSize }: NodePool, key: Key,
): ec2.LaunchTemplate {
    const named = { ...tags, Name: `${args.name}-${pool}` };
    return new ec2.LaunchTemplate(`${name}-template-${pool}`, {
        updateDefaultVersion: true,
        // One hop: the machine's credentials are out of its pods' reach.
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
