import * as z from "zod";
import { firstAddress, parseRange, rangesOverlap } from "../../../components/cluster/ipv4";
import { listOf } from "../schema/fields";
import { Violation } from "../schema/rule";
import { type LoadBalancerSettings, needsLoadBalancer } from "./load-balancer";

const allowed = "a range FIRST-LAST of IPv4 addresses, FIRST not above LAST, or a network ADDRESS/LENGTH, no bit of the "
    + "address set beyond it";

/** The settings that the rules compare. */
interface Addresses {
    nodes: Record<string, { host: string; address?: string }>;
    addressPool?: string[];
    gatewayAddress?: string;
    virtualAddress?: string;
    endpoint?: string;
    podSubnet: string;
    serviceSubnet: string;
}

/** Ranges and networks as MetalLB accepts them. */
export function addressPool() {
    const entry = z.string().refine(given => /[-/]/.test(given) && parseRange(given) !== undefined).meta({ allowed });
    return listOf("ranges and networks of IPv4 addresses", entry, 1);
}

/** The gateway's address comes from the pool or is a virtual address. */
export function onePool({ addressPool: pool, gatewayAddress }: Addresses): Violation | undefined {
    return pool === undefined || gatewayAddress === undefined ? undefined : violation(
        "addressPool", "and {cluster.gatewayAddress} are both given",
        "one of them; with a pool the gateway has its first address", ["gatewayAddress"],
    );
}

/** Only MetalLB knows classes, and several machines without a pool or an address have no load balancer. */
export function balancedBy(
    settings: Pick<Addresses, "nodes" | "addressPool" | "gatewayAddress"> & LoadBalancerSettings,
): Violation | undefined {
    const { nodes, addressPool: pool, gatewayAddress, loadBalancerClass } = settings;
    if (pool !== undefined) return undefined;
    const balanced = gatewayAddress !== undefined || Object.keys(nodes).length === 1;
    if (balanced && loadBalancerClass === undefined) return undefined;
    if (balanced) return violation("loadBalancerClass", "needs {cluster.addressPool}: only MetalLB serves a class", "an address pool too", ["addressPool"]);
    return needsLoadBalancer(settings, "nodes", { nodes: { server: { host: "192.0.2.11" } }, addressPool: ["192.0.2.100-192.0.2.110"] });
}

/** No address of the pool may be in use. */
export function freePool(settings: Addresses): Violation | undefined {
    const { addressPool: pool = [], podSubnet, serviceSubnet } = settings;
    const ranges = pool.map(parseRange).filter(range => range !== undefined);
    const holds = (other: string) => {
        const range = parseRange(other);
        return range !== undefined && ranges.some(own => rangesOverlap(own, range));
    };
    const [holder] = Object.entries(takenAddresses(settings)).find(([, addresses]) => addresses.some(holds)) ?? [];
    const subnet = Object.entries({ podSubnet, serviceSubnet }).find(([, network]) => holds(network))?.[0];
    const twice = ranges.some((range, index) => ranges.slice(0, index).some(other => rangesOverlap(range, other)));
    if (holder !== undefined) return violation("addressPool", `holds ${holder}`, "addresses that nobody has");
    if (subnet !== undefined) {
        return violation("addressPool", `overlaps {cluster.${subnet}}`, "addresses of the machines' network", [subnet]);
    }
    if (twice) return violation("addressPool", "names an address twice", "ranges that have no address in common");
    return pool.length === 0 || firstAddress(pool) !== undefined ? undefined : violation(
        "addressPool", "has no address to hand out", "at least one address that doesn't end with 0 or 255",
    );
}

/** Addresses in use, and by what. */
function takenAddresses({ nodes, virtualAddress, endpoint }: Addresses): Record<string, string[]> {
    const machines = Object.entries(nodes).map(([name, { host, address = host }]) =>
        [`the address of ${name}`, [host, address]]);
    return {
        ...Object.fromEntries(machines) as Record<string, string[]>,
        ...(virtualAddress && { "{cluster.virtualAddress}": [virtualAddress] }),
        ...(endpoint && { "the address of {cluster.endpoint}": [endpoint.split(":")[0]] }),
    };
}

function violation(key: string, problem: string, allow: string, others: string[] = []): Violation {
    return {
        keys: [key, ...others], problem, allowed: allow,
        example: { nodes: { server: { host: "192.0.2.11" } }, addressPool: ["192.0.2.100-192.0.2.110"] },
    };
}
