import * as ec2 from "@pulumi/aws/ec2";
import * as efs from "@pulumi/aws/efs";
import type { Cluster } from "@pulumi/aws/eks";
import type { Key } from "@pulumi/aws/kms";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import type { StorageClass } from "../cluster";
import type { Scope } from "./args";
import { policyDocument } from "./identities";
import type { Network } from "./network";

/** A file system that pods on all nodes can write to. */
export interface SharedFiles {
    id: pulumi.Input<string>;
    /** Must exist while pods use it. */
    parts: pulumi.Resource[];
}

/** Creates the shared file system, or uses an existing one, and lets the nodes of every zone reach it. */
export function createSharedFiles(scope: Scope, network: Network, cluster: Cluster, key: Key): SharedFiles {
    const { name, args, defaults, options } = scope;
    const id = args.fileSystem ?? createFileSystem(scope, key).id;
    const policy = new efs.FileSystemPolicy(`${name}-files`, {
        fileSystemId: id, policy: fileSystemPolicy(scope, id),
    }, options);
    new efs.BackupPolicy(`${name}-files`, {
        fileSystemId: id, backupPolicy: { status: defaults.resilient ? "ENABLED" : "DISABLED" },
    }, options);
    const securityGroup = createSecurityGroup(scope, network.vpc, cluster);
    const targets = network.privateSubnets.map((subnet, index) =>
        new efs.MountTarget(`${name}-files-${args.zones[index].slice(-1)}`, {
            fileSystemId: id, subnetId: subnet.id, securityGroups: [securityGroup.id],
        }, options));
    return { id, parts: [policy, ...targets] };
}

function createFileSystem({ name, args, retained, options }: Scope, key: Key): efs.FileSystem {
    return new efs.FileSystem(`${name}-files`, {
        encrypted: true,
        kmsKeyId: key.arn,
        throughputMode: "elastic",
        tags: { Name: args.name },
    }, { ...options, protect: args.deletionProtection, retainOnDelete: retained });
}

/** Only the nodes may connect; nothing may connect out. */
function createSecurityGroup({ name, args, options }: Scope, network: ec2.Vpc, cluster: Cluster): ec2.SecurityGroup {
    const group = new ec2.SecurityGroup(`${name}-files`, {
        vpcId: network.id,
        description: `Shared files of the cluster ${args.name}`,
        tags: { Name: `${args.name}-files` },
    }, options);
    new vpc.SecurityGroupIngressRule(`${name}-files`, {
        securityGroupId: group.id,
        referencedSecurityGroupId: cluster.vpcConfig.clusterSecurityGroupId,
        ipProtocol: "tcp",
        fromPort: 2049,
        toPort: 2049,
        description: "NFS from the nodes",
    }, options);
    return group;
}

/**
 * Allows reading and writing through the network's mount targets, encrypted, and never as root. Clients must use an access
 * point, as the driver does, so none sees more than one volume's directory.
 */
function fileSystemPolicy({ partition, args }: Scope, id: pulumi.Input<string>): pulumi.Output<string> {
    const arn = pulumi.interpolate`arn:${partition}:elasticfilesystem:${args.region}:${args.account}:file-system/${id}`;
    return policyDocument([
        {
            Sid: "ThroughMountTargets",
            Effect: "Allow",
            Principal: { AWS: "*" },
            Action: ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            Resource: arn,
            Condition: { Bool: { "elasticfilesystem:AccessedViaMountTarget": "true" } },
        },
        {
            Sid: "EncryptedOnly",
            Effect: "Deny",
            Principal: { AWS: "*" },
            Action: ["*"],
            Resource: arn,
            Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
        {
            Sid: "AccessPointsOnly",
            Effect: "Deny",
            Principal: { AWS: "*" },
            Action: ["ClientMount", "ClientWrite", "ClientRootAccess"].map(action => `elasticfilesystem:${action}`),
            Resource: arn,
            Condition: { Null: { "elasticfilesystem:AccessPointArn": "true" } },
        },
    ]);
}

/** The StorageClasses: disks for one pod, directories of the shared file system for many. */
export function storageClassesOf({ args }: Scope, key: Key, files: SharedFiles): StorageClass[] {
    const auto = args.provisioning === "auto";
    return [
        {
            name: "landfall",
            isDefault: true,
            provisioner: auto ? "ebs.csi.eks.amazonaws.com" : "ebs.csi.aws.com",
            parameters: { type: "gp3", encrypted: "true", kmsKeyId: key.arn, "csi.storage.k8s.io/fstype": "ext4" },
        },
        {
            name: "landfall-shared",
            provisioner: "efs.csi.aws.com",
            volumeBindingMode: "Immediate",
            parameters: {
                provisioningMode: "efs-ap",
                fileSystemId: files.id,
                // A claim of the same name gets the same directory and owner, so a later cluster finds its files.
                subPathPattern: "${.PVC.namespace}/${.PVC.name}",
                ensureUniqueDirectory: "false",
                uid: "1000",
                gid: "1000",
                directoryPerms: "700",
            },
        },
    ];
}
