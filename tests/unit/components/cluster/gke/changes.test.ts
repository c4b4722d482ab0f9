import { beforeAll, describe, expect, test } from "vitest";
import type { GkeArgs } from "../../../../../components/cluster/gke/args";
import { captureProgram, Registered } from "../../../../../infra/cli/capture";
import { readStackConfig } from "../../../../../infra/cli/stack/config";
import { Change, changes, ProviderRules } from "../../../support/changes";
import { CapturedCluster, captureCluster } from "../../../support/cluster";
import { gkeArgs, gkeTypes } from "../../../support/gke";
import { DestroyOrder } from "../../../support/order";

/**
 * What forces a replacement: the attributes marked ForceNew in the provider's sources (terraform-provider-google-beta of
 * August 2026: resource_container_cluster.go, resource_container_node_pool.go, node_config.go and so on), and of those
 * that are not marked there the ranges of a subnetwork, which may grow but not move. The provider itself was asked for
 * the same table once, by hand, and answered as it is here.
 */
const rules: ProviderRules = {
    replacing: {
        "gcp:container/cluster:Cluster": [
            "name", "location", "project", "description", "network", "subnetwork", "networkingMode", "initialNodeCount",
            "nodePools", "ipAllocationPolicy", "enableAutopilot", "datapathProvider", "defaultMaxPodsPerNode",
            "masterAuth.clientCertificateConfig", "confidentialNodes", "enableKubernetesAlpha",
            "privateClusterConfig.masterIpv4CidrBlock", "privateClusterConfig.privateEndpointSubnetwork",
            "clusterAutoscaling.autoProvisioningDefaults.bootDiskKmsKey",
            ...["metadata", "oauthScopes", "serviceAccount", "shieldedInstanceConfig", "spot"]
                .map(key => `nodeConfig.${key}`),
        ],
        "gcp:container/nodePool:NodePool": [
            "name", "cluster", "location", "project", "initialNodeCount", "maxPodsPerNode", "networkConfig.podRange",
            ...["metadata", "oauthScopes", "serviceAccount", "shieldedInstanceConfig", "spot", "bootDiskKmsKey",
                "minCpuPlatform", "localSsdCount"].map(key => `nodeConfig.${key}`),
        ],
        "gcp:compute/network:Network": ["name", "project", "autoCreateSubnetworks", "description"],
        "gcp:compute/subnetwork:Subnetwork": ["name", "project", "network", "region", "ipCidrRange"],
        "gcp:compute/router:Router": ["name", "project", "network", "region"],
        "gcp:compute/routerNat:RouterNat": ["name", "project", "router", "region", "type"],
        "gcp:kms/keyRing:KeyRing": ["name", "project", "location"],
        "gcp:kms/cryptoKey:CryptoKey": ["name", "keyRing", "purpose"],
        "gcp:artifactregistry/repository:Repository": ["repositoryId", "location", "format", "project"],
        "gcp:logging/projectBucketConfig:ProjectBucketConfig": ["bucketId", "location", "project"],
        "gcp:serviceaccount/account:Account": ["accountId", "project"],
        "gcp:projects/iAMMember:IAMMember": ["member", "role", "project", "condition"],
        "gcp:dns/dnsManagedZoneIamMember:DnsManagedZoneIamMember": ["managedZone", "member", "role", "project"],
        "pulumi:providers:gcp": ["project", "region"],
        "pulumi:providers:kubernetes": ["clusterIdentifier"],
    },
};

const web = { machineType: "e2-standard-4", min: 3, max: 30, diskSize: 50, spot: false, labels: {} };
const before = { ...gkeArgs, nodePools: { web } };
const pools = (change: object): Partial<GkeArgs> => ({ nodePools: { web: { ...web, ...change } } });

let old: CapturedCluster;
beforeAll(async () => {
    old = await captureCluster(before);
});

async function effect(change: Partial<GkeArgs>): Promise<Change[]> {
    const changed = await captureCluster({ ...before, ...change });
    return changes(old.resources, changed.resources, rules);
}

