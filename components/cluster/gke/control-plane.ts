import { Cluster, type ClusterArgs, getCluster } from "@pulumi/gcp/container";
import * as pulumi from "@pulumi/pulumi";
import { rendering } from "../lookup";
import { days } from "../cloud/args";
import type { GkeArgs, Scope } from "./args";
import type { Keys } from "./keys";
import { loggedComponents } from "./logging";
import { type ClusterNetwork, secondaryRanges } from "./network";
import { cloudPlatform, nodeSecurity } from "./nodes";

export interface ControlPlaneArgs {
    network: ClusterNetwork;
    keys: Keys;
    /** E-mail address of the nodes' service account. */
    nodeAccount: pulumi.Output<string>;
    /** Already checked against the cluster's current version. */
    version: pulumi.Output<string>;
}

/**
 * Creates a regional cluster, whose control plane is in three zones. Its public address only accepts the allow list. Its
 * DNS endpoint has no such list, so it is closed to everyone but Google's own services.
 */
export function createControlPlane(scope: Scope, { network, keys, nodeAccount, version }: ControlPlaneArgs): Cluster {
    const { name, args, options } = scope;
    return new Cluster(`${name}-gke`, {
        name: args.name,
        location: args.region,
        nodeLocations: args.zones,
        network: network.network.id,
        subnetwork: network.subnetwork.id,
        networkingMode: "VPC_NATIVE",
        ipAllocationPolicy: {
            clusterSecondaryRangeName: secondaryRanges.pods,
            servicesSecondaryRangeName: secondaryRanges.services,
        },
        minMasterVersion: version,
        releaseChannel: { channel: "REGULAR" },
        maintenancePolicy: maintenancePolicy(args.maintenance),
        deletionProtection: args.deletionProtection,
        databaseEncryption: { state: "ENCRYPTED", keyName: keys.secrets.id },
        workloadIdentityConfig: { workloadPool: `${args.project}.svc.id.goog` },
        datapathProvider: "ADVANCED_DATAPATH",
        // The platform installs the Gateway API's CRDs; GKE would replace them with its own.
        gatewayApiConfig: { channel: "CHANNEL_DISABLED" },
        masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
        anonymousAuthenticationConfig: { mode: "LIMITED" },
        securityPostureConfig: { mode: "BASIC", vulnerabilityMode: "VULNERABILITY_DISABLED" },
        loggingConfig: { enableComponents: loggedComponents },
        monitoringConfig: { enableComponents: ["SYSTEM_COMPONENTS"], managedPrometheus: { enabled: true } },
        costManagementConfig: { enabled: true },
        ...endpoints(args.authorizedNetworks),
        ...(args.provisioning === "auto" ? autopilot(nodeAccount) : standard(scope, nodeAccount)),
    }, {
        ...options,
        dependsOn: [...keys.secrets.grants, network.nat],
        // So that the preview refuses a deletion; Google alone would refuse it halfway through.
        protect: args.deletionProtection,
        // Two clusters can't have the same name.
        deleteBeforeReplace: true,
        // Google sets these itself: the default pool's settings, and the end of the version's support.
        ignoreChanges: ["initialNodeCount", "nodeConfig", "nodePools", "maintenancePolicy.maintenanceExclusions"],
    });
}

function endpoints(authorizedNetworks: string[]): Partial<ClusterArgs> {
    return {
        privateClusterConfig: { enablePrivateNodes: true, enablePrivateEndpoint: false },
        masterAuthorizedNetworksConfig: {
            cidrBlocks: authorizedNetworks.map(cidrBlock => ({ cidrBlock })),
            gcpPublicCidrsAccessEnabled: false,
            privateEndpointEnforcementEnabled: true,
        },
        controlPlaneEndpointsConfig: {
            dnsEndpointConfig: { allowExternalTraffic: false },
            ipEndpointsConfig: { enabled: true },
        },
    };
}

/** The drivers of both storage classes, and the controller of load balancers. */
const addons = {
    gcePersistentDiskCsiDriverConfig: { enabled: true },
    gcpFilestoreCsiDriverConfig: { enabled: true },
    httpLoadBalancing: { disabled: false },
    horizontalPodAutoscaling: { disabled: false },
};

