import { Cluster, ClusterArgs } from "@pulumi/gcp/container";
import * as pulumi from "@pulumi/pulumi";
import type { GkeArgs } from "./args";
import { autopilot } from "./auto";
import type { Keys } from "./keys";
import { loggedComponents } from "./logging";
import { maintenancePolicy } from "./maintenance";
import { ClusterNetwork, secondaryRanges } from "./network";
import { standard } from "./nodes";
import { sizes } from "./sizes";

export interface ControlPlaneArgs {
    network: ClusterNetwork;
    keys: Keys;
    /** E-mail address of the nodes' service account. */
    nodeAccount: pulumi.Output<string>;
    /** Checked against the one that the cluster has. */
    version: pulumi.Output<string>;
}

/**
 * A regional cluster: its control plane is in three zones. Its public address answers the allow list alone; its DNS
 * endpoint, which knows no such list, answers nobody outside of Google's own services.
 */
export function createControlPlane(
    name: string, args: GkeArgs, { network, keys, nodeAccount, version }: ControlPlaneArgs,
    opts: pulumi.CustomResourceOptions,
): Cluster {
    return new Cluster(name, {
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
        deletionProtection: args.deletionProtection ?? sizes[args.size].deletionProtection,
        databaseEncryption: { state: "ENCRYPTED", keyName: keys.secrets.id },
        workloadIdentityConfig: { workloadPool: `${args.project}.svc.id.goog` },
        datapathProvider: "ADVANCED_DATAPATH",
        // The platform brings the definitions of the Gateway API; GKE would put its own in their place.
        gatewayApiConfig: { channel: "CHANNEL_DISABLED" },
        masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
        anonymousAuthenticationConfig: { mode: "LIMITED" },
        securityPostureConfig: { mode: "BASIC", vulnerabilityMode: "VULNERABILITY_DISABLED" },
        loggingConfig: { enableComponents: loggedComponents },
        monitoringConfig: { enableComponents: ["SYSTEM_COMPONENTS"], managedPrometheus: { enabled: true } },
        costManagementConfig: { enabled: true },
        ...endpoints(args.authorizedNetworks),
        ...(args.provisioning === "auto" ? autopilot(nodeAccount) : standard(args, nodeAccount)),
    }, {
        ...opts,
        dependsOn: [...keys.secrets.grants, network.nat],
        // Refused in the preview, not only by Google half-way.
        protect: args.deletionProtection ?? sizes[args.size].deletionProtection,
        // Its name can't be had twice.
        deleteBeforeReplace: true,
        // What Google adds by itself: the default pool's settings, and when the version's support ends.
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
