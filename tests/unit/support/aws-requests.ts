import { Registered } from "../../../infra/cli/capture";
import * as ec2 from "@aws-sdk/client-ec2";
import * as ecr from "@aws-sdk/client-ecr";
import * as efs from "@aws-sdk/client-efs";
import * as eks from "@aws-sdk/client-eks";
import * as kms from "@aws-sdk/client-kms";
import * as scheduler from "@aws-sdk/client-scheduler";
import { Limits, problemsOf, Schema } from "./aws-model";

type Inputs = Record<string, unknown>;

/** How the provider asks AWS for a resource of one type. */
interface Call {
    schema: Schema;
    /** The request of a resource's inputs. */
    request: (inputs: Inputs, name: string) => Inputs;
    limits: Limits;
}

/** Begins with what AWS wants, ends with what Pulumi adds to names that the program leaves to it. */
const autonamed = (name: string) => `${name}-1a2b3c4`;
const clusterName = { least: 1, most: 100, pattern: /^[0-9A-Za-z][A-Za-z0-9\-_]*$/ };
const roleArn = { pattern: /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/ };
const json = { least: 1, most: 20_000, pattern: /^[\t\n\r\u0020-\u00ff]+$/ };
const fileSystemId = { pattern: /^fs-[0-9a-f]{8,40}$/ };
const keyArn = { pattern: /^arn:aws[-a-z]*:kms:[a-z0-9-]+:\d{12}:key\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ };

