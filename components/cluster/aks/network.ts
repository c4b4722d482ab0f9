import * as network from "@pulumi/azure-native/network";
import * as pulumi from "@pulumi/pulumi";
import { tagList } from "../cloud/args";
import { type LoadBalancing, noticedAfter, withLoadBalancerArgs } from "../cluster";
import { splitNetwork } from "../ipv4";
import type { Scope } from "./args";

export interface Network {
    nodes: network.Subnet;
    /** The public address of all connections from the cluster. */
    egress: network.PublicIPAddress;
}

/** Creates the subnet of the nodes, which have no public addresses, and the public address that they share. */
export function createNetwork(scope: Scope): Network {
    const { name, args, tags, group, options } = scope;
    const virtual = new network.VirtualNetwork(`${name}-network`, {
        resourceGroupName: group.name,
        location: args.location,
        tags,
        virtualNetworkName: "network",
        addressSpace: { addressPrefixes: [args.network] },
    }, options);
    const [prefix] = splitNetwork(args.network, 20, 1);
    const nodes = new network.Subnet(`${name}-nodes`, {
        resourceGroupName: group.name,
        virtualNetworkName: virtual.name,
        subnetName: "nodes",
        addressPrefix: prefix,
        defaultOutboundAccess: false,
        // Traffic to shared volumes doesn't leave the network.
        serviceEndpoints: [{ service: "Microsoft.Storage", locations: ["*"] }],
    }, options);
    return { nodes, egress: createEgress(scope) };
}

/**
 * The load balancer's address, which survives the loss of a zone. In this version of the API, a NAT gateway is in one zone:
 * if that zone failed, the nodes of all three would lose the network.
 */
function createEgress({ name, args: { location }, tags, group, options }: Scope): network.PublicIPAddress {
    return new network.PublicIPAddress(`${name}-egress`, {
        resourceGroupName: group.name,
        location,
        tags,
        publicIpAddressName: "egress",
        publicIPAddressVersion: "IPv4",
        publicIPAllocationMethod: "Static",
        sku: { name: "Standard", tier: "Regional" },
        zones: ["1", "2", "3"],
    }, options);
}

/** The address in the form of an allow list. */
export function addressOf(egress: network.PublicIPAddress): pulumi.Output<string> {
    return egress.ipAddress.apply(address => `${address}/32`);
}

/** The smallest values that Azure allows (kubernetes-sigs/cloud-provider-azure, azure_loadbalancer_healthprobe.go). */
const healthCheck = { interval: 5, failures: 2, spread: 10 };

/** The load balancer of a Service. */
export function loadBalancingOf({ args, tags }: Scope): LoadBalancing {
    return withLoadBalancerArgs({
        type: "LoadBalancer",
        drainSeconds: noticedAfter(healthCheck),
        seesClients: true,
        annotations: {
            "service.beta.kubernetes.io/azure-load-balancer-health-probe-interval": String(healthCheck.interval),
            "service.beta.kubernetes.io/azure-load-balancer-health-probe-num-of-probe": String(healthCheck.failures),
            "service.beta.kubernetes.io/azure-pip-tags": tagList(tags),
        },
    }, args);
}
