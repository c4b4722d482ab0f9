import * as z from "zod";
import { dnsZonePattern } from "../../../components/cluster/aks/args";
import { networkSize, parseNetwork, rangesOverlap } from "../../../components/cluster/ipv4";
import { Context } from "../schema/defaults";
import { choice, flag, listOf, matching, network, target } from "../schema/fields";
import { rule, Violation } from "../schema/rule";
import { replacesAll, bound, cloudKeys, namedOnce, newPool, poolsOrAuto, twoZones } from "./cloud";
import { loadBalancerKeys } from "./load-balancer";

const machineTypes = {
    what: "a size of Azure's virtual machines",
    pattern: /^Standard_[A-Z][A-Za-z0-9_-]{1,40}$/,
    example: "Standard_D4as_v5",
};
const uuid = (what: string) => matching(`${what}, a UUID in lower case`, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const subscription = "12345678-aaaa-bbbb-cccc-1234567890ab";
const person = "87654321-aaaa-bbbb-cccc-ba0987654321";
const group = "23456789-aaaa-bbbb-cccc-9876543210ab";
const zone = `/subscriptions/${subscription}/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com`;

/** Each node has a /24 for its pods, and an address of a /20, of which Azure reserves five. */
const podsOfNode = 24;
const mostNodes = networkSize(20) - 5;
/** Nodes outside the pools: the system pool and its surge. */
const systemNodes = 4;
const surge = 1 / 3;
/** AKS allows 200; the nodes use one. */
const mostNetworks = 199;
const subnets = { network: "10.20.0.0/16", podSubnet: "10.128.0.0/14", serviceSubnet: "172.20.0.0/16" };
/** What AKS uses itself. */
const reserved = ["169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24"];

/** A cluster of Azure Kubernetes Service. */
export function aks(context: Context) {
    const keys = z.strictObject({
        target: target("aks", "Creates an Azure Kubernetes Service cluster."),
        ...cloudKeys(context, "cluster and of its resource group", 40, machineTypes, {
            provisioning: "in place", machineType: newPool, diskSize: newPool,
        }),
        subscription: uuid("a subscription's id").meta({
            description: "Subscription that pays. Nothing is created in any other.", example: subscription,
            change: bound,
        }),
        tenant: uuid("a directory's id").optional().meta({
            description: "Directory (tenant) of the subscription.", example: person,
            defaultText: "that of the person or pipeline that is logged in",
        }),
        location: matching("a region's short name", /^[a-z]{2,}[a-z0-9]*$/).meta({
            description: "Region.", example: "westeurope", change: replacesAll,
        }),
        zones: listOf("zones", choice("1", "2", "3"), 1).default(["1", "2", "3"]).meta({
            description: "Zones of the nodes.", example: ["1", "3"], change: newPool,
        }),
        admins: listOf("object ids", uuid("an object id"), 1).meta({
            description: "People, groups and pipelines that may do everything in the cluster. Whoever runs the program must be "
                + "among them. `az ad signed-in-user show --query id` prints your own id.",
            example: [person],
        }),
        viewers: listOf("object ids", uuid("an object id")).default([]).meta({
            description: "People, groups and pipelines that may view everything in the cluster except Secrets.",
            example: [group],
        }),
        podSubnet: network(8, podsOfNode).default(subnets.podSubnet).meta({
            description: "Network of the pods. Every node uses a /24 of it.", example: "198.18.0.0/16", change: replacesAll,
        }),
        serviceSubnet: network(12, 24).default(subnets.serviceSubnet).meta({
            description: "Network of the Services.", example: "198.19.0.0/20", change: replacesAll,
        }),
        encryptionAtHost: flag().optional().meta({
            description: "Whether a node's host also encrypts the node's caches and temporary disk. The subscription needs the "
                + "feature Microsoft.Compute/EncryptionAtHost.",
            example: false, defaultText: "true if size is production", change: newPool,
        }),
        ...loadBalancerKeys({ example: { "service.beta.kubernetes.io/azure-load-balancer-internal": "true" } }),
        dnsZone: matching("the resource id of a DNS zone", dnsZonePattern).optional().meta({
            description: "DNS zone in which external-dns keeps the records.", example: zone,
            defaultText: "none: external-dns is not installed",
        }),
    });
    const people = rule(keys, ["admins", "viewers"], namedOnce);
    const networks = rule(rule(people, ["authorizedNetworks"], fewNetworks),
        ["network", "podSubnet", "serviceSubnet"], apart);
    const nodes = rule(rule(networks, ["provisioning", "nodePools"], poolsOrAuto), ["podSubnet", "nodePools"], room);
    return rule(rule(nodes, ["nodePools"], notOnlySpot), ["size", "zones"], twoZones).meta({
        description: "An Azure Kubernetes Service cluster, with its own network, key, logs, registry and storage.",
        example: {
            target: "aks", subscription, location: "westeurope", admins: [person],
            authorizedNetworks: ["203.0.113.0/24"],
        },
        change: "in place",
    });
}

function fewNetworks({ authorizedNetworks }: { authorizedNetworks: string[] }): Violation | undefined {
    return authorizedNetworks.length <= mostNetworks ? undefined : {
        keys: ["authorizedNetworks"], problem: `has ${authorizedNetworks.length} networks`,
        allowed: `at most ${mostNetworks} networks`, example: { authorizedNetworks: ["203.0.113.0/24"] },
    };
}

function apart(given: Record<"network" | "podSubnet" | "serviceSubnet", string>): Violation | undefined {
    const overlap = (left: string, right: string): boolean => {
        const [one, two] = [parseNetwork(left), parseNetwork(right)];
        return one !== undefined && two !== undefined && rangesOverlap(one, two);
    };
    const names = ["network", "podSubnet", "serviceSubnet"] as const;
    for (const [index, name] of names.entries()) {
        const other = names.slice(0, index).find(one => overlap(given[one], given[name]));
        const taken = reserved.find(one => overlap(one, given[name]));
        if (other === undefined && taken === undefined) continue;
        return {
            keys: [name, ...other ? [other] : []],
            problem: other ? `overlaps {cluster.${other}}` : `overlaps ${taken}, which AKS uses itself`,
            allowed: `networks that have no address in common, nor with ${reserved.join(", ")}`,
            example: subnets,
        };
    }
    return undefined;
}

function notOnlySpot({ nodePools = {} }: { nodePools?: Record<string, { spot: boolean }> }): Violation | undefined {
    const pools = Object.values(nodePools);
    return pools.length === 0 || pools.some(({ spot }) => !spot) ? undefined : {
        keys: ["nodePools"], problem: "are all of spot machines, from which AKS keeps the database away", allowed: "at least one pool without spot",
        example: { nodePools: { web: { machineType: "Standard_D4as_v5", min: 3, max: 30 } } },
    };
}

function room(
    { podSubnet, nodePools = {} }: { podSubnet: string; nodePools?: Record<string, { max: number }> },
): Violation | undefined {
    const pods = parseNetwork(podSubnet);
    const holds = Math.min(mostNodes, pods ? networkSize(pods.prefix) / networkSize(podsOfNode) : 0);
    const pools = Object.values(nodePools).reduce((sum, { max }) => sum + max + Math.ceil(max * surge), 0);
    const nodes = pools + systemNodes;
    return nodes <= holds ? undefined : {
        keys: ["podSubnet", "nodePools"],
        problem: `has room for ${holds} nodes only, and there may be ${nodes} while pools are upgraded`,
        allowed: `a network with a /24 for every node, and pools of at most ${mostNodes} nodes together`,
        example: { podSubnet: "10.128.0.0/12" },
    };
}