/** The requests, with the bounds that the APIs' references give (November 2026). */
export const calls: Record<string, Call> = {
    "aws:eks/cluster:Cluster": {
        schema: eks.CreateClusterRequest$,
        request: ({ vpcConfig, encryptionConfig, enabledClusterLogTypes, ...rest }) => ({
            ...rest,
            resourcesVpcConfig: vpcConfig,
            encryptionConfig: [encryptionConfig],
            logging: { clusterLogging: [{ enabled: true, types: enabledClusterLogTypes }] },
        }),
        limits: {
            "name": clusterName,
            roleArn,
            "encryptionConfig[].provider.keyArn": keyArn,
            "logging.clusterLogging[].types[]": { words: eks.LogType },
            "accessConfig.authenticationMode": { words: eks.AuthenticationMode },
            "upgradePolicy.supportType": { words: eks.SupportType },
            "kubernetesNetworkConfig.ipFamily": { words: eks.IpFamily },
            "kubernetesNetworkConfig.serviceIpv4Cidr": {
                pattern: /^(10\.|172\.(1[6-9]|2\d|3[01])\.|192\.168\.)[\d.]+\/(1[2-9]|2[0-4])$/,
            },
            "computeConfig.nodePools[]": { words: { general: "general-purpose", system: "system" } },
            "computeConfig.nodeRoleArn": roleArn,
            "resourcesVpcConfig.subnetIds": { least: 2 },
        },
    },
    "aws:eks/nodeGroup:NodeGroup": {
        schema: eks.CreateNodegroupRequest$,
        request: ({ subnetIds, nodeRoleArn, ...rest }, name) =>
            ({ ...rest, subnets: subnetIds, nodeRole: nodeRoleArn, nodegroupName: autonamed(name) }),
        limits: {
            clusterName,
            "nodegroupName": { least: 1, most: 63, pattern: /^[0-9A-Za-z][A-Za-z0-9\-_]*$/ },
            "nodeRole": roleArn,
            "amiType": { words: eks.AMITypes },
            "capacityType": { words: eks.CapacityTypes },
            "instanceTypes": { least: 1, most: 20 },
            "instanceTypes[]": { words: ec2._InstanceType },
            "scalingConfig.minSize": { least: 0 },
            "scalingConfig.maxSize": { least: 1 },
            "scalingConfig.desiredSize": { least: 0 },
            "updateConfig.maxUnavailablePercentage": { least: 1, most: 100 },
            "labels{key}": { least: 1, most: 63 },
            "labels{}": { least: 1, most: 63 },
        },
    },
    "aws:eks/addon:Addon": {
        schema: eks.CreateAddonRequest$,
        request: ({ resolveConflictsOnCreate, resolveConflictsOnUpdate: _, ...rest }) =>
            ({ ...rest, resolveConflicts: resolveConflictsOnCreate }),
        limits: {
            clusterName,
            "resolveConflicts": { words: eks.ResolveConflicts },
            "podIdentityAssociations[].roleArn": roleArn,
        },
    },
    "aws:eks/accessEntry:AccessEntry": {
        schema: eks.CreateAccessEntryRequest$, request: inputs => inputs, limits: { clusterName },
    },
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
        schema: eks.AssociateAccessPolicyRequest$,
        request: inputs => inputs,
        limits: { clusterName, "accessScope.type": { words: eks.AccessScopeType } },
    },
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
        schema: eks.CreatePodIdentityAssociationRequest$, request: inputs => inputs, limits: { clusterName, roleArn },
    },
    "aws:ec2/launchTemplate:LaunchTemplate": {
        schema: ec2.CreateLaunchTemplateRequest$,
        request: ({ blockDeviceMappings, updateDefaultVersion: _, tagSpecifications, ...rest }, name) => ({
            LaunchTemplateName: autonamed(name),
            LaunchTemplateData: {
                ...pascal(rest) as Inputs,
                BlockDeviceMappings: flags(pascal(blockDeviceMappings)),
                TagSpecifications: (tagSpecifications as { resourceType: string; tags: Record<string, string> }[])
                    .map(({ resourceType, tags }) => ({ ResourceType: resourceType, Tags: tagList(tags) })),
            },
        }),
        limits: {
            "LaunchTemplateName": { least: 3, most: 128, pattern: /^[a-zA-Z0-9().\-/_]+$/ },
            "LaunchTemplateData.MetadataOptions.HttpTokens": { words: ec2.LaunchTemplateHttpTokensState },
            "LaunchTemplateData.MetadataOptions.HttpEndpoint": {
                words: ec2.LaunchTemplateInstanceMetadataEndpointState,
            },
            "LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit": { least: 1, most: 64 },
            "LaunchTemplateData.BlockDeviceMappings[].Ebs.VolumeType": { words: ec2.VolumeType },
            "LaunchTemplateData.BlockDeviceMappings[].Ebs.VolumeSize": { least: 1, most: 16384 },
            "LaunchTemplateData.BlockDeviceMappings[].Ebs.KmsKeyId": keyArn,
            "LaunchTemplateData.TagSpecifications[].ResourceType": { words: ec2.ResourceType },
            "LaunchTemplateData.TagSpecifications[].Tags": { most: 50 },
            "LaunchTemplateData.TagSpecifications[].Tags[].Key": { least: 1, most: 128, pattern: /^(?!aws:)/i },
            "LaunchTemplateData.TagSpecifications[].Tags[].Value": { most: 256 },
        },
    },
    "aws:ec2/vpc:Vpc": {
        schema: ec2.CreateVpcRequest$,
        // DNS is set by calls of its own.
        request: ({ cidrBlock }) => ({ CidrBlock: cidrBlock }),
        limits: { CidrBlock: { pattern: /\/(1[6-9]|2[0-8])$/ } },
    },
    "aws:ec2/subnet:Subnet": {
        schema: ec2.CreateSubnetRequest$,
        request: ({ mapPublicIpOnLaunch: _, tags: __, ...rest }) => pascal(rest) as Inputs,
        limits: { CidrBlock: { pattern: /\/(1[6-9]|2[0-8])$/ }, VpcId: { pattern: /^vpc-[0-9a-f]+$/ } },
    },
    "aws:ec2/vpcEndpoint:VpcEndpoint": {
        schema: ec2.CreateVpcEndpointRequest$,
        request: ({ tags: _, ...rest }) => pascal(rest) as Inputs,
        limits: { VpcEndpointType: { words: ec2.VpcEndpointType } },
    },
    "aws:ec2/natGateway:NatGateway": {
        schema: ec2.CreateNatGatewayRequest$,
        request: ({ tags: _, ...rest }) => pascal(rest) as Inputs,
        limits: { SubnetId: { pattern: /^subnet-[0-9a-f]+$/ }, AllocationId: { pattern: /^eipalloc-[0-9a-f]+$/ } },
    },
    "aws:ec2/securityGroup:SecurityGroup": {
        schema: ec2.CreateSecurityGroupRequest$,
        request: ({ vpcId, description }, name) =>
            ({ VpcId: vpcId, Description: description, GroupName: autonamed(name) }),
        limits: { Description: { most: 255, pattern: /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]*$/ } },
    },
    "aws:ec2/flowLog:FlowLog": {
        schema: ec2.CreateFlowLogsRequest$,
        request: ({ vpcId, iamRoleArn, ...rest }) => ({
            ...pascal(rest) as Inputs, ResourceIds: [vpcId], ResourceType: "VPC", DeliverLogsPermissionArn: iamRoleArn,
        }),
        limits: { TrafficType: { words: ec2.TrafficType }, DeliverLogsPermissionArn: roleArn },
    },
    "aws:ecr/repository:Repository": {
        schema: ecr.CreateRepositoryRequest$,
        request: ({ name, encryptionConfigurations, forceDelete: _, ...rest }) => ({
            ...rest, repositoryName: name, encryptionConfiguration: (encryptionConfigurations as unknown[])[0],
        }),
        limits: {
            "repositoryName": {
                least: 2, most: 256,
                pattern: /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/,
            },
            "imageTagMutability": { words: ecr.ImageTagMutability },
            "encryptionConfiguration.encryptionType": { words: ecr.EncryptionType },
        },
    },
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": {
        schema: ecr.PutLifecyclePolicyRequest$,
        request: ({ repository, policy }) => ({ repositoryName: repository, lifecyclePolicyText: policy }),
        limits: { lifecyclePolicyText: { least: 100, most: 30_720 } },
    },
    "aws:efs/fileSystem:FileSystem": {
        schema: efs.CreateFileSystemRequest$,
        request: ({ tags: _, ...rest }) => pascal(rest) as Inputs,
        limits: { ThroughputMode: { words: efs.ThroughputMode }, KmsKeyId: keyArn },
    },
    "aws:efs/mountTarget:MountTarget": {
        schema: efs.CreateMountTargetRequest$,
        request: inputs => pascal(inputs) as Inputs,
        limits: {
            "FileSystemId": fileSystemId,
            "SubnetId": { least: 15, most: 47, pattern: /^subnet-[0-9a-f]{8,40}$/ },
            "SecurityGroups[]": { least: 11, most: 43, pattern: /^sg-[0-9a-f]{8,40}$/ },
        },
    },
    "aws:efs/fileSystemPolicy:FileSystemPolicy": {
        schema: efs.PutFileSystemPolicyRequest$,
        request: inputs => pascal(inputs) as Inputs,
        limits: { FileSystemId: fileSystemId, Policy: json },
    },
    "aws:efs/backupPolicy:BackupPolicy": {
        schema: efs.PutBackupPolicyRequest$,
        request: inputs => pascal(inputs) as Inputs,
        limits: { "FileSystemId": fileSystemId, "BackupPolicy.Status": { words: efs.Status } },
    },
    "aws:kms/key:Key": {
        schema: kms.CreateKeyRequest$,
        // Rotation and the time until deletion are set by calls of their own.
        request: ({ policy, description }) => ({ Policy: policy, Description: description }),
        limits: { Policy: json, Description: { most: 8192 } },
    },
    "aws:kms/alias:Alias": {
        schema: kms.CreateAliasRequest$,
        request: ({ name, targetKeyId }) => ({ AliasName: name, TargetKeyId: targetKeyId }),
        limits: { AliasName: { least: 1, most: 256, pattern: /^alias\/(?!aws\/)[a-zA-Z0-9/_-]+$/ } },
    },
    "aws:scheduler/schedule:Schedule": {
        schema: scheduler.CreateScheduleInput$,
        request: (inputs, name) => ({ ...pascal(inputs) as Inputs, Name: autonamed(name) }),
        limits: {
            "Name": { least: 1, most: 64, pattern: /^[0-9a-zA-Z\-_.]+$/ },
            "Description": { most: 512 },
            "ScheduleExpression": {
                pattern: /^cron\([0-5]?\d ([01]?\d|2[0-3]) \? \* (SUN|MON|TUE|WED|THU|FRI|SAT) \*\)$/,
            },
            "FlexibleTimeWindow.Mode": { words: scheduler.FlexibleTimeWindowMode },
            "Target.RoleArn": roleArn,
            "Target.RetryPolicy.MaximumEventAgeInSeconds": { least: 60, most: 86_400 },
            "Target.RetryPolicy.MaximumRetryAttempts": { least: 0, most: 185 },
        },
    },
};

/** What AWS would refuse about the resources, each with its name. */
export function refusals(resources: Registered[]): string[] {
    return resources.flatMap(({ type, name, inputs }) => {
        const call = calls[type];
        const problems = call ? problemsOf(call.request(inputs, name), call.schema, call.limits) : [];
        return problems.map(problem => `${name}: ${problem}`);
    });
}

/** With the keys as most of AWS's APIs write them: `keyArn` is `KeyArn`. */
function pascal(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(pascal);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, one]) => [key[0].toUpperCase() + key.slice(1), pascal(one)]);
    return Object.fromEntries(entries);
}

/** The provider takes some flags as text. */
function flags(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(flags);
    if (typeof value === "object" && value !== null) {
        return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, flags(one)]));
    }
    return value === "true" ? true : value === "false" ? false : value;
}

function tagList(tags: Record<string, string>): { Key: string; Value: string }[] {
    return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
