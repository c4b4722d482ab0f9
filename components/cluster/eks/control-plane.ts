import type { LogGroup } from "@pulumi/aws/cloudwatch/logGroup";
import * as eks from "@pulumi/aws/eks";
import type { Key } from "@pulumi/aws/kms";
import type { Provider } from "@pulumi/kubernetes";
import * as core from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";
import { checkedVersion } from "../cloud/version";
import { rendering } from "../lookup";
import { transformationsOf } from "../provider";
import type { Scope } from "./args";
import { createClusterRole, createPodRole, type Role } from "./identities";
import { type Network, servicesOf } from "./network";

export interface ControlPlaneArgs {
    network: Network;
    key: Key;
    logs: LogGroup;
    /** Role of the nodes that Auto Mode creates. */
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
        // Auto Mode consists of these three; EKS refuses one without the others.
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
        // EKS refuses subnets of another network or zone, but only after other resources have changed.
        replaceOnChanges: ["vpcConfig.subnetIds"],
        dependsOn: [logs, ...role.parts, ...auto ? nodeRole.parts : [], ...network.routes],
    });
}

/** The cluster's version; undefined if there is no cluster yet. */
function currentVersion({ args, options }: Scope): pulumi.Output<string | undefined> {
    if (rendering()) return pulumi.output(undefined);
    const none = pulumi.output<string | undefined>(undefined);
    return eks.getClustersOutput({}, options).names.apply(names =>
        names.includes(args.name) ? eks.getClusterOutput({ name: args.name }, options).version : none);
}

/** Auto Mode's nodes enforce network policies by default, but only once this object turns on their controller. */
export function enforceNetworkPolicies(name: string, provider: Provider, parent: pulumi.Resource): void {
    new core.ConfigMap(`${name}-network-policies`, {
        metadata: { name: "amazon-vpc-cni", namespace: "kube-system" },
        data: { "enable-network-policy-controller": "true" },
    }, { parent, provider, transformations: transformationsOf(provider) });
}

/** An add-on that EKS installs and keeps running. */
interface AddOn {
    name: string;
    /** In the form of the add-on's own schema. */
    configuration?: object;
    /** Its service account that calls AWS, and the AWS managed policy for it. */
    identity?: { serviceAccount: string; policy: string };
}

/** Gives pods their identities. */
const identityAgent: AddOn = { name: "eks-pod-identity-agent" };

/** Without these, a node doesn't become ready: they handle the network of its pods, network policies and Services. */
const beforeNodes: AddOn[] = [
    {
        name: "vpc-cni",
        configuration: { enableNetworkPolicy: "true" },
        identity: { serviceAccount: "aws-node", policy: "AmazonEKS_CNI_Policy" },
    },
    { name: "kube-proxy" },
];

/** Add-ons on nodes of both kinds, from pools and from Auto Mode. */
const onNodes: AddOn[] = [
    { name: "metrics-server" },
    {
        name: "aws-efs-csi-driver",
        identity: { serviceAccount: "efs-csi-controller-sa", policy: "service-role/AmazonEFSCSIDriverPolicy" },
    },
];

/** Add-ons on nodes from pools; Auto Mode has these built in. */
function onPools(tags: Record<string, string>): AddOn[] {
    return [
        { name: "coredns", configuration: { autoScaling: { enabled: true } } },
        {
            name: "aws-ebs-csi-driver",
            configuration: { controller: { extraVolumeTags: tags } },
            identity: { serviceAccount: "ebs-csi-controller-sa", policy: "service-role/AmazonEBSCSIDriverPolicy" },
        },
        // Reports to node repair what the kubelet doesn't notice.
        { name: "eks-node-monitoring-agent" },
    ];
}

/** Creates the add-ons that a node needs to become ready; none with Auto Mode. */
export function createNodeAddOns(scope: Scope, cluster: eks.Cluster): pulumi.Resource[] {
    if (scope.args.provisioning === "auto") return [];
    const agent = createAddOn(scope, cluster, identityAgent, []);
    return [...agent, ...beforeNodes.flatMap(addOn => createAddOn(scope, cluster, addOn, agent))];
}

/** Creates the add-ons whose pods need nodes to run on. */
export function createAddOns(scope: Scope, cluster: eks.Cluster, nodes: pulumi.Resource[]): pulumi.Resource[] {
    const pools = scope.args.provisioning === "auto" ? [] : onPools(scope.tags);
    return [...pools, ...onNodes].flatMap(addOn => createAddOn(scope, cluster, addOn, nodes));
}

function createAddOn(
    scope: Scope, cluster: eks.Cluster, { name, configuration, identity }: AddOn, after: pulumi.Resource[],
): pulumi.Resource[] {
    const resourceName = `${scope.name}-${name}`;
    const role = identity && createPodRole(`${resourceName}-role`,
        { namespace: "kube-system", serviceAccount: identity.serviceAccount }, { managed: [identity.policy] }, scope);
    const addOn = new eks.Addon(resourceName, {
        clusterName: cluster.name,
        addonName: name,
        addonVersion: recommendedVersion(scope, name),
        configurationValues: configuration && JSON.stringify(configuration),
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
        podIdentityAssociations: identity && role && [{ serviceAccount: identity.serviceAccount, roleArn: role.arn }],
    }, { ...scope.options, dependsOn: [...after, ...role?.parts ?? []] });
    return [addOn, ...role?.parts ?? []];
}

/**
 * The version that EKS recommends for the cluster's Kubernetes version, looked up on every run. Without one, an add-on
 * would keep its first version while the cluster is upgraded. The newest release isn't yet the recommended one.
 */
function recommendedVersion({ args, options }: Scope, addonName: string): pulumi.Output<string> | undefined {
    if (rendering()) return undefined;
    const { kubernetesVersion } = args;
    return eks.getAddonVersionOutput({ addonName, kubernetesVersion }, options).version;
}
