import * as network from "@pulumi/azure-native/network";
import * as pulumi from "@pulumi/pulumi";
import { splitNetwork } from "../ipv4";
import type { Place } from "./place";

export interface Network {
    nodes: network.Subnet;
    /** The address that everything in the cluster has on the outside. */
    egress: network.PublicIPAddress;
}

/** The subnet of the nodes, which have no addresses of their own on the outside, and the address that they share. */
export function createNetwork(name: string, addresses: string, place: Place): Network {
    const { location, tags, group, options } = place;
    const common = { resourceGroupName: group.name, location, tags };
    const virtual = new network.VirtualNetwork(`${name}-network`, {
        ...common,
        virtualNetworkName: "network",
        addressSpace: { addressPrefixes: [addresses] },
    }, options);
    const [prefix] = splitNetwork(addresses, 20, 1);
    const nodes = new network.Subnet(`${name}-nodes`, {
        resourceGroupName: group.name,
        virtualNetworkName: virtual.name,
        subnetName: "nodes",
        addressPrefix: prefix,
        defaultOutboundAccess: false,
        // Shared volumes are reached without leaving the network.
        serviceEndpoints: [{ service: "Microsoft.Storage", locations: ["*"] }],
    }, options);
    return { nodes, egress: createEgress(name, place) };
}

/**
 * The load balancer's, which survives the loss of a zone: a NAT gateway of the kind that this version of the API knows
 * stands in one zone, and takes the nodes of all three off the network with it.
 */
function createEgress(name: string, { location, tags, group, options }: Place): network.PublicIPAddress {
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

/** Its address, for allow lists. */
export function addressOf(egress: network.PublicIPAddress): pulumi.Output<string> {
    return egress.ipAddress.apply(address => `${address}/32`);
}
