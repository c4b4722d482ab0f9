import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { ImageDelivery, LoadBalancing, StorageClass } from "../../../../../components/cluster";
import { controllerAccounts } from "../../../../../components/cluster/cluster";
import { Registered } from "../../../../../infra/cli/capture";
import { CapturedCluster } from "../../../support/cluster";
import { captureEks, variants } from "../../../support/eks";
import { parseNetwork, rangesOverlap } from "../../../../../components/cluster/ipv4";

/** A policy as IAM reads it. */
interface Policy {
    Statement: { Effect: string; Principal?: unknown; Action: string[]; Resource: unknown; Condition?: object }[];
}

const policyOf = ({ inputs }: Registered): Policy => JSON.parse(String(inputs.policy)) as Policy;
const namesOf = (resources: Registered[], key: string) => resources.map(({ inputs }) => inputs[key]);
const urnsIn = (resource: Registered, input: string) => resource.propertyDependencies[input] ?? [];

/** The policies of AWS's that a role has, without what all their ARNs begin with. */
function managedPolicies(made: CapturedCluster, role: string): string[] {
    const { urn } = made.find(role, "Role");
    return made.ofType("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        .filter(attachment => urnsIn(attachment, "role").includes(urn))
        .map(({ inputs }) => String(inputs.policyArn).replace("arn:aws:iam::aws:policy/", ""));
}

describe.each(variants)("EKS, $size with $provisioning", variant => {
    const production = variant.size === "production";
    const auto = variant.provisioning === "auto";
    let made: CapturedCluster;
    let cluster: Registered;
    beforeAll(async () => {
        made = await captureEks({ ...variant, tags: { "cost-center": "web" } });
        cluster = made.find("cluster-control-plane");
    });

    test("is in three zones, with its nodes where nobody outside reaches them", () => {
        const subnets = made.ofType("aws:ec2/subnet:Subnet");
        const zones = (kind: string) => subnets.filter(({ name }) => name.includes(kind));
        for (const kind of ["public", "private"]) {
            expect(namesOf(zones(kind), "availabilityZone")).toEqual(["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
        }
        const blocks = subnets.map(({ inputs }) => parseNetwork(String(inputs.cidrBlock)));
        for (const [index, block] of blocks.entries()) {
            if (!block) throw new Error(`${subnets[index].name} has no network`);
            for (const other of blocks.slice(index + 1)) {
                expect(other && rangesOverlap(block, other)).toBe(false);
            }
        }
        expect(urnsIn(cluster, "vpcConfig").filter(urn => urn.includes("subnet")).sort())
            .toEqual(zones("private").map(({ urn }) => urn).sort());
        const [toInternet] = made.ofType("aws:ec2/route:Route").filter(({ inputs }) => inputs.gatewayId);
        const publicTable = toInternet.inputs.routeTableId;
        const associated = made.ofType("aws:ec2/routeTableAssociation:RouteTableAssociation");
        const reached = associated.filter(({ inputs }) => inputs.routeTableId === publicTable);
        expect(reached.map(({ name }) => name)).toEqual(["a", "b", "c"].map(zone => `cluster-public-${zone}`));
        expect(namesOf(subnets, "mapPublicIpOnLaunch")).toEqual(subnets.map(() => false));
    });

    test("loses no more than a zone's way out with the zone, where that is worth its price", () => {
        const gateways = made.ofType("aws:ec2/natGateway:NatGateway");
        expect(gateways).toHaveLength(production ? 3 : 1);
        expect(new Set(namesOf(gateways, "subnetId")).size).toBe(gateways.length);
        // Each private subnet has a table with a way out.
        const ways = made.ofType("aws:ec2/route:Route").filter(({ inputs }) => inputs.natGatewayId);
        const tables = made.ofType("aws:ec2/routeTableAssociation:RouteTableAssociation")
            .filter(({ name }) => name.includes("private")).map(({ inputs }) => inputs.routeTableId);
        expect(tables).toHaveLength(3);
        expect([...new Set(tables)].sort()).toEqual(namesOf(ways, "routeTableId").sort());
        expect(made.find("cluster-s3").inputs.routeTableIds).toEqual([...new Set(tables)]);
    });

    test("is reached by those on the list alone, who have to be named as well", () => {
        expect(cluster.inputs.vpcConfig).toMatchObject({
            endpointPublicAccess: true, publicAccessCidrs: ["203.0.113.0/24"], endpointPrivateAccess: true,
        });
        expect(cluster.inputs.accessConfig)
            .toEqual({ authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false });
        const entries = made.ofType("aws:eks/accessEntry:AccessEntry");
        expect(namesOf(entries, "principalArn")).toEqual(["arn:aws:iam::123456789012:role/Operator"]);
    });

    test("encrypts its Secrets, disks, files, images and logs by one key, which is renewed", () => {
        const key = made.ofType("aws:kms/key:Key");
        expect(key).toHaveLength(1);
        expect(key[0].inputs.enableKeyRotation).toBe(true);
        const encrypted: [Registered, string][] = [
            [cluster, "encryptionConfig"],
            ...made.ofType("aws:cloudwatch/logGroup:LogGroup").map(group => [group, "kmsKeyId"] as [Registered, string]),
            ...made.ofType("aws:efs/fileSystem:FileSystem").map(files => [files, "kmsKeyId"] as [Registered, string]),
            ...made.ofType("aws:ecr/repository:Repository")
                .map(images => [images, "encryptionConfigurations"] as [Registered, string]),
            ...made.ofType("aws:ec2/launchTemplate:LaunchTemplate")
                .map(template => [template, "blockDeviceMappings"] as [Registered, string]),
        ];
        expect(encrypted.length).toBeGreaterThanOrEqual(auto ? 5 : 6);
        for (const [resource, input] of encrypted) {
            expect([resource.name, urnsIn(resource, input)]).toEqual([resource.name, [key[0].urn]]);
        }
        expect(cluster.inputs.encryptionConfig).toMatchObject({ resources: ["secrets"] });
    });

    test("lets no stranger use the key", () => {
        const strangers = policyOf(made.find("cluster-key")).Statement
            .filter(({ Principal }) => JSON.stringify(Principal) === '{"AWS":"*"}');
        expect(strangers).toHaveLength(1);
        expect(strangers[0].Condition).toEqual({
            StringEquals: { "kms:CallerAccount": "123456789012", "kms:ViaService": "ec2.eu-west-1.amazonaws.com" },
        });
    });

    test("keeps the logs of who did what, a year in production", () => {
        expect(cluster.inputs.enabledClusterLogTypes).toEqual(expect.arrayContaining(["audit", "authenticator"]));
        if (production) expect(cluster.inputs.enabledClusterLogTypes).toHaveLength(5);
        const groups = made.ofType("aws:cloudwatch/logGroup:LogGroup");
        expect(namesOf(groups, "retentionInDays")).toEqual(groups.map(() => production ? 365 : 30));
        // EKS writes to the group of this name, and would make one without end if it came first.
        const [ownLogs] = groups.filter(({ inputs }) => inputs.name === "/aws/eks/landfall-test/cluster");
        expect(cluster.dependsOn).toContain(ownLogs.urn);
        expect(made.find("cluster-flows").inputs).toMatchObject({ trafficType: "ALL" });
    });

    test("refuses to be deleted in production", () => {
        const guarded = [cluster, made.find("cluster-key"), ...made.ofType("aws:efs/fileSystem:FileSystem")];
        expect(cluster.inputs.deletionProtection).toBe(production);
        expect(guarded.map(({ protect }) => protect)).toEqual(guarded.map(() => production));
        expect(namesOf(made.ofType("aws:cloudwatch/logGroup:LogGroup"), "deletionProtectionEnabled"))
            .toEqual([production, production]);
    });

    test("is on the standard support of its version, and may be moved out of a zone in trouble in production", () => {
        expect(cluster.inputs).toMatchObject({
            upgradePolicy: { supportType: "STANDARD" }, zonalShiftConfig: { enabled: production },
        });
    });

    test("is Auto Mode's in all three respects, or in none", () => {
        const { computeConfig, kubernetesNetworkConfig, storageConfig } = cluster.inputs as Record<string, object>;
        expect(computeConfig).toMatchObject({ enabled: auto });
        expect(kubernetesNetworkConfig).toMatchObject({ elasticLoadBalancing: { enabled: auto } });
        expect(storageConfig).toEqual({ blockStorage: { enabled: auto } });
        expect(cluster.inputs.bootstrapSelfManagedAddons).toBe(false);
        const policies = managedPolicies(made, "cluster-role").sort();
        expect(policies).toEqual(auto
            ? ["BlockStorage", "Cluster", "Compute", "LoadBalancing", "Networking"].map(part => `AmazonEKS${part}Policy`)
            : ["AmazonEKSClusterPolicy"]);
        expect(String(made.find("cluster-role", "Role").inputs.assumeRolePolicy).includes("sts:TagSession")).toBe(auto);
        expect(made.ofType("aws:eks/nodeGroup:NodeGroup")).toHaveLength(auto ? 0 : 1);
    });

    test("has nodes that may join and pull images, and nothing else", () => {
        expect(managedPolicies(made, "cluster-nodes-role")).toEqual([
            auto ? "AmazonEKSWorkerNodeMinimalPolicy" : "AmazonEKSWorkerNodePolicy",
            "AmazonEC2ContainerRegistryPullOnly",
        ]);
        const { urn } = made.find("cluster-nodes-role");
        const own = made.ofType("aws:iam/rolePolicy:RolePolicy").filter(policy => urnsIn(policy, "role").includes(urn));
        expect(own).toEqual([]);
    });

    test("has a network that enforces policies", async () => {
        expect(made.cluster.capabilities.networkPolicy).toBe("enforced");
        if (auto) {
            const [config] = made.ofType("kubernetes:core/v1:ConfigMap");
            expect(config.inputs).toMatchObject({
                metadata: { name: "amazon-vpc-cni", namespace: "kube-system" },
                data: { "enable-network-policy-controller": "true" },
            });
        } else {
            const { configurationValues } = made.find("cluster-vpc-cni").inputs;
            expect(JSON.parse(String(configurationValues))).toEqual({ enableNetworkPolicy: "true" });
        }
    });

    test("gives each pod that calls AWS a role that no other pod can take on", () => {
        const roles = made.ofType("aws:iam/role:Role")
            .filter(({ inputs }) => String(inputs.assumeRolePolicy).includes("pods.eks.amazonaws.com"));
        expect(roles).toHaveLength(auto ? 1 : 4);
        const accounts = roles.map(({ inputs }) => {
            const [{ Condition }] = (JSON.parse(String(inputs.assumeRolePolicy)) as Policy).Statement;
            const tags = (Condition as { StringEquals: Record<string, string> }).StringEquals;
            expect(tags["aws:RequestTag/eks-cluster-name"]).toBe("landfall-test");
            expect(tags["aws:SourceAccount"]).toBe("123456789012");
            return `${tags["aws:RequestTag/kubernetes-namespace"]}/${tags["aws:RequestTag/kubernetes-service-account"]}`;
        });
        expect(new Set(accounts).size).toBe(accounts.length);
    });

    test("has a class of encrypted disks by default, and one of shared files", () => {
        const { storageClasses = [], storageClass, sharedStorageClass } = made.cluster.capabilities;
        const classOf = (name?: string) => storageClasses.find(one => one.name === name) as StorageClass;
        expect(storageClasses.map(({ name }) => name)).toEqual([storageClass, sharedStorageClass]);
        expect(classOf(storageClass)).toMatchObject({
            isDefault: true,
            provisioner: auto ? "ebs.csi.eks.amazonaws.com" : "ebs.csi.aws.com",
            parameters: { encrypted: "true" },
        });
        expect(classOf(sharedStorageClass).provisioner).toBe("efs.csi.aws.com");
        expect(made.find("cluster-aws-efs-csi-driver").inputs.addonName).toBe("aws-efs-csi-driver");
        const targets = made.ofType("aws:efs/mountTarget:MountTarget");
        expect(new Set(namesOf(targets, "subnetId")).size).toBe(3);
    });

    test("keeps its shared files from all but the nodes, and from whoever doesn't encrypt or mounts all of them", () => {
        const [rule] = made.ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule");
        expect(rule.inputs).toMatchObject({ fromPort: 2049, toPort: 2049 });
        expect(rule.inputs.cidrIpv4).toBeUndefined();
        expect(urnsIn(rule, "referencedSecurityGroupId")).toEqual([cluster.urn]);
        const [policy] = made.ofType("aws:efs/fileSystemPolicy:FileSystemPolicy").map(policyOf);
        const denied = policy.Statement.filter(({ Effect }) => Effect === "Deny");
        expect(denied).toMatchObject([
            { Action: ["*"], Condition: { Bool: { "aws:SecureTransport": "false" } } },
            {
                Action: ["ClientMount", "ClientWrite", "ClientRootAccess"].map(action => `elasticfilesystem:${action}`),
                Condition: { Null: { "elasticfilesystem:AccessPointArn": "true" } },
            },
        ]);
        const allowed = policy.Statement.filter(({ Effect }) => Effect === "Allow").flatMap(({ Action }) => Action);
        expect(allowed).not.toContain("elasticfilesystem:ClientRootAccess");
    });

    test("has a registry of its own: tags that stay, images that are scanned", async () => {
        const [repository] = made.ofType("aws:ecr/repository:Repository");
        expect(repository.inputs).toMatchObject({
            imageTagMutability: "IMMUTABLE", imageScanningConfiguration: { scanOnPush: true },
        });
        const images = made.cluster.capabilities.images as Extract<ImageDelivery, { method: "push" }>;
        expect(images).toMatchObject({ method: "push", naming: "tag" });
        expect(images.credentials).toBeUndefined(); // rendered, nobody is logged in
        const [{ inputs }] = made.ofType("aws:ecr/lifecyclePolicy:LifecyclePolicy");
        const { rules } = JSON.parse(String(inputs.policy)) as { rules: { selection: { tagStatus: string } }[] };
        expect(rules.map(({ selection }) => selection.tagStatus)).toEqual(["untagged"]);
    });

    test("has a balancer that faces the internet in all zones", () => {
        const { annotations = {}, loadBalancerClass } =
            made.cluster.capabilities.loadBalancing as Extract<LoadBalancing, { type: "LoadBalancer" }>;
        const short = Object.fromEntries(Object.entries(annotations).map(([key, value]) =>
            [key.replace("service.beta.kubernetes.io/aws-load-balancer-", ""), value]));
        expect(loadBalancerClass).toBe(auto ? "eks.amazonaws.com/nlb" : undefined);
        expect(short).toMatchObject(auto
            ? { scheme: "internet-facing", attributes: "load_balancing.cross_zone.enabled=true" }
            : { type: "nlb", "cross-zone-load-balancing-enabled": "true" });
    });

    test("has its nodes' autoscaler installed unless they are Auto Mode's, and lets it touch only its own", () => {
        const { clusterAutoscaler } = made.cluster.capabilities;
        expect(clusterAutoscaler !== undefined).toBe(!auto);
        if (!clusterAutoscaler) return;
        expect(made.find("cluster-cluster-autoscaler").inputs).toMatchObject(controllerAccounts.clusterAutoscaler);
        const changing = policyOf(made.ofType("aws:iam/rolePolicy:RolePolicy")
            .find(({ name }) => name.includes("autoscaler")) as Registered).Statement
            .filter(({ Action }) => Action.some(action => !/:(Describe|Get|List)/.test(action)));
        expect(changing).toMatchObject([{
            Condition: { StringEquals: { "aws:ResourceTag/k8s.io/cluster-autoscaler/landfall-test": "owned" } },
        }]);
    });

    test("says where DNS answers where it is no pod", () => {
        expect(made.cluster.capabilities.dnsAddresses).toEqual(auto ? ["172.20.0.10/32"] : undefined);
    });

    test("tags everything, and machines and disks that others make, too", () => {
        const tags = { project: "landfall", stack: "test", "cost-center": "web" };
        const { defaultTags, allowedAccountIds } = made.find("cluster-aws").inputs;
        expect(JSON.parse(String(defaultTags))).toEqual({ tags });
        expect(JSON.parse(String(allowedAccountIds))).toEqual(["123456789012"]);
        for (const { inputs } of made.ofType("aws:ec2/launchTemplate:LaunchTemplate")) {
            expect(inputs.tagSpecifications).toMatchObject([
                { resourceType: "instance", tags }, { resourceType: "volume", tags },
            ]);
        }
    });

    test("has every resource of AWS made by the one provider that knows account and region", () => {
        const aws = made.resources.filter(({ type }) => type.startsWith("aws:"));
        const { urn } = made.find("cluster-aws");
        expect(aws.length).toBeGreaterThan(50);
        expect(aws.filter(({ provider }) => !provider?.startsWith(`${urn}::`))).toEqual([]);
    });

    test("gives a kubeconfig without credentials, as a secret, and an identity that no other cluster gets", async () => {
        expect(await pulumi.isSecret(made.cluster.kubeconfig)).toBe(true);
        const provider = made.find("cluster-provider");
        expect(provider.secrets).toContain("kubeconfig");
        expect(urnsIn(provider, "clusterIdentifier")).toEqual([cluster.urn]);
        expect(provider.inputs.clusterIdentifier).toBe("https://cluster-control-plane.eks.invalid");
        const kubeconfig = JSON.parse(String(provider.inputs.kubeconfig)) as { users: { user: object }[] };
        expect(kubeconfig.users.map(({ user }) => Object.keys(user))).toEqual([["exec"]]);
        expect(kubeconfig.users[0].user).toMatchObject({
            exec: {
                command: "aws", args: expect.arrayContaining(["get-token", "landfall-test", "eu-west-1"]) as unknown,
            },
        });
        expect(made.cluster.deletedWith).toBeUndefined();
    });
});

describe("data on EKS", () => {
    const kept = (made: CapturedCluster) => made.resources.filter(({ retainOnDelete }) => retainOnDelete)
        .map(({ type }) => type.split(":")[2]).sort();

    test("that is retained outlives the cluster, together with the key that opens it", async () => {
        expect(kept(await captureEks({}, { volumes: "retain" }))).toEqual(["FileSystem", "Key"]);
        expect(kept(await captureEks())).toEqual(["FileSystem", "Key"]);
        expect(kept(await captureEks({}, { volumes: "delete" }))).toEqual([]);
    });

    test("that an earlier cluster left behind is used again, and found where it was", async () => {
        const made = await captureEks({ fileSystem: "fs-0a1b2c3d4e5f67890" });
        expect(made.ofType("aws:efs/fileSystem:FileSystem")).toEqual([]);
        expect(namesOf(made.ofType("aws:efs/mountTarget:MountTarget"), "fileSystemId"))
            .toEqual(Array.from({ length: 3 }, () => "fs-0a1b2c3d4e5f67890"));
        const shared = made.cluster.capabilities.storageClasses?.find(({ name }) => name === "landfall-shared");
        expect(shared?.parameters).toMatchObject({
            fileSystemId: "fs-0a1b2c3d4e5f67890", subPathPattern: "${.PVC.namespace}/${.PVC.name}",
            ensureUniqueDirectory: "false",
        });
    });
});

test("records of the zone are kept by a controller that can change no other", async () => {
    const none = await captureEks();
    expect(none.cluster.capabilities.externalDns).toBeUndefined();
    const made = await captureEks({ dnsZone: "Z0123456789ABC" });
    expect(made.cluster.capabilities.externalDns?.args).toContain("--zone-id-filter=Z0123456789ABC");
    expect(made.find("cluster-external-dns").inputs).toMatchObject(controllerAccounts.externalDns);
    const own = made.ofType("aws:iam/rolePolicy:RolePolicy").find(({ name }) => name.includes("external-dns"));
    const changing = policyOf(own as Registered).Statement
        .filter(({ Action }) => Action.some(one => one.includes("Change")));
    expect(changing.map(({ Resource }) => Resource)).toEqual(["arn:aws:route53:::hostedzone/Z0123456789ABC"]);
});

test("Services get addresses that are not the network's", async () => {
    for (const network of ["10.20.0.0/16", "172.20.0.0/16", "10.100.0.0/16", "192.168.0.0/16"]) {
        const made = await captureEks({ network });
        const { serviceIpv4Cidr } = made.find("cluster-control-plane").inputs.kubernetesNetworkConfig as
            { serviceIpv4Cidr: string };
        const [pods, services] = [network, serviceIpv4Cidr].map(text => parseNetwork(text));
        expect(pods && services && rangesOverlap(pods, services)).toBe(false);
    }
});
