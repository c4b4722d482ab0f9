import { beforeAll, describe, expect, test } from "vitest";
import type { GkeArgs } from "../../../../../components/cluster/gke/args";
import { cutNetwork } from "../../../../../components/cluster/gke/network";
import { networkSize, parseNetwork } from "../../../../../components/cluster/ipv4";
import { CapturedCluster, captureCluster } from "../../../support/cluster";
import { gkeArgs, gkeTypes, gkeVariants } from "../../../support/gke";
import { DestroyOrder } from "../../../support/order";

interface ClusterInputs {
    location: string;
    privateClusterConfig: object;
    masterAuthorizedNetworksConfig: { cidrBlocks: { cidrBlock: string }[]; gcpPublicCidrsAccessEnabled: boolean };
    controlPlaneEndpointsConfig: object;
    databaseEncryption: object;
    deletionProtection: boolean;
    loggingConfig: { enableComponents: string[] };
    enableAutopilot?: boolean;
    removeDefaultNodePool?: boolean;
    clusterAutoscaling: { autoProvisioningDefaults?: { serviceAccount: string } };
    addonsConfig: Record<string, { enabled?: boolean }>;
    ipAllocationPolicy: { clusterSecondaryRangeName: string; servicesSecondaryRangeName: string };
}

const nodeAccount = "landfall-test-nodes@acme-test.iam.gserviceaccount.com";

