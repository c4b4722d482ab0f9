import { beforeAll, describe, expect, test } from "vitest";
import type { AksArgs } from "../../../../../components/cluster/aks";
import { roles } from "../../../../../components/cluster/aks/identities";
import { defaultTraffic, gatewayLimits } from "../../../../../components/platform/gateway/limits";
import { requestTimes } from "../../../../../components/workload/limits";
import { captureProgram, Registered } from "../../../../../infra/cli/capture";
import { aksArgs, captureAks } from "../../../support/aks";
import { CapturedCluster } from "../../../support/cluster";
import { pods, runStack } from "../../../support/program";

// What is looked into; a wrong name is a failed assertion.
interface Inputs {
    [key: string]: unknown;
    properties: { rotationPolicy: unknown; enableRbacAuthorization: boolean; enablePurgeProtection?: boolean };
    agentPoolProfiles: Pool[];
    autoScalerProfile: { maxGracefulTerminationSec: string };
    logs: { category: string; enabled: boolean }[];
}

type Pool = Record<string, unknown>;

const group = "azure-native:resources:ResourceGroup";
const poolType = "azure-native:containerservice:AgentPool";
const roleType = "azure-native:authorization:RoleAssignment";
const inputsOf = ({ inputs }: Registered) => inputs as unknown as Inputs;

/** Who may do what and where, as `role principal scope`. */
function assignments({ ofType }: CapturedCluster): string[] {
    const roleOf = (id: string) => Object.entries(roles).find(([, role]) => id.endsWith(`/${role}`))?.[0];
    return ofType(roleType).map(({ inputs }) => {
        const { roleDefinitionId, principalId, scope } = inputs as Record<string, string>;
        return `${roleOf(roleDefinitionId)} ${principalId} ${scope}`;
    }).sort();
}

const cases = (["development", "production"] as const).flatMap(size =>
    (["pools", "auto"] as const).map(provisioning => ({ size, provisioning })));

