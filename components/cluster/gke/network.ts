import { Network, Router, RouterNat, Subnetwork } from "@pulumi/gcp/compute";
import * as pulumi from "@pulumi/pulumi";
import type { GkeArgs } from "./args";
import { cutNetwork } from "./ranges";
import { sizes } from "./sizes";

export interface ClusterNetwork {
    network: Network;
    subnetwork: Subnetwork;
    /** By which nodes without addresses of their own reach the internet. */
    nat: RouterNat;
}

/** Names of the subnetwork's further ranges. */
export const secondaryRanges = { pods: "pods", services: "services" };

/**
 * A network of the cluster's own with one subnetwork, which reaches over all zones of the region. Volumes that are kept
 * keep the network too, as their file systems are peered with it: its name is therefore another every time.
 */
export function createNetwork(
    name: string, uniqueName: pulumi.Output<string>, args: GkeArgs, opts: pulumi.CustomResourceOptions,
): ClusterNetwork {
    const ranges = cutNetwork(args.network);
    const network = new Network(`${name}-network`, {
        name: uniqueName,
        autoCreateSubnetworks: false,
        routingMode: "REGIONAL",
    }, { ...opts, retainOnDelete: args.volumes !== "delete" });
    const subnetwork = new Subnetwork(`${name}-subnetwork`, {
        name: uniqueName,
        network: network.id,
        region: args.region,
        ipCidrRange: ranges.nodes,
        secondaryIpRanges: [
            { rangeName: secondaryRanges.pods, ipCidrRange: ranges.pods },
            { rangeName: secondaryRanges.services, ipCidrRange: ranges.services },
        ],
        privateIpGoogleAccess: true,
        logConfig: { ...sizes[args.size].flowLogs, metadata: "INCLUDE_ALL_METADATA" },
    }, { ...opts, deleteBeforeReplace: true });
    return { network, subnetwork, nat: createNat(name, uniqueName, network, args.region, opts) };
}

function createNat(
    name: string, uniqueName: pulumi.Output<string>, network: Network, region: string,
    opts: pulumi.CustomResourceOptions,
): RouterNat {
    const router = new Router(`${name}-router`, { name: uniqueName, network: network.id, region }, opts);
    return new RouterNat(`${name}-nat`, {
        name: uniqueName,
        router: router.name,
        region,
        natIpAllocateOption: "AUTO_ONLY",
        sourceSubnetworkIpRangesToNat: "ALL_SUBNETWORKS_ALL_IP_RANGES",
        // A node of many busy pods needs more than the 64 ports that are given by default.
        enableDynamicPortAllocation: true,
        enableEndpointIndependentMapping: false,
        minPortsPerVm: 64,
        maxPortsPerVm: 4096,
        logConfig: { enable: true, filter: "ERRORS_ONLY" },
    }, opts);
}