describe.each(gkeVariants)("a cluster of GKE (%s)", (_, args) => {
    let captured: CapturedCluster;
    let cluster: ClusterInputs;
    beforeAll(async () => {
        captured = await captureCluster(args);
        cluster = captured.find("cluster-gke").inputs as unknown as ClusterInputs;
    });

    test("is regional, on a network of its own, with nodes that have no address on the internet", () => {
        expect(cluster.location).toBe("europe-west3");
        expect(cluster.privateClusterConfig).toEqual({ enablePrivateNodes: true, enablePrivateEndpoint: false });
        const { inputs } = captured.find("cluster-subnetwork");
        const ranges = inputs.secondaryIpRanges as { rangeName: string }[];
        const { clusterSecondaryRangeName, servicesSecondaryRangeName } = cluster.ipAllocationPolicy;
        const names = ranges.map(({ rangeName }) => rangeName);
        expect(names).toEqual([clusterSecondaryRangeName, servicesSecondaryRangeName]);
        expect(inputs).toMatchObject({ privateIpGoogleAccess: true, logConfig: { metadata: "INCLUDE_ALL_METADATA" } });
        expect(captured.find("cluster-network").inputs.autoCreateSubnetworks).toBe(false);
        // Autopilot has it and refuses the setting.
        expect(captured.find("cluster-gke").inputs.enableIntranodeVisibility)
            .toBe(args.provisioning === "auto" ? undefined : true);
        expect(captured.find("cluster-gke").dependsOn).toContain(captured.find("cluster-nat").urn);
    });

    test("answers the allow list alone, from the internet and from within Google's", () => {
        expect(cluster.masterAuthorizedNetworksConfig).toEqual({
            cidrBlocks: [{ cidrBlock: "203.0.113.0/24" }],
            gcpPublicCidrsAccessEnabled: false,
            privateEndpointEnforcementEnabled: true,
        });
        // The DNS endpoint doesn't look at the allow list.
        const dnsEndpointConfig = { allowExternalTraffic: false };
        expect(cluster.controlPlaneEndpointsConfig).toMatchObject({ dnsEndpointConfig });
    });

    test("has its Secrets and volumes encrypted by keys that are renewed, and which only Google's agents use", () => {
        expect(cluster.databaseEncryption).toEqual({ state: "ENCRYPTED", keyName: "cluster-key-secrets-id" });
        const keys = captured.ofType("gcp:kms/cryptoKey:CryptoKey");
        expect(keys.map(({ inputs }) => inputs.rotationPeriod)).toEqual(["7776000s", "7776000s"]);
        // What they encrypt is lost with them.
        const production = args.size === "production";
        expect(keys.map(({ protect }) => protect)).toEqual([production, production]);
        const grants = captured.ofType("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember");
        expect(grants.map(({ inputs }) => `${inputs.cryptoKeyId} ${inputs.member}`).sort()).toEqual([
            "cluster-key-secrets-id serviceAccount:service-000000000000@container-engine-robot.iam.gserviceaccount.com",
            "cluster-key-volumes-id serviceAccount:service-000000000000@cloud-filer.iam.gserviceaccount.com",
            "cluster-key-volumes-id serviceAccount:service-000000000000@compute-system.iam.gserviceaccount.com",
        ]);
        expect(captured.find("cluster-gke").dependsOn).toContain(captured.find("cluster-key-secrets-container").urn);
    });

    test("keeps its audit and control plane logs, a year in production, and can't be deleted there by a slip", () => {
        const production = args.size === "production";
        expect(cluster.loggingConfig.enableComponents).toEqual(
            expect.arrayContaining(["APISERVER", "CONTROLLER_MANAGER", "SCHEDULER"]));
        expect(captured.find("cluster-logs").inputs.retentionDays).toBe(production ? 365 : 30);
        const { filter, destination } = captured.find("cluster-logs-sink").inputs;
        expect(filter).toContain("cluster_name=\"landfall-test\"");
        expect(filter).toContain("cloudaudit.googleapis.com/activity");
        expect(destination).toContain(`buckets/${String(captured.find("cluster-logs").inputs.bucketId)}`);
        expect(cluster.deletionProtection).toBe(production);
    });

    test("enforces policies, knows pods by their own identity, and leaves the Gateway API to the platform", () => {
        expect(cluster).toMatchObject({
            datapathProvider: "ADVANCED_DATAPATH",
            workloadIdentityConfig: { workloadPool: "acme-test.svc.id.goog" },
            gatewayApiConfig: { channel: "CHANNEL_DISABLED" },
            masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
        });
        expect(captured.cluster.capabilities).toMatchObject({ networkPolicy: "enforced", metrics: "builtin" });
    });

    test("is upgraded on a channel, by patches only, in its window", () => {
        expect(cluster).toMatchObject({
            releaseChannel: { channel: "REGULAR" },
            minMasterVersion: "1.35",
            maintenancePolicy: {
                recurringWindow: {
                    startTime: "2026-01-11T02:00:00Z", endTime: "2026-01-11T14:00:00Z",
                    recurrence: "FREQ=WEEKLY;BYDAY=SU",
                },
                maintenanceExclusions: [{ exclusionOptions: { scope: "NO_MINOR_UPGRADES" } }],
            },
        });
    });

    test("has nodes in pools, or nodes that GKE chooses, as an account that may next to nothing", () => {
        const pools = captured.ofType(gkeTypes.nodePool);
        if (args.provisioning === "auto") {
            expect(pools).toEqual([]);
            expect(cluster.enableAutopilot).toBe(true);
            expect(cluster.clusterAutoscaling.autoProvisioningDefaults?.serviceAccount).toBe(nodeAccount);
        } else {
            expect(cluster).toMatchObject({ removeDefaultNodePool: true, nodeConfig: { serviceAccount: nodeAccount } });
            expect(pools).toHaveLength(1);
            expect(pools[0].inputs).toMatchObject({
                management: { autoRepair: true, autoUpgrade: true },
                upgradeSettings: { maxSurge: 1, maxUnavailable: 0 },
                nodeConfig: {
                    serviceAccount: nodeAccount,
                    shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
                    workloadMetadataConfig: { mode: "GKE_METADATA" },
                },
            });
        }
        const roles = [...captured.ofType(gkeTypes.member),
            ...captured.ofType("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember")]
            .filter(({ inputs }) => inputs.member === `serviceAccount:${nodeAccount}`).map(({ inputs }) => inputs.role);
        expect(roles.sort()).toEqual(["roles/artifactregistry.reader", "roles/artifactregistry.reader", "roles/container.defaultNodeServiceAccount"]);
    });

    test("lets named people into itself and no other cluster, and makes no key or password", () => {
        const members = captured.ofType(gkeTypes.member)
            .filter(({ inputs }) => String(inputs.role).startsWith("roles/container."))
            .filter(({ inputs }) => inputs.member !== `serviceAccount:${nodeAccount}`);
        const expression = "resource.name == \"projects/acme-test/locations/europe-west3/clusters/landfall-test\"";
        const byRole = members.map(({ inputs }) => inputs)
            .sort((one, other) => String(one.role).localeCompare(String(other.role)));
        expect(byRole).toMatchObject([
            { member: "group:platform@example.com", role: "roles/container.admin", condition: { expression } },
            { member: "user:jane@example.com", role: "roles/container.viewer", condition: { expression } },
        ]);
        expect(captured.resources.filter(({ type }) => /serviceaccount\/key/i.test(type))).toEqual([]);
    });

    test("has a registry whose tags stay, whose images are looked at for holes, and which only its nodes read", () => {
        expect(captured.find("cluster-registry").inputs).toMatchObject({
            format: "DOCKER",
            dockerConfig: { immutableTags: true },
            vulnerabilityScanningConfig: { enablementConfig: "INHERITED" },
        });
        expect(captured.find("cluster-service-containerscanning").inputs.disableOnDestroy).toBe(false);
        expect(captured.ofType("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember")).toHaveLength(2);
    });

    test("has another whose images can be deleted, for environments that delete theirs", () => {
        expect(captured.find("cluster-disposable").inputs).toMatchObject({ format: "DOCKER", repositoryId: "landfall-test-disposable" });
        expect(captured.find("cluster-disposable").inputs.dockerConfig).toBeUndefined();
    });

    test("has a class of disks and one of shared files, whose drivers it has and which our key encrypts", () => {
        const { storageClasses = [], storageClass, sharedStorageClass } = captured.cluster.capabilities;
        expect([storageClass, sharedStorageClass]).toEqual(storageClasses.map(({ name }) => name));
        expect(storageClasses.map(({ provisioner, isDefault }) => [provisioner, isDefault ?? false])).toEqual([
            ["pd.csi.storage.gke.io", true], ["filestore.csi.storage.gke.io", false],
        ]);
        expect(cluster.addonsConfig.gcePersistentDiskCsiDriverConfig).toEqual({ enabled: true });
        expect(cluster.addonsConfig.gcpFilestoreCsiDriverConfig).toEqual({ enabled: true });
        const [disks, files] = storageClasses.map(({ parameters }) => Object.keys(parameters));
        expect(disks).toContain("disk-encryption-kms-key");
        // The cheap tier, in one zone, has no keys but Google's.
        const production = args.size === "production";
        expect(files.includes("instance-encryption-kms-key")).toBe(production);
        expect(disks.includes("replication-type")).toBe(production);
    });

    test("enables the services before it makes anything", () => {
        const isService = ({ name }: { name: string }) => name.startsWith("cluster-service-");
        const order = new DestroyOrder(captured.resources);
        expect(order.uncertain(one => one.type.startsWith("gcp:") && !isService(one), isService)).toEqual([]);
    });
});