const cluster = (...properties: string[]) => ({ name: "cluster-gke", action: "update", properties });
const pool = (action: string, ...properties: string[]) => ({ name: "cluster-pool-web", action, properties });

describe("a change of", () => {
    test.each<[string, Partial<GkeArgs>, object[]]>([
        ["a pool's machine type", pools({ machineType: "n2-standard-8" }), [pool("update", "nodeConfig.machineType")]],
        ["a pool's disks", pools({ diskSize: 100 }), [pool("update", "nodeConfig.diskSizeGb")]],
        ["a pool's labels", pools({ labels: { tier: "web" } }), [pool("update", "nodeConfig.labels.tier")]],
        ["a pool's size", pools({ min: 6, max: 60 }),
            [pool("update", "autoscaling.totalMaxNodeCount", "autoscaling.totalMinNodeCount")]],
        ["a pool's kind, to Spot", pools({ spot: true }),
            [pool("replace", "autoscaling.locationPolicy", "nodeConfig.spot")]],
        ["the pools: one more", { nodePools: { web, spot: { ...web, spot: true } } },
            [{ name: "cluster-pool-spot", action: "create", properties: [] }]],
        ["the allow list", { authorizedNetworks: ["198.18.0.0/15", "203.0.113.0/24"] },
            [cluster(...["[0].cidrBlock", "[1]"].map(key => `masterAuthorizedNetworksConfig.cidrBlocks${key}`))]],
        ["the maintenance window", { maintenance: { day: "Tuesday", start: "03:30", hours: 14 } }, [cluster(
            ...["startTime", "endTime", "recurrence"].map(key => `maintenancePolicy.recurringWindow.${key}`))]],
        ["deletion protection", { deletionProtection: false }, [cluster("deletionProtection")]],
        ["the zones", { zones: ["europe-west3-a", "europe-west3-b"] },
            [cluster("nodeLocations"), pool("update", "nodeLocations")]],
        ["the administrators", { admins: ["group:others@example.com"] }, [
            { name: "cluster-admins-group-others@example.com", action: "create" },
            { name: "cluster-admins-group-platform@example.com", action: "delete" },
        ]],
    ])("%s touches nothing else", async (_, change, expected) => {
        const byPath = (one: object) =>
            "properties" in one ? { ...one, properties: [...one.properties as string[]].sort() } : one;
        const found = await effect(change);
        expect(found.map(byPath)).toMatchObject(expected.map(byPath));
    });

    test("the version is one to the control plane, in place", async () => {
        expect(await effect({ kubernetesVersion: "1.36" })).toMatchObject([cluster("minMasterVersion")]);
    });

    test.each<[string, Partial<GkeArgs>]>([
        ["tags", { tags: { "cost-center": "web" } }],
        ["the size, and with it of logs and protection", { size: "development" }],
    ])("%s replaces nothing", async (_, change) => {
        const found = await effect(change);
        expect(found.length).toBeGreaterThan(1);
        expect(found.filter(({ action }) => action !== "update")).toEqual([]);
    });

    test("a replaced pool keeps its nodes until the new ones are there, then drains them slowly", async () => {
        const [replaced] = await effect(pools({ spot: true }));
        expect(replaced).toMatchObject({ action: "replace", deleteFirst: false });
        const { inputs } = old.find("cluster-pool-web");
        expect(inputs.name).toBeUndefined();
        expect(inputs.nodeDrainConfigs).toEqual([{ respectPdbDuringNodePoolDeletion: true }]);
    });

    test("the number of nodes, by the autoscaler, is no difference", () => {
        for (const { ignoreChanges } of old.ofType(gkeTypes.nodePool)) {
            expect(ignoreChanges).toEqual(expect.arrayContaining(["initialNodeCount", "nodeCount"]));
        }
    });

    test("another provisioning, network or name replaces the cluster, and deletes the old one first", async () => {
        for (const change of [{ network: "10.40.0.0/16" }, { name: "other" }]) {
            expect(await effect(change)).toContainEqual(
                expect.objectContaining({ name: "cluster-gke", action: "replace", deleteFirst: true }));
        }
        const auto = await effect({ provisioning: "auto" });
        for (const one of [
            { name: "cluster-gke", action: "replace", deleteFirst: true }, { name: "cluster-pool-web", action: "delete" },
        ]) {
            expect(auto).toContainEqual(expect.objectContaining(one));
        }
    });
});

