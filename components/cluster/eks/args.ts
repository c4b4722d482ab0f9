import type { LogType } from "./sizes";
import type { Transform } from "../../transform";
import type { Comparisons } from "../compare";

/** Plain values, not `pulumi.Input`s: they are checked before any resource is made. */
export interface EksArgs {
    /** Name of the cluster, its key's alias and its registry; at most 40 characters. @example "landfall-prod" */
    name: string;
    /** What the size decides beside the settings below: NAT gateways, how long logs are kept, backups. */
    size: "development" | "production";
    /** The AWS account, 12 digits. Credentials of another one are refused. @example "123456789012" */
    account: string;
    /** @example "eu-west-1" */
    region: string;
    /** Three availability zones of the region. @example ["eu-west-1a", "eu-west-1b", "eu-west-1c"] */
    zones: string[];
    /** Minor version of Kubernetes. @example "1.36" */
    kubernetesVersion: string;
    /** Addresses that reach the API server from outside. @example ["203.0.113.0/24"] */
    authorizedNetworks: string[];
    /** Addresses of the VPC, /16 to /18. A change makes everything anew. @example "10.20.0.0/16" */
    network: string;
    /** IAM roles and users who may do everything in the cluster; whoever runs the program has to be among them. */
    admins: string[];
    /** IAM roles and users who may look at everything but Secrets. */
    viewers: string[];
    /** Whether the nodes are the pools below, or EKS Auto Mode chooses them. */
    provisioning: "pools" | "auto";
    /** Groups of nodes by name; none with Auto Mode. */
    nodePools: Record<string, NodePool>;
    /** When nodes get the latest image of their version of Kubernetes, UTC. */
    maintenance: { day: string; start: string; hours: number };
    /** Logs of the control plane that go to CloudWatch. */
    logTypes: LogType[];
    /** Whether the cluster and its keys refuse to be deleted. */
    deletionProtection: boolean;
    /** Route 53 hosted zone in which DNS records are kept. @default none @example "Z0123456789ABCDEFGHIJ" */
    dnsZone?: string;
    /**
     * An EFS file system that an earlier cluster left behind, to be used again.
     * @default a new one
     * @example "fs-0a1b2c3d"
     */
    fileSystem?: string;
    /** Put on everything that AWS can tag, besides `project` and `stack`. @example { "cost-center": "web" } */
    tags: Record<string, string>;
    /** Whether the volumes' data goes with the cluster. @default "retain" */
    volumes?: "delete" | "retain";
    /** Refuses what can't be changed in place. @default nothing is compared */
    comparisons?: Comparisons;
    /** Last word on each resource's arguments, for what is not modelled here. */
    transform?: Transform;
}

export interface NodePool {
    /** EC2 instance type, or several of the same size with commas between. @example "m6i.large,m5.large" */
    machineType: string;
    /** Nodes at the least; 0 where another pool has room for the system's pods. */
    min: number;
    /** Nodes at the most. */
    max: number;
    /** GiB of each node's disk. */
    diskSize: number;
    /** Whether they are spot instances, which may be taken away at two minutes' notice. */
    spot: boolean;
    labels: Record<string, string>;
}
