import * as eks from "@pulumi/aws/eks";
import * as pulumi from "@pulumi/pulumi";
import { rendering } from "../lookup";
import { createPodRole } from "./roles";
import type { Scope } from "./scope";

/** An add-on that EKS installs and keeps at work. */
interface AddOn {
    name: string;
    /** As the add-on's own schema has it. */
    configuration?: object;
    /** The service account of it that calls AWS, and the policy that AWS maintains for it. */
    identity?: { serviceAccount: string; policy: string };
}

/** Gives pods their identities. */
const identityAgent: AddOn = { name: "eks-pod-identity-agent" };

/** What makes a node ready: its pods' network and its policies, and its Services. */
const beforeNodes: AddOn[] = [
    {
        name: "vpc-cni",
        configuration: { enableNetworkPolicy: "true" },
        identity: { serviceAccount: "aws-node", policy: "AmazonEKS_CNI_Policy" },
    },
    { name: "kube-proxy" },
];

/** What runs on nodes, whether they are Auto Mode's or ours. */
const onNodes: AddOn[] = [
    { name: "metrics-server" },
    {
        name: "aws-efs-csi-driver",
        identity: { serviceAccount: "efs-csi-controller-sa", policy: "service-role/AmazonEFSCSIDriverPolicy" },
    },
];

/** What Auto Mode has built in. */
function onOwnNodes(tags: Record<string, string>): AddOn[] {
    return [
        { name: "coredns", configuration: { autoScaling: { enabled: true } } },
        {
            name: "aws-ebs-csi-driver",
            configuration: { controller: { extraVolumeTags: tags } },
            identity: { serviceAccount: "ebs-csi-controller-sa", policy: "service-role/AmazonEBSCSIDriverPolicy" },
        },
        // Tells node repair what the kubelet doesn't notice.
        { name: "eks-node-monitoring-agent" },
    ];
}

/** Creates the add-ons without which a node is not ready; Auto Mode needs none. */
export function createNodeAddOns(scope: Scope, cluster: eks.Cluster): pulumi.Resource[] {
    if (scope.args.provisioning === "auto") return [];
    const agent = createAddOn(scope, cluster, identityAgent, []);
    return [...agent, ...beforeNodes.flatMap(addOn => createAddOn(scope, cluster, addOn, agent))];
}

/** Creates the add-ons whose pods need nodes to run on. */
export function createAddOns(scope: Scope, cluster: eks.Cluster, nodes: pulumi.Resource[]): pulumi.Resource[] {
    const own = scope.args.provisioning === "auto" ? [] : onOwnNodes(scope.tags);
    return [...own, ...onNodes].flatMap(addOn => createAddOn(scope, cluster, addOn, nodes));
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
        addonVersion: versionFor(scope, name),
        configurationValues: configuration && JSON.stringify(configuration),
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
        podIdentityAssociations: identity && role && [{ serviceAccount: identity.serviceAccount, roleArn: role.arn }],
    }, { ...scope.options, dependsOn: [...after, ...role?.parts ?? []] });
    return [addOn, ...role?.parts ?? []];
}

/**
 * The version that EKS recommends for the cluster's version of Kubernetes, asked for on every run: left open it would
 * stay what it was at the beginning while the cluster goes on; the most recent one is not yet what EKS recommends.
 */
function versionFor({ args, options }: Scope, addonName: string): pulumi.Output<string> | undefined {
    if (rendering()) return undefined;
    const { kubernetesVersion } = args;
    return eks.getAddonVersionOutput({ addonName, kubernetesVersion }, options).version;
}
