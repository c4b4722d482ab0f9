import { beforeAll, describe, expect, test } from "vitest";
import type { AksArgs } from "../../../../../components/cluster/aks";
import { Registered } from "../../../../../infra/cli/capture";
import { aksArgs, captureAks } from "../../../support/aks";
import { changes, ProviderRules } from "../../../support/changes";
import { Choice, DestroyOrder } from "../../../support/order";
import { runStack } from "../../../support/program";

const clusterType = "azure-native:containerservice:ManagedCluster";
const poolType = "azure-native:containerservice:AgentPool";

/**
 * What replaces a resource: the parts of its id, and what the provider @pulumi/azure-native lists for it (the map
 * `forceNewMap` in its generator, provider/pkg/gen/replacement.go, and `x-ms-mutability` in Azure's API definitions).
 */
const rules: ProviderRules = {
    replacing: {
        [clusterType]: [
            "resourceGroupName", "resourceName", "location", "dnsPrefix", "fqdnSubdomain", "nodeResourceGroup",
            "diskEncryptionSetID", "linuxProfile", "windowsProfile",
            ...["serviceCidr", "serviceCidrs", "dnsServiceIP", "networkMode", "networkPlugin", "networkPluginMode",
                "podCidr", "networkDataplane", "networkPolicy", "outboundType",
            ].map(property => `networkProfile.${property}`),
        ],
        [poolType]: ["resourceGroupName", "resourceName", "agentPoolName", "vmSize", "gpuInstanceProfile"],
        "azure-native:authorization:RoleAssignment": ["scope", "principalId"],
        "azure-native:network:VirtualNetwork": ["resourceGroupName", "virtualNetworkName", "location"],
        "azure-native:network:Subnet": ["resourceGroupName", "virtualNetworkName", "subnetName"],
        "azure-native:network:PublicIPAddress": ["resourceGroupName", "publicIpAddressName", "location", "sku"],
        "azure-native:resources:ResourceGroup": ["resourceGroupName", "location"],
        "azure-native:keyvault:Vault": ["resourceGroupName", "vaultName", "location"],
        "azure-native:keyvault:Key": ["resourceGroupName", "vaultName", "keyName"],
        "azure-native:storage:StorageAccount": ["resourceGroupName", "accountName", "location", "isHnsEnabled"],
        "azure-native:storage:FileServiceProperties": ["resourceGroupName", "accountName", "fileServicesName"],
        "azure-native:authorization:PolicyAssignment": ["policyAssignmentName", "scope"],
        "azure-native:monitor:DiagnosticSetting": ["name", "resourceUri"],
        "azure-native:containerregistry:Registry": ["resourceGroupName", "registryName", "location"],
        "azure-native:managedidentity:UserAssignedIdentity": ["resourceGroupName", "resourceName", "location"],
        "azure-native:operationalinsights:Workspace": ["resourceGroupName", "workspaceName", "location"],
        "kubernetes:provider": ["clusterIdentifier"],
    },
    named: { [poolType]: "agentPoolName" },
};

/** What Azure refuses to change though the provider would try (the descriptions of the properties in its API). */
const refused: Record<string, string[]> = {
    [poolType]: [
        "osDiskSizeGB", "osDiskType", "availabilityZones", "scaleSetPriority", "enableEncryptionAtHost", "vnetSubnetID",
        "type", "securityProfile.enableSecureBoot", "securityProfile.enableVTPM",
    ],
    [clusterType]: [
        "vmSize", "osDiskSizeGB", "availabilityZones", "enableEncryptionAtHost", "vnetSubnetID", "name",
        "securityProfile.enableSecureBoot", "securityProfile.enableVTPM",
    ].map(property => `agentPoolProfiles[0].${property}`),
    "azure-native:keyvault:Vault": ["properties.softDeleteRetentionInDays"],
    "azure-native:containerregistry:Registry": ["zoneRedundancy"],
    "azure-native:storage:StorageAccount": ["sku.name"],
};

const pool = { machineType: "Standard_D4as_v5", min: 3, max: 30, diskSize: 64, spot: false, labels: {} };
const web = (changed: Partial<typeof pool>): Partial<AksArgs> => ({ nodePools: { web: { ...pool, ...changed } } });
const viewer = "23456789-aaaa-bbbb-cccc-9876543210ab";
const dnsZone = `/subscriptions/${viewer}/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com`;

/** Settings, and the pools that they replace. */
const everyday: [string, Partial<AksArgs>, string[]][] = [
    ["larger machines", web({ machineType: "Standard_D8as_v5" }), ["cluster-pool-web"]],
    ["larger disks", web({ diskSize: 128 }), ["cluster-pool-web"]],
    ["spot machines", web({ spot: true }), ["cluster-pool-web"]],
    ["other zones", { zones: ["1", "2"] }, ["cluster-pool-web"]],
    ["no encryption of caches", { encryptionAtHost: false }, ["cluster-pool-web"]],
    ["more nodes", web({ min: 5, max: 50 }), []],
    ["labels of nodes", web({ labels: { tier: "web" } }), []],
    ["another pool", { nodePools: { web: pool, batch: { ...pool, min: 0 } } }, []],
    ["machines that Azure chooses", { provisioning: "auto" }, []],
    ["the next version", { kubernetesVersion: "1.36" }, []],
    ["another allow list", { authorizedNetworks: ["203.0.113.0/24", "198.51.100.0/24"] }, []],
    ["tags", { tags: { "cost-center": "web" } }, []],
    ["another window", { maintenance: { day: "Tuesday", start: "03:30", hours: 6 } }, []],
    ["people who look", { viewers: [viewer] }, []],
    ["another administrator", { admins: [...aksArgs.admins, viewer] }, []],
    ["DNS", { dnsZone }, []],
    ["no protection from deletion", { deletionProtection: false }, []],
    ["volumes that go with the stack", { volumes: "delete" }, []],
];

