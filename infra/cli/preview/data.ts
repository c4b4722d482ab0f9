import { claimType, isVolumesDirectory } from "../engine/keep";

/** What is known of a resource whose deletion or replacement is judged. */
export interface Judged {
    type: string;
    inputs?: Record<string, unknown>;
}

interface Kind {
    types: RegExp;
    /** What is lost with it. */
    reason: string;
}

const ofCommand = (inputs: Judged["inputs"]): string => String(inputs?.delete ?? "");

/** Scripts that a deleted command runs and that delete no data. */
const harmlessScripts = /\/cloud\/await-released\.[a-z]+$/;

/** The resources whose deletion or replacement loses data, with what is lost. The first match counts. */
const holding: readonly Kind[] = [
    { types: /^kubernetes:core\/v1:Persistent(VolumeClaim|Volume)$/, reason: "a volume with its files" },
    { types: /^kubernetes:apps\/v1:StatefulSet$/, reason: "a server with volumes, such as the database" },
    { types: /^kubernetes:core\/v1:Namespace$/, reason: "everything in the namespace, its volumes too" },
    { types: /^kubernetes:apiextensions\.k8s\.io\/v1:CustomResourceDefinition$/, reason: "every object of this kind, whoever created it" },
    { types: /^kubernetes:snapshot\.storage\.k8s\.io\//, reason: "snapshots of volumes" },
    { types: /^random:/, reason: "a generated password or name that existing data needs, such as the database's" },
    { types: /:(rds|docdb|neptune|sql|spanner|bigtable|alloydb|dynamodb|elasticache|redis|memorydb|documentdb|cosmosdb|dbfor\w+)[/:]/i,
        reason: "a managed database" },
    { types: /^aws:eks\/cluster:|^gcp:container\/cluster:|^azure-native:containerservice:ManagedCluster$/, reason: "the cluster and all that runs in it" },
    { types: /^aws:eks\/nodeGroup:|^gcp:container\/nodePool:|^azure-native:containerservice:AgentPool$|^aws:ec2\/instance:/,
        reason: "nodes, with what is on their own disks" },
    { types: /^aws:efs\/fileSystem:|^gcp:filestore\/|^azure-native:storage:(StorageAccount|FileShare|BlobContainer)$|^azure-native:netapp:/,
        reason: "shared volumes with their files" },
    { types: /^aws:ebs\/|^gcp:compute\/(disk|regionDisk|snapshot|image|instance):|^azure-native:compute:(Disk|Snapshot|VirtualMachine)/,
        reason: "disks or their snapshots" },
    { types: /^aws:s3\/bucket(V2|Object|Objectv2|ObjectCopy)?:|^gcp:storage\/bucket(Object)?:/, reason: "a bucket with its objects, such as snapshots" },
    { types: /^aws:backup\/|^aws:dlm\/|^gcp:backupdisasterrecovery\/|^azure-native:recoveryservices:/, reason: "backups" },
    { types: /^aws:kms\/key:|^gcp:kms\/(cryptoKey|keyRing):|^azure-native:keyvault:(Key|Vault|Secret)$/,
        reason: "a key, without which what it encrypted can't be read" },
    { types: /^aws:ecr\/repository:|^gcp:artifactregistry\/repository:|^azure-native:containerregistry:Registry$/,
        reason: "images, which earlier versions need" },
    { types: /^aws:cloudwatch\/logGroup:|^gcp:logging\/projectBucketConfig:|^azure-native:operationalinsights:/, reason: "kept logs" },
    { types: /^aws:secretsmanager\/|^gcp:secretmanager\//, reason: "a kept secret" },
    { types: /^aws:route53\/(zone|record):|^gcp:dns\/(managedZone|recordSet):|^azure-native:(network|dns|privatedns):(Private)?(Zone|RecordSet\w*)$/,
        reason: "DNS records, by which others find the site" },
    { types: /^docker:index\/(volume|container):/, reason: "a Docker volume or container with its files" },
    { types: /^azure-native:monitor:AzureMonitorWorkspace$/, reason: "kept metrics" },
    { types: /^azure-native:resources:ResourceGroup$|^gcp:organizations\/project:/, reason: "everything in it" },
];

/** The resources that are made again without loss. What neither list knows may hold data. */
const replaceable: readonly RegExp[] = [
    /^pulumi:/, /^landfall:/, /^docker:index\/(image|registryImage|remoteImage|tag|network):/,
    /^kubernetes:(admissionregistration\.k8s\.io|apiregistration\.k8s\.io|autoscaling|batch|cert-manager\.io|networking\.k8s\.io|policy|rbac\.authorization\.k8s\.io|scheduling\.k8s\.io|storage\.k8s\.io|gateway\.networking\.k8s\.io|metallb\.io|projectcontour\.io)\//,
    /^kubernetes:apps\/v1:(Deployment|DaemonSet|ReplicaSet)$/,
    /^kubernetes:core\/v1:(ConfigMap|LimitRange|ResourceQuota|Secret|Service|ServiceAccount)$/,
    /^aws:(iam|scheduler|vpc|route53)\//,
    /^aws:ec2\/(defaultSecurityGroup|eip|flowLog|internetGateway|launchTemplate|natGateway|route|routeTable|routeTableAssociation|securityGroup|securityGroupRule|subnet|vpc|vpcEndpoint):/,
    /^aws:s3\/bucket(\w*Policy|PublicAccessBlock|OwnershipControls|\w*Versioning\w*|\w*EncryptionConfiguration\w*|LifecycleConfiguration\w*|Logging\w*|Notification):/,
    /^aws:ecr\/lifecyclePolicy:/, /^aws:efs\/(backupPolicy|fileSystemPolicy|mountTarget|accessPoint):/, /^aws:kms\/alias:/,
    /^aws:eks\/(accessEntry|accessPolicyAssociation|addon|podIdentityAssociation):/,
    /^azure-native:(authorization|managedidentity|monitor|network):/,
    /^azure-native:containerservice:MaintenanceConfiguration$/, /^azure-native:storage:FileServiceProperties$/,
    /^gcp:(projects|serviceaccount)\//, /^gcp:compute\/(network|router|routerNat|subnetwork|address|globalAddress|firewall):/,
    /^gcp:artifactregistry\/repositoryIamMember:/, /^gcp:dns\/dnsManagedZoneIamMember:/, /^gcp:kms\/cryptoKeyIAMMember:/,
    /^gcp:logging\/projectSink:/,
];

/** What is lost if the resource is deleted or replaced; undefined if nothing is. Types that nobody listed may hold data. */
export function dataIn({ type, inputs }: Judged): string | undefined {
    if (type.startsWith("command:")) return dataOfCommand({ type, inputs });
    const found = holding.find(({ types }) => types.test(type));
    if (found) return found.reason;
    return replaceable.some(types => types.test(type)) ? undefined : "Landfall doesn't know this type: it may hold data";
}

function dataOfCommand(judged: Judged): string | undefined {
    const script = ofCommand(judged.inputs);
    if (script === "" || harmlessScripts.test(script)) return undefined;
    if (isVolumesDirectory(judged)) return "the directory of the volumes";
    if (/\/cluster\/(kind|minikube)\/delete\.[a-z]+$/.test(script)) return "the cluster and all that runs in it";
    if (/\/baremetal\/operator\/(reset|leave)\.[a-z]+$/.test(script)) return "a machine's part of the cluster, and its volumes";
    return "its deletion runs a script, which may delete data";
}

/** Whether the type is in one of the two lists, for the test that every type of ours is. */
export function isListed(type: string): boolean {
    return type.startsWith("command:") || type === claimType
        || holding.some(({ types }) => types.test(type)) || replaceable.some(types => types.test(type));
}