/** A cluster with node pools. */
function standard({ defaults }: Scope, nodeAccount: pulumi.Output<string>): Partial<ClusterArgs> {
    return {
        // GKE creates no cluster without a default pool. It is removed at once; the pools are resources of their own.
        removeDefaultNodePool: true,
        initialNodeCount: 1,
        nodeConfig: { machineType: "e2-medium", diskSizeGb: 30, ...nodeSecurity(nodeAccount) },
        enableShieldedNodes: true,
        // Also logs traffic between pods of one node, as Autopilot always does.
        enableIntranodeVisibility: true,
        defaultMaxPodsPerNode: 64,
        clusterAutoscaling: { enabled: false, autoscalingProfile: defaults.autoscalingProfile },
        addonsConfig: { ...addons, dnsCacheConfig: { enabled: true } },
    };
}

/**
 * Autopilot: GKE chooses, upgrades and repairs the machines, and bills what pods request. It raises requests below its
 * minimum. It refuses pods with more privileges than most need, but admits what meets the Pod Security Standard
 * `restricted`. A pod chooses Spot itself, with its node selector.
 */
function autopilot(nodeAccount: pulumi.Output<string>): Partial<ClusterArgs> {
    return {
        enableAutopilot: true,
        clusterAutoscaling: {
            autoProvisioningDefaults: { serviceAccount: nodeAccount, oauthScopes: [cloudPlatform] },
        },
        addonsConfig: addons,
    };
}

/** A Monday. The weekly window recurs from that week on. */
const firstMonday = { year: 2026, month: 0, day: 5 };

/**
 * GKE applies patches and repairs in the weekly window. Minor versions only change with `kubernetesVersion`, until Google
 * ends support for the current one.
 */
function maintenancePolicy({ day, start, hours }: GkeArgs["maintenance"]): ClusterArgs["maintenancePolicy"] {
    const [hour, minute] = start.split(":").map(Number);
    const { year, month } = firstMonday;
    const begin = Date.UTC(year, month, firstMonday.day + days.indexOf(day), hour, minute);
    return {
        recurringWindow: {
            startTime: timestamp(begin),
            endTime: timestamp(begin + hours * 60 * 60 * 1000),
            recurrence: `FREQ=WEEKLY;BYDAY=${day.slice(0, 2).toUpperCase()}`,
        },
        maintenanceExclusions: [{
            exclusionName: "minor-versions",
            startTime: timestamp(Date.UTC(year, month, firstMonday.day)),
            exclusionOptions: { scope: "NO_MINOR_UPGRADES", endTimeBehavior: "UNTIL_END_OF_SUPPORT" },
        }],
    };
}

function timestamp(milliseconds: number): string {
    return new Date(milliseconds).toISOString().replace(".000", "");
}

/** Google's errors if there is no such cluster, or if the API was never enabled in the project. */
const nothingThere = /not found|has not been used|SERVICE_DISABLED|is disabled/i;

/** The version of the cluster's control plane; undefined if there is no cluster yet. */
export function currentVersion({ args, options }: Scope): pulumi.Output<string | undefined> {
    const { parent, provider } = options;
    return pulumi.output(rendering() ? undefined : lookUpVersion(args, { parent, provider }));
}

export async function lookUpVersion(
    { name, region: location, project }: GkeArgs, opts: pulumi.InvokeOptions,
): Promise<string | undefined> {
    try {
        return (await getCluster({ name, location, project }, opts)).masterVersion;
    } catch (error) {
        const { message } = error as Error;
        if (nothingThere.test(message)) return undefined;
        throw new pulumi.RunError(`Google Cloud didn't say which version the cluster "${name}" has: ${message}`);
    }
}

/** The DNS name that GKE gives a control plane. It is new for every cluster, even one of the same name. */
export function dnsEndpointOf(cluster: Cluster): pulumi.Output<string> {
    return cluster.controlPlaneEndpointsConfig.apply(({ dnsEndpointConfig }) => {
        if (dnsEndpointConfig?.endpoint) return dnsEndpointConfig.endpoint;
        if (rendering()) return "rendered.gke.goog";
        throw new pulumi.RunError("GKE gave the cluster no DNS endpoint, which the program needs to identify it.");
    });
}
