import type { LogGroup } from "@pulumi/aws/cloudwatch/logGroup";
import * as eks from "@pulumi/aws/eks";
import type { Key } from "@pulumi/aws/kms";
import * as pulumi from "@pulumi/pulumi";
import { checkedVersion } from "../cloud/version";
import { rendering } from "../lookup";
import type { Network } from "./network";
import { createRole, Role } from "./roles";
import type { Scope } from "./scope";

/** What EKS Auto Mode needs of the cluster's role, besides what every cluster needs. */
const autoPolicies = [
    "AmazonEKSComputePolicy", "AmazonEKSBlockStoragePolicy", "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
];

export interface ControlPlaneArgs {
    network: Network;
    key: Key;
    logs: LogGroup;
    /** The role of the nodes, which Auto Mode makes by itself. */
    nodeRole: Role;
}

/** Creates the cluster without nodes. */
export function createControlPlane(scope: Scope, { network, key, logs, nodeRole }: ControlPlaneArgs): eks.Cluster {
    const { name, args, defaults, options } = scope;
    const auto = args.provisioning === "auto";
    const role = createClusterRole(scope, key);
    return new eks.Cluster(`${name}-control-plane`, {
        name: args.name,
        roleArn: role.arn,
        version: checkedVersion(currentVersion(scope), args.kubernetesVersion),
        upgradePolicy: { supportType: "STANDARD" },
        deletionProtection: args.deletionProtection,
        vpcConfig: {
            subnetIds: network.privateSubnets.map(({ id }) => id),
            endpointPrivateAccess: true,
            endpointPublicAccess: true,
            publicAccessCidrs: args.authorizedNetworks,
        },
        accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
        encryptionConfig: { provider: { keyArn: key.arn }, resources: ["secrets"] },
        enabledClusterLogTypes: args.logTypes,
        zonalShiftConfig: { enabled: defaults.resilient },
        bootstrapSelfManagedAddons: false,
        // Auto Mode is these three together; EKS refuses one without the others.
        computeConfig: auto
            ? { enabled: true, nodePools: ["general-purpose", "system"], nodeRoleArn: nodeRole.arn }
            : { enabled: false },
        kubernetesNetworkConfig: {
            ipFamily: "ipv4",
            serviceIpv4Cidr: servicesOf(args.network),
            elasticLoadBalancing: { enabled: auto },
        },
        storageConfig: { blockStorage: { enabled: auto } },
    }, {
        ...options,
        protect: args.deletionProtection,
        // EKS takes no subnets of another network or zone; refused half-way, such a change would leave two halves.
        replaceOnChanges: ["vpcConfig.subnetIds"],
        dependsOn: [logs, ...role.parts, ...auto ? nodeRole.parts : [], ...network.routes],
    });
}

function createClusterRole(scope: Scope, key: Key): Role {
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

/** The version that the cluster has; undefined where there is none. */
function currentVersion({ args, options }: Scope): pulumi.Output<string | undefined> {
    if (rendering()) return pulumi.output(undefined);
    const none = pulumi.output<string | undefined>(undefined);
    return eks.getClustersOutput({}, options).names.apply(names =>
        names.includes(args.name) ? eks.getClusterOutput({ name: args.name }, options).version : none);
}

/** The addresses of Services: private ones that aren't the network's. */
export function servicesOf(network: string): string {
    return network.startsWith("172.") ? "10.100.0.0/16" : "172.20.0.0/16";
}