describe("external-dns", () => {
    const grants = ({ resources }: CapturedCluster) => resources
        .filter(({ inputs }) => String(inputs.member).startsWith("principal://"))
        .map(({ inputs }) => ({ zone: inputs.managedZone, role: inputs.role, member: inputs.member }))
        .sort((one, other) => String(one.role).localeCompare(String(other.role)));

    test("may change one zone, by its own ServiceAccount, and only look for it among the others", async () => {
        const captured = await captureCluster(gkeArgs);
        const member = "principal://iam.googleapis.com/projects/000000000000/locations/global/workloadIdentityPools/"
            + "acme-test.svc.id.goog/subject/ns/landfall-dns/sa/external-dns";
        expect(grants(captured)).toEqual([
            { zone: "example-com", role: "roles/dns.admin", member },
            { zone: undefined, role: "roles/dns.reader", member },
        ]);
        expect(captured.cluster.capabilities.externalDns?.args).toEqual(
            ["--provider=google", "--google-project=acme-test", "--zone-id-filter=example-com"]);
    });

    test("is not there without a zone", async () => {
        const captured = await captureCluster({ ...gkeArgs, dnsZone: undefined });
        expect(grants(captured)).toEqual([]);
        expect(captured.cluster.capabilities.externalDns).toBeUndefined();
    });
});

test("a pool's limits are those of all zones together, and Spot VMs are had where there are some", async () => {
    const pool = { machineType: "e2-standard-4", min: 4, max: 40, diskSize: 50, labels: {} };
    const { find, cluster } = await captureCluster({
        ...gkeArgs, nodePools: { web: { ...pool, spot: false }, cheap: { ...pool, spot: true } },
    } satisfies typeof gkeArgs & GkeArgs);
    const totals = { totalMinNodeCount: 4, totalMaxNodeCount: 40 };
    expect(find("cluster-pool-web").inputs).toMatchObject({
        autoscaling: { ...totals, locationPolicy: "BALANCED" }, initialNodeCount: 2, nodeConfig: { spot: false },
    });
    // Only what may be interrupted runs there.
    const taint = { key: "cloud.google.com/gke-spot", value: "true" };
    expect(find("cluster-pool-cheap").inputs).toMatchObject({
        autoscaling: { ...totals, locationPolicy: "ANY" },
        nodeConfig: { spot: true, taints: [{ ...taint, effect: "NO_SCHEDULE" }] },
    });
    expect(cluster.capabilities.interruptible).toEqual({ ...taint, effect: "NoSchedule" });
    // Where there are no others, everything has to.
    const alone = await captureCluster({ ...gkeArgs, nodePools: { cheap: { ...pool, spot: true } } });
    expect(alone.cluster.capabilities.interruptible).toBeUndefined();
    expect(alone.find("cluster-pool-cheap").inputs.nodeConfig).not.toHaveProperty("taints");
});

test.each([8, 12, 16, 18])("a network of /%s is cut into parts that lie in it, and half of it is for pods", prefix => {
    const whole = parseNetwork(`10.0.0.0/${prefix}`);
    const parts = Object.values(cutNetwork(`10.0.0.0/${prefix}`)).map(part => parseNetwork(part));
    const end = (whole?.first ?? 0) + networkSize(prefix);
    for (const part of parts) {
        expect(part && part.first + networkSize(part.prefix)).toBeLessThanOrEqual(end);
    }
    expect(parts[0]).toMatchObject({ first: whole?.first, prefix: prefix + 1 });
    // A Filestore over three zones takes a /26.
    expect(networkSize(parts[3]?.prefix ?? 32)).toBeGreaterThanOrEqual(networkSize(26));
});
