import { Network, Router, RouterNat, Subnetwork } from "@pulumi/gcp/compute";
import { type LoadBalancing, noticedAfter, withLoadBalancerArgs } from "../cluster";
import { splitNetwork } from "../ipv4";
import type { Scope } from "./args";

export interface ClusterNetwork {
    network: Network;
    subnetwork: Subnetwork;
    /** Through it, nodes without public addresses reach the internet. */
    nat: RouterNat;
}

/** Names of the subnetwork's secondary ranges. */
export const secondaryRanges = { pods: "pods", services: "services" };

/**
 * Creates the cluster's own network, with one subnetwork over all zones of the region. File systems are peered with the
 * network, so retained volumes retain it too, and every new cluster has a network of a new name.
 */
export function createNetwork(scope: Scope): ClusterNetwork {
    const { name, args, defaults, uniqueName, retained, options } = scope;
    const ranges = cutNetwork(args.network);
    const network = new Network(`${name}-network`, {
        name: uniqueName,
        autoCreateSubnetworks: false,
        routingMode: "REGIONAL",
    }, { ...options, retainOnDelete: retained });
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
        logConfig: { ...defaults.flowLogs, metadata: "INCLUDE_ALL_METADATA" },
    }, { ...options, deleteBeforeReplace: true });
    return { network, subnetwork, nat: createNat(scope, network) };
}

function createNat({ name, args, uniqueName, options }: Scope, network: Network): RouterNat {
    const { region } = args;
    const router = new Router(`${name}-router`, { name: uniqueName, network: network.id, region }, options);
    return new RouterNat(`${name}-nat`, {
        name: uniqueName,
        router: router.name,
        region,
        natIpAllocateOption: "AUTO_ONLY",
        sourceSubnetworkIpRangesToNat: "ALL_SUBNETWORKS_ALL_IP_RANGES",
        // A node with many busy pods needs more than the default of 64 ports.
        enableDynamicPortAllocation: true,
        enableEndpointIndependentMapping: false,
        minPortsPerVm: 64,
        maxPortsPerVm: 4096,
        logConfig: { enable: true, filter: "ERRORS_ONLY" },
    }, options);
}

/** The parts of the cluster's network. */
export interface Ranges {
    /** The first half, for pods. A node uses 128 addresses. */
    pods: string;
    /** For nodes and load balancers. */
    nodes: string;
    services: string;
    /** For file systems, which are in a network of Google's that is peered with this one. */
    files: string;
}

/** Cuts a network of /8 to /18 into its parts. GKE accepts a range of at most /16 for Services. */
export function cutNetwork(network: string): Ranges {
    const prefix = Number(network.split("/")[1]);
    const narrow = Math.max(prefix + 4, 16);
    const half = 2 ** (31 - prefix);
    const [nodes, services, rest] = splitNetwork(network, narrow, 3, half);
    return {
        pods: splitNetwork(network, prefix + 1, 1)[0],
        nodes,
        services,
        files: splitNetwork(rest, Math.max(prefix + 6, 20), 1)[0],
    };
}

/** Where DNS answers: the cache on each node, and Google's own DNS behind it, which Autopilot asks. */
export const dnsAddresses = ["169.254.20.10/32", "169.254.169.254/32"];

/**
 * How GKE checks the nodes of a Service with the traffic policy Local. No annotation changes it.
 * Source: kubernetes/ingress-gce, pkg/l4/healthchecks/healthchecksl4.go
 */
const healthCheck = { interval: 3, failures: 2, spread: 10 };

export function loadBalancingOf({ args }: Scope): LoadBalancing {
    return withLoadBalancerArgs({
        type: "LoadBalancer",
        drainSeconds: noticedAfter(healthCheck),
        seesClients: true,
        // A load balancer with backend services, which check the nodes. It can't be changed on an existing Service.
        annotations: { "cloud.google.com/l4-rbs": "enabled" },
    }, args);
}
