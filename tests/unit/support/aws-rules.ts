import { ProviderRules } from "./changes";

/**
 * What the AWS provider (7.48) replaces: the inputs that its source marks so (terraform-provider-aws,
 * internal/service: `ForceNew`, or a plan modifier `RequiresReplace`), as far as the target sets them.
 */
export const awsRules: ProviderRules = {
    replacing: {
        "aws:eks/cluster:Cluster": [
            "name", "roleArn", "bootstrapSelfManagedAddons", "accessConfig.bootstrapClusterCreatorAdminPermissions",
            "kubernetesNetworkConfig.ipFamily", "kubernetesNetworkConfig.serviceIpv4Cidr",
            // Only when it is taken away, says the source; AWS takes no other key either.
            "encryptionConfig",
        ],
        "aws:eks/nodeGroup:NodeGroup": [
            "clusterName", "nodeGroupName", "nodeRoleArn", "subnetIds", "amiType", "capacityType", "instanceTypes",
            "diskSize", "launchTemplate.id",
        ],
        "aws:eks/addon:Addon": ["addonName", "clusterName"],
        "aws:eks/accessEntry:AccessEntry": ["clusterName", "principalArn", "type"],
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": [
            "clusterName", "principalArn", "policyArn", "accessScope",
        ],
        "aws:eks/podIdentityAssociation:PodIdentityAssociation": ["clusterName", "namespace", "serviceAccount"],
        "aws:ec2/launchTemplate:LaunchTemplate": ["name"],
        "aws:ec2/vpc:Vpc": ["cidrBlock"],
        "aws:ec2/subnet:Subnet": ["vpcId", "cidrBlock", "availabilityZone"],
        "aws:ec2/internetGateway:InternetGateway": [],
        "aws:ec2/natGateway:NatGateway": ["allocationId", "subnetId"],
        "aws:ec2/routeTable:RouteTable": ["vpcId"],
        "aws:ec2/route:Route": ["routeTableId", "destinationCidrBlock"],
        "aws:ec2/routeTableAssociation:RouteTableAssociation": ["subnetId"],
        "aws:ec2/vpcEndpoint:VpcEndpoint": ["vpcId", "serviceName", "vpcEndpointType"],
        "aws:ec2/securityGroup:SecurityGroup": ["name", "description", "vpcId"],
        "aws:ec2/flowLog:FlowLog": ["vpcId", "trafficType", "logDestination", "iamRoleArn"],
        "aws:kms/alias:Alias": ["name"],
        "aws:cloudwatch/logGroup:LogGroup": ["name"],
        "aws:efs/fileSystem:FileSystem": ["encrypted", "kmsKeyId"],
        "aws:efs/mountTarget:MountTarget": ["fileSystemId", "subnetId"],
        "aws:efs/fileSystemPolicy:FileSystemPolicy": ["fileSystemId"],
        "aws:efs/backupPolicy:BackupPolicy": ["fileSystemId"],
        "aws:ecr/repository:Repository": ["name", "encryptionConfigurations"],
        "aws:ecr/lifecyclePolicy:LifecyclePolicy": ["repository", "policy"],
        "aws:iam/role:Role": ["name"],
        "aws:iam/rolePolicy:RolePolicy": ["name", "role"],
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ["role", "policyArn"],
        "aws:scheduler/schedule:Schedule": ["name", "groupName"],
        // pulumi-kubernetes: another identifier is another cluster, in which there is nothing yet.
        "pulumi:providers:kubernetes": ["clusterIdentifier"],
        "command:local:Command": ["triggers"],
    },
    renewing: ["aws:ec2/launchTemplate:LaunchTemplate"],
    named: {
        "aws:eks/cluster:Cluster": "name",
        "aws:eks/nodeGroup:NodeGroup": "nodeGroupName",
    },
};