describe.each(["pools", "auto"] as const)("on destroy, with provisioning %s", provisioning => {
    let order: DestroyOrder;
    const kubernetes = ({ type }: Registered) => type.startsWith("kubernetes:");
    beforeAll(async () => {
        const { config } = readStackConfig("Pulumi.gke.yaml");
        const settings = JSON.parse(config["landfall:cluster"]) as object;
        config["landfall:cluster"] = JSON.stringify({ ...settings, provisioning });
        order = new DestroyOrder((await captureProgram({ stack: "gke", config })).resources);
    });

    test.each<[string, Parameters<DestroyOrder["uncertain"]>]>([
        ["all objects of Kubernetes, then what waits for the cloud's controllers", [kubernetes, "cluster-teardown"]],
        ["that, then the control plane", ["cluster-teardown", "cluster-gke"]],
        ["that, then people's access and the nodes' rights",
            ["cluster-teardown", /^cluster-(admins|viewers|nodes-role|registry-nodes|disposable-nodes)/]],
        ["that, then the rights of the controller of DNS records", ["cluster-teardown", /^cluster-dns-/]],
        ["that, then the keys, on which disks that are not released yet depend", ["cluster-teardown", /^cluster-key-/]],
        ["the control plane, then its key and its right to it", ["cluster-gke", /^cluster-key-secrets/]],
        ["the control plane, then the network and its way out",
            ["cluster-gke", /^cluster-(nat|router|subnetwork|network)$/]],
        ["the control plane, then the nodes' account", ["cluster-gke", "cluster-nodes"]],
        ["all of Google's, then the services that had to be enabled", [
            ({ type, name }) => type.startsWith("gcp:") && !name.startsWith("cluster-service-"), /^cluster-service-/]],
    ])("goes %s", (_, [first, later]) => {
        expect(order.uncertain(first, later)).toEqual([]);
    });

    if (provisioning === "pools") {
        test("goes the teardown, then the pools, then the control plane", () => {
            expect(order.uncertain("cluster-teardown", /^cluster-pool-/)).toEqual([]);
            expect(order.uncertain(/^cluster-pool-/, "cluster-gke")).toEqual([]);
        });
    }
});

describe("what is kept on destroy", () => {
    const kept = async (volumes?: "delete" | "retain"): Promise<string[]> => {
        const { resources } = await captureCluster(gkeArgs, { volumes });
        return resources.filter(({ retainOnDelete }) => retainOnDelete).map(({ name }) => name).sort();
    };

    test("is nothing where volumes are deleted", async () => {
        expect(await kept("delete")).toEqual([]);
    });

    test("is, with the volumes, the key to read them by and the network that file systems are peered with", async () => {
        const expected = [
            "cluster-key-volumes", "cluster-key-volumes-compute", "cluster-key-volumes-file", "cluster-network",
        ];
        expect(await kept("retain")).toEqual(expected);
        expect(await kept()).toEqual(expected);
    });

    test("has names that are not in the way of a cluster that is made again", async () => {
        const { ofType } = await captureCluster(gkeArgs);
        for (const type of ["gcp:compute/network:Network", "gcp:kms/keyRing:KeyRing"]) {
            expect(ofType(type).map(({ inputs }) => inputs.name)).toEqual(["landfall-test-random:cluster-suffix"]);
        }
        const [{ inputs }] = ofType("gcp:logging/projectBucketConfig:ProjectBucketConfig");
        expect(inputs.bucketId).toBe("landfall-test-random:cluster-suffix");
    });
});