async function between(before: Partial<AksArgs>, after: Partial<AksArgs>) {
    const [one, two] = [await captureAks(before), await captureAks(after)];
    return changes(one.resources, two.resources, rules);
}

/** The replaced pools. Any other replacement is an error, and so is what Azure would refuse. */
function renewedPools(found: ReturnType<typeof changes>): string[] {
    for (const { type, action, name, properties } of found.filter(({ action }) => action === "update")) {
        const against = properties.filter(property => refused[type]?.includes(property));
        expect({ name, action, against }).toEqual({ name, action, against: [] });
    }
    const replaced = found.filter(({ action }) => action === "replace");
    expect(replaced.filter(({ type }) => type !== poolType)).toEqual([]);
    // The new nodes are there before the old ones are drained.
    expect(replaced.filter(({ deleteFirst }) => deleteFirst)).toEqual([]);
    return replaced.map(({ name }) => name);
}

describe("in production", () => {
    test.each(everyday)("%s replace no cluster, and only the pools that Azure can't change", async (_, after, pools) => {
        const found = await between({ nodePools: { web: pool } }, { nodePools: { web: pool }, ...after });
        expect(found.length + Number("volumes" in after)).toBeGreaterThan(0);
        expect(renewedPools(found)).toEqual(pools);
    });

    test("a development cluster becomes one for production, with new nodes beside the old ones", async () => {
        const found = await between({ size: "development" }, { size: "production" });
        expect(renewedPools(found)).toEqual(["cluster-pool-web"]);
        expect(found).toContainEqual(expect.objectContaining({
            name: "cluster-control-plane", action: "update",
            properties: expect.arrayContaining(["sku.tier", "agentPoolProfiles[0].count"]) as string[],
        }));
    });

    test("a cluster from before secure boot and soft delete keeps its system pool, and gets the rest", async () => {
        const { resources } = await captureAks({ nodePools: { web: pool } });
        const without = (value: unknown): unknown => JSON.parse(JSON.stringify(value), (key, part: unknown) =>
            ["enableSecureBoot", "enableVTPM"].includes(key) ? undefined : part);
        const older = resources.filter(({ name }) => !/-(shares-service|vault-audit|data-protection)$/.test(name))
            .map(resource => ({ ...resource, inputs: without(resource.inputs) as Registered["inputs"] }))
            .map(resource => resource.type !== poolType ? resource : {
                ...resource, inputs: { ...resource.inputs, agentPoolName: "web0000" },
            });
        const found = changes(older, resources, rules);
        expect(renewedPools(found)).toEqual(["cluster-pool-web"]);
        expect(found.filter(({ action }) => action !== "create").map(({ name }) => name)).toEqual(["cluster-pool-web"]);
    });

    test("the check finds what would replace the cluster", async () => {
        const { resources, find } = await captureAks({});
        const changed = resources.map(resource => resource !== find("cluster-control-plane") ? resource : {
            ...resource, inputs: { ...resource.inputs, nodeResourceGroup: "other" },
        });
        const found = changes(resources, changed, rules);
        expect(found).toContainEqual(expect.objectContaining({ name: "cluster-control-plane", action: "replace" }));
        expect(() => renewedPools(found)).toThrow();
    });
});

describe("on destroy", () => {
    let order: DestroyOrder;
    beforeAll(async () => {
        order = new DestroyOrder(await runStack("aks", { cluster: { ...aksArgs, dnsZone } }));
    });

    const inCluster = ({ type }: Registered) => type.startsWith("kubernetes:");
    const rights = ({ type }: Registered) => type === "azure-native:authorization:RoleAssignment";
    const ofDns = /^cluster-(dns-.*|keeps-records|finds-zone)$/;
    test.each<[string, Choice, Choice]>([
        ["objects go before what waits for balancers and disks", inCluster, "cluster-teardown"],
        ["the wait is over before nodes go", "cluster-teardown", /^cluster-pool-/],
        ["the wait is over before people, nodes and drivers lose their rights", "cluster-teardown", rights],
        ["the wait is over before external-dns loses its identity", "cluster-teardown", ofDns],
        ["the wait is over before logs end", "cluster-teardown", /^cluster-(audit|vault-audit|logs)$/],
        ["nodes go before the control plane", /^cluster-pool-/, "cluster-control-plane"],
        ["the control plane goes before its rights", "cluster-control-plane",
            resource => rights(resource) && !ofDns.test(resource.name)],
        ["the control plane goes before network, key and volumes", "cluster-control-plane",
            /^cluster-(nodes|network|egress|key|vault|data|shares|shares-service|group)$/],
        ["images go before the registry", /^(web|database)-push$/, "cluster-registry"],
    ])("%s", (_, first, later) => {
        expect(order.uncertain(first, later)).toEqual([]);
    });
});