describe.each(cases)("a $size cluster with provisioning: $provisioning", changes => {
    let captured: CapturedCluster;
    let cluster: Inputs;
    beforeAll(async () => {
        captured = await captureAks(changes);
        cluster = inputsOf(captured.find("cluster-control-plane"));
    });

    test("has nodes in three zones, none of which can be reached from outside", () => {
        const pools: Pool[] = [...cluster.agentPoolProfiles, ...captured.ofType(poolType).map(inputsOf)];
        for (const pool of pools) {
            expect(pool.availabilityZones).toEqual(["1", "2", "3"]);
            expect(pool.vnetSubnetID).toBe("cluster-nodes-id");
            expect(pool.enableNodePublicIP).toBeUndefined();
        }
        expect(captured.find("cluster-nodes").inputs.defaultOutboundAccess).toBe(false);
    });

    test("reaches the outside through an address that no zone takes along", () => {
        expect(captured.find("cluster-egress").inputs).toMatchObject({
            zones: ["1", "2", "3"], sku: { name: "Standard" }, publicIPAllocationMethod: "Static",
        });
        expect(cluster.networkProfile).toMatchObject({
            outboundType: "loadBalancer",
            loadBalancerProfile: { outboundIPs: { publicIPs: [{ id: "cluster-egress-id" }] } },
        });
    });

    test("has an API server for known networks and its own nodes only", () => {
        expect(cluster.apiServerAccessProfile).toMatchObject({
            authorizedIPRanges: ["203.0.113.0/24", "198.18.0.1/32"], disableRunCommand: true,
        });
    });

    test("lets in the named people as themselves, and nobody else", () => {
        expect(cluster).toMatchObject({
            disableLocalAccounts: true, enableRBAC: true, aadProfile: { managed: true, enableAzureRBAC: true },
        });
        expect(JSON.stringify(cluster.aadProfile)).not.toMatch(/group/i);
        const [admin] = aksArgs.admins;
        expect(assignments(captured).filter(line => line.includes(admin))).toEqual([
            `aksClusterUser ${admin} cluster-group-id`, `aksRbacClusterAdmin ${admin} cluster-group-id`,
        ]);
    });

    test("encrypts its Secrets by a key of its own that is renewed", () => {
        expect(cluster.securityProfile).toMatchObject({
            azureKeyVaultKms: { enabled: true, keyId: "https://vault.invalid/keys/secrets/0" },
        });
        expect(inputsOf(captured.find("cluster-key")).properties.rotationPolicy).toEqual({
            lifetimeActions: [{ action: { type: "rotate" }, trigger: { timeAfterCreate: "P90D" } }],
        });
        const vault = inputsOf(captured.find("cluster-vault")).properties;
        expect(vault.enableRbacAuthorization).toBe(true);
        expect(vault.enablePurgeProtection).toBe(changes.size === "production" ? true : undefined);
    });

    test("has nodes that start nothing but what is signed, with a TPM of their own", () => {
        const pools: Pool[] = [...cluster.agentPoolProfiles, ...captured.ofType(poolType).map(inputsOf)];
        for (const { securityProfile } of pools) {
            expect(securityProfile).toEqual({ sshAccess: "Disabled", enableSecureBoot: true, enableVTPM: true });
        }
    });

    test("keeps a log of who changed what, and of who used the key", () => {
        const { resourceUri, logs, workspaceId } = inputsOf(captured.find("cluster-audit"));
        expect(resourceUri).toBe("cluster-control-plane-id");
        expect(workspaceId).toBe("cluster-logs-id");
        expect(logs).toEqual(expect.arrayContaining(
            ["kube-audit-admin", "guard"].map(category => ({ category, enabled: true }))));
        expect(captured.find("cluster-vault-audit").inputs).toMatchObject({
            resourceUri: "cluster-vault-id", workspaceId: "cluster-logs-id", logs: [{ category: "AuditEvent", enabled: true }],
        });
        const days = captured.find("cluster-logs").inputs.retentionInDays;
        expect(days).toBe(changes.size === "production" ? 365 : 30);
    });

    test("refuses to be deleted where it is for production, whoever asks", () => {
        const production = changes.size === "production";
        for (const name of ["control-plane", "vault", "key", "data", "shares"]) {
            expect([name, captured.find(`cluster-${name}`).protect]).toEqual([name, production]);
        }
        const denials = captured.ofType("azure-native:authorization:PolicyAssignment").map(({ inputs }) => inputs);
        const types = (value: string) => ({ listOfResourceTypesDisallowedForDeletion: { value: [value] } });
        expect(denials).toMatchObject(production ? [
            { scope: "cluster-group-id", parameters: types("Microsoft.ContainerService/managedClusters") },
            { scope: "cluster-data-id", parameters: types("Microsoft.Storage/storageAccounts") },
        ] : []);
    });

    test("gives pods identities, enforces network policies, and keeps itself up to date in the window", () => {
        expect(cluster).toMatchObject({
            oidcIssuerProfile: { enabled: true }, securityProfile: { workloadIdentity: { enabled: true } },
            networkProfile: { networkPolicy: "cilium", networkDataplane: "cilium" },
            autoUpgradeProfile: { upgradeChannel: "patch", nodeOSUpgradeChannel: "NodeImage" },
        });
        const windows = captured.ofType("azure-native:containerservice:MaintenanceConfiguration");
        expect(windows.map(({ inputs }) => inputs.configName)).toEqual(
            expect.arrayContaining(["aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"]));
        for (const { inputs } of windows) {
            expect(inputs.maintenanceWindow).toEqual({
                schedule: { weekly: { intervalWeeks: 1, dayOfWeek: "Sunday" } },
                startTime: "02:00", utcOffset: "+00:00", durationHours: 4,
            });
        }
        expect(captured.cluster.capabilities.networkPolicy).toBe("enforced");
    });

    test("gets ten times the machines for ten times the load, and gives them back", () => {
        const pools = captured.ofType(poolType);
        if (changes.provisioning === "auto") {
            expect(pools).toEqual([]);
            expect(cluster.nodeProvisioningProfile).toEqual({ mode: "Auto", defaultNodePools: "Auto" });
            expect(cluster.autoScalerProfile).toBeUndefined();
        } else {
            const { count, minCount, maxCount, enableAutoScaling } = inputsOf(pools[0]);
            expect({ count, enableAutoScaling }).toEqual({ count: undefined, enableAutoScaling: true });
            expect(Number(maxCount)).toBeGreaterThanOrEqual(3 * Number(minCount));
            expect(pools[0].ignoreChanges).toContain("count");
            expect(cluster.autoScalerProfile).toMatchObject({ skipNodesWithLocalStorage: "false" });
            // Longer than any pod's requests may take, which the default of ten minutes isn't.
            expect(Number(cluster.autoScalerProfile.maxGracefulTerminationSec)).toBeGreaterThan(gatewayLimits({ ...defaultTraffic, times: requestTimes({ largestTransfer: 512 * 2 ** 20 }) }, 300).graceSeconds);
        }
        // An autoscaler of this one would be undone by every update of the cluster.
        expect(cluster.agentPoolProfiles).toMatchObject([{ name: "system", mode: "System", enableAutoScaling: false }]);
    });

    test("gives its identities what they need, where they need it", () => {
        expect(assignments(captured).filter(line => line.includes("identity"))).toEqual([
            "acrPull principal:cluster-kubelet-identity cluster-registry-id",
            "contributor principal:cluster-control-plane-identity cluster-data-id",
            "keyVaultCryptoUser principal:cluster-control-plane-identity cluster-group-id",
            "managedIdentityOperator principal:cluster-control-plane-identity cluster-kubelet-identity-id",
            "networkContributor principal:cluster-control-plane-identity cluster-group-id",
        ]);
    });

    test("makes nothing without the subscription that was named, nor untagged", () => {
        const made = captured.resources.filter(({ type }) => type.startsWith("azure-native:"));
        expect(captured.find("cluster-azure").inputs).toMatchObject({ subscriptionId: aksArgs.subscription });
        for (const resource of made) expect(resource.provider).toContain("::cluster-azure::");
        const tagged = made.filter(({ inputs }) => "tags" in inputs);
        expect(tagged.length).toBeGreaterThan(10);
        for (const { inputs } of tagged) expect(inputs.tags).toMatchObject({ project: "landfall", stack: "test" });
    });
});

