import type { Provider } from "@pulumi/aws/provider";
import type * as pulumi from "@pulumi/pulumi";
import type { CloudArgs, NodePool } from "../cloud/args";

export const logTypes = ["api", "audit", "authenticator", "controllerManager", "scheduler"] as const;
export type LogType = typeof logTypes[number];

/** Settings of a cluster on Amazon EKS. The name is at most 40 characters long; the network is a /16 to /18. */
export interface EksArgs extends CloudArgs {
    /** AWS account, 12 digits. Credentials for another one are refused. @example "123456789012" */
    account: string;
    /** A change replaces everything. @example "eu-west-1" */
    region: string;
    /** Three availability zones of the region. @example ["eu-west-1a", "eu-west-1b", "eu-west-1c"] */
    zones: string[];
    /** ARNs of IAM roles and users that may do everything in the cluster; whoever runs the program must be among them. */
    admins: string[];
    /** ARNs of IAM roles and users that may view everything in the cluster except Secrets. */
    viewers: string[];
    /** A pool's `machineType` is an EC2 instance type, or several of one size, separated by commas. */
    nodePools: Record<string, NodePool>;
    /** Control plane logs that are sent to CloudWatch. @example ["audit"] */
    logTypes: LogType[];
    deletionProtection: boolean;
    /** Route 53 hosted zone in which external-dns keeps records. @default none @example "Z0123456789ABCDEFGHIJ" */
    dnsZone?: string;
    /** EFS file system that an earlier cluster left behind, to use again. @default a new one @example "fs-0a1b2c3d" */
    fileSystem?: string;
}

/** The instance types of a pool: one, or several separated by commas. */
export function instanceTypesOf(machineType: string): string[] {
    return machineType.split(",");
}

/** Whether the EC2 instance type has an Arm processor, such as `m7g.large` and `c6gn.xlarge`. */
export function isArm(instanceType: string): boolean {
    return /^(a1|[a-z]+\d+g[a-z]*)\./.test(instanceType);
}

/** What `size` sets. */
export interface Size {
    /** Whether each zone has its own NAT gateway, or one serves all. */
    natPerZone: boolean;
    /** Days that the control plane's and the network's logs are kept. CloudWatch only accepts certain numbers. */
    logRetentionDays: number;
    logTypes: LogType[];
    deletionProtection: boolean;
    /** Whether AWS may move traffic out of an impaired zone, and the shared file system is backed up daily. */
    resilient: boolean;
    nodePools: Record<string, NodePool>;
}

export const sizes: Record<EksArgs["size"], Size> = {
    development: {
        natPerZone: false,
        logRetentionDays: 30,
        logTypes: ["audit", "authenticator"],
        deletionProtection: false,
        resilient: false,
        nodePools: {
            main: { machineType: "t3.large", min: 1, max: 4, diskSize: 50, spot: false, labels: {} },
        },
    },
    production: {
        natPerZone: true,
        logRetentionDays: 365,
        logTypes: [...logTypes],
        deletionProtection: true,
        resilient: true,
        nodePools: {
            // At least one node per zone: a database's volume stays in its zone, and needs a node there.
            main: { machineType: "m6i.large", min: 3, max: 30, diskSize: 50, spot: false, labels: {} },
        },
    },
};

/** What every part of the target is created with. */
export interface Scope {
    /** Name of the component, with which its children's names begin. */
    name: string;
    args: EksArgs;
    /** What `args.size` sets. */
    defaults: Size;
    /** Partition in the region's ARNs. @example "aws" */
    partition: string;
    /** Tags of everything. The provider sets them, except on what others create, such as machines. */
    tags: Record<string, string>;
    /** Whether data outlives the cluster. */
    retained: boolean;
    options: pulumi.CustomResourceOptions & { parent: pulumi.Resource; provider: Provider };
}