describe("a pool", () => {
    const labels = { tier: "cheap" };
    const pool = { machineType: "Standard_D4as_v5", min: 0, max: 5, diskSize: 64, spot: true, labels };
    const made = async (changes: Partial<AksArgs> = {}): Promise<Inputs> => {
        const { find } = await captureAks({ nodePools: { batchjobs: pool }, ...changes });
        return inputsOf(find("cluster-pool-batchjobs"));
    };

    test("of spot machines may be taken away, and is marked as such", async () => {
        const inputs = await made();
        expect(inputs).toMatchObject({
            scaleSetPriority: "Spot", scaleSetEvictionPolicy: "Delete", spotMaxPrice: -1, minCount: 0, maxCount: 5,
            nodeLabels: { "tier": "cheap", "kubernetes.azure.com/scalesetpriority": "spot" },
            nodeTaints: ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"],
        });
        expect(inputs.upgradeSettings).toBeUndefined();
    });

    test("of spot machines takes what can be done without, and not the database", async () => {
        const resources = await runStack("aks", { cluster: { ...aksArgs, nodePools: { batchjobs: pool, others: { ...pool, spot: false } } } });
        const taint = { key: "kubernetes.azure.com/scalesetpriority", value: "spot", effect: "NoSchedule" };
        const bears = (registered: Registered[]) => pods(registered).flatMap(({ owner, spec: { tolerations = [] } }) =>
            tolerations.filter(({ key }) => key !== undefined && !key.startsWith("node.kubernetes.io/")).map(toleration => [owner, toleration]));
        const toleration = { operator: "Equal", ...taint };
        expect(bears(resources)).toEqual([["Deployment/web", toleration], ["CronJob/scheduled-tasks", toleration]]);
        expect(bears(await runStack("aks", { cluster: aksArgs }))).toEqual([]);
    });

    test("of others is upgraded by nodes that are added, and drained with patience", async () => {
        const { inputs } = (await captureAks({})).find("cluster-pool-web");
        expect(inputs.upgradeSettings).toEqual({
            maxSurge: "33%", drainTimeoutInMinutes: 30, undrainableNodeBehavior: "Cordon",
        });
        expect(inputs.scaleSetPriority).toBeUndefined();
    });

    test.each([[600, 30], [1151, 30], [4223, 81], [200_000, 1440]])(
        "of others is drained for longer than a pod that takes %i s to stop, within AKS's bounds", async (graceSeconds, minutes) => {
            const { inputs } = (await captureAks({}, { graceSeconds })).find("cluster-pool-web");
            expect(inputs.upgradeSettings).toMatchObject({ drainTimeoutInMinutes: minutes });
        });

    test("is drained for longer than the largest upload takes, of the stack's site or of those on its platform", async () => {
        const drainOf = (resources: Registered[]) => resources.find(({ name }) => name === "cluster-pool-web")?.inputs.upgradeSettings;
        const resources = await runStack("aks", { cluster: aksArgs, app: {
            web: { replicas: { min: 2, max: 2 }, memory: { limit: "2Gi" }, uploads: { maxFile: "256Mi" } },
        } });
        expect(drainOf(resources)).toMatchObject({ drainTimeoutInMinutes: 81 });
        const platform = await captureProgram({ stack: "aks", config: {
            "landfall:cluster": JSON.stringify(aksArgs), "landfall:environment": "none", "landfall:gateway": JSON.stringify({ largestTransfer: "258Mi" }),
        } });
        expect(drainOf(platform.resources)).toMatchObject({ drainTimeoutInMinutes: 81 });
    });

    test.each<[string, Partial<AksArgs>, boolean]>([
        ["machines", { nodePools: { batchjobs: { ...pool, machineType: "Standard_D8as_v5" } } }, true],
        ["disks", { nodePools: { batchjobs: { ...pool, diskSize: 65 } } }, true],
        ["zones", { zones: ["1", "2"] }, true],
        ["encryption of caches", { encryptionAtHost: false }, true],
        ["limits and labels", { nodePools: { batchjobs: { ...pool, min: 1, max: 9, labels: {} } } }, false],
        ["version", { kubernetesVersion: "1.36" }, false],
    ])("of other %s has another name where it can't be changed", async (_, changes, renamed) => {
        const [before, after] = [await made(), await made(changes)];
        expect(String(before.agentPoolName)).toMatch(/^batchjob[0-9a-f]{4}$/);
        expect(after.agentPoolName !== before.agentPoolName).toBe(renamed);
    });

    test.each([
        ["Standard_D4as_v5", true], ["Standard_B2ms", true], ["Standard_E8-4ads_v5", true], ["Standard_L8s_v3", true],
        ["Standard_D4ps_v5", false], ["Standard_E4pds_v6", false], ["Standard_B2pts_v2", false],
        ["Standard_NC4as_T4_v3", false], ["Standard_D4_v3", false], ["Standard_M8ms", false],
        ["Standard_DC4as_v5", false],
    ])("of %s starts with secure boot and a TPM: %s", async (machineType, expected) => {
        const { securityProfile } = await made({ nodePools: { batchjobs: { ...pool, machineType } } });
        expect(securityProfile).toEqual({
            sshAccess: "Disabled", ...expected && { enableSecureBoot: true, enableVTPM: true },
        });
    });

    test("is of the version that the control plane has by then", async () => {
        const { find } = await captureAks({ kubernetesVersion: "1.36" });
        expect(find("cluster-control-plane").inputs.kubernetesVersion).toBe("1.36");
        const web = find("cluster-pool-web");
        expect(web.inputs.orchestratorVersion).toBe("1.36");
        expect(web.dependsOn).toContain(find("cluster-control-plane").urn);
    });
});

describe("volumes", () => {
    test("are disks and encrypted shares in three zones, and not in the nodes' resource group", async () => {
        const { cluster, find, ofType } = await captureAks({});
        const [disk, shared] = cluster.capabilities.storageClasses ?? [];
        expect(cluster.capabilities).toMatchObject({ storageClass: "landfall", sharedStorageClass: "landfall-shared" });
        expect(disk).toMatchObject({ name: "landfall", provisioner: "disk.csi.azure.com", isDefault: true });
        expect(disk.parameters.skuName).toBe("Premium_ZRS");
        expect(shared).toMatchObject({ name: "landfall-shared", provisioner: "file.csi.azure.com" });
        expect(shared.parameters).toMatchObject({
            protocol: "nfs", encryptInTransit: "true", mountPermissions: "0777", skuName: "Premium_ZRS",
        });
        expect(find("cluster-data").inputs.resourceGroupName).toBe("landfall-prod-data-a1b2c3");
        expect(find("cluster-control-plane").inputs.nodeResourceGroup).toBe("landfall-prod-nodes");
        expect(ofType(group)).toHaveLength(2);
    });

    test("that are shared have no key, and are reached by the nodes alone", async () => {
        const { inputs } = (await captureAks({})).find("cluster-shares");
        expect(inputs).toMatchObject({
            allowSharedKeyAccess: false, allowBlobPublicAccess: false,
            networkRuleSet: {
                defaultAction: "Deny", bypass: "None",
                virtualNetworkRules: [{ virtualNetworkResourceId: "cluster-nodes-id" }],
            },
        });
    });

    test("that are shared can be had again for two weeks after they were deleted", async () => {
        expect((await captureAks({})).find("cluster-shares-service").inputs).toMatchObject({
            accountName: "lflandfallproda1b2c3", shareDeleteRetentionPolicy: { enabled: true, days: 14 },
        });
    });

    test.each(["retain", "delete"] as const)("that the environment wants to %s are so treated", async volumes => {
        const { find, resources } = await captureAks({}, { volumes });
        const kept = resources.filter(({ retainOnDelete }) => retainOnDelete).map(({ name }) => name);
        expect(kept.sort()).toEqual(volumes === "retain" ? ["cluster-data", "cluster-shares", "cluster-shares-service"] : []);
        expect(find("cluster-group").retainOnDelete).toBe(false);
    });

    test("are retained where nobody says otherwise", async () => {
        expect((await captureAks({})).find("cluster-data").retainOnDelete).toBe(true);
    });
});

describe("the registry", () => {
    test("has no users of its own, and is where images are pushed by a login that expires", async () => {
        const { cluster, find } = await captureAks({});
        expect(find("cluster-registry").inputs).toMatchObject({
            registryName: "lflandfallproda1b2c3", adminUserEnabled: false, anonymousPullEnabled: false,
            sku: { name: "Premium" }, zoneRedundancy: "Enabled",
        });
        const { images } = cluster.capabilities;
        expect(images).toMatchObject({
            method: "push", credentials: { username: "00000000-0000-0000-0000-000000000000" },
        });
    });
});

describe("external-dns", () => {
    const dnsZone = "/subscriptions/22345678-aaaa-bbbb-cccc-1234567890ab/resourceGroups/dns/providers/" +
        "Microsoft.Network/dnsZones/shop.example.com";

    test("is nowhere unless a zone is named", async () => {
        const { cluster, resources } = await captureAks({});
        expect(cluster.capabilities.externalDns).toBeUndefined();
        expect(resources.filter(({ name }) => name.includes("dns"))).toEqual([]);
    });

    test("acts on that zone alone, as an identity that only its ServiceAccount can take", async () => {
        const captured = await captureAks({ dnsZone });
        const { externalDns } = captured.cluster.capabilities;
        expect(externalDns?.args).toEqual(["--provider=azure", "--domain-filter=shop.example.com"]);
        expect(externalDns?.podLabels).toEqual({ "azure.workload.identity/use": "true" });
        expect(captured.find("cluster-dns-trust").inputs).toMatchObject({
            issuer: "https://issuer.invalid/", subject: "system:serviceaccount:landfall-dns:external-dns",
            audiences: ["api://AzureADTokenExchange"],
        });
        expect(assignments(captured).filter(line => line.includes("cluster-dns-identity"))).toEqual([
            `dnsZoneContributor principal:cluster-dns-identity ${dnsZone}`,
            `reader principal:cluster-dns-identity ${dnsZone.replace(/\/providers.*/, "")}`,
        ]);
    });
});
