import type { LoadBalancing } from "../cluster";
import { gatewayPorts } from "../gateway-ports";
import { firstAddress } from "./address-pool";
import type { BareMetalArgs } from "./args";
import type { DescribedCluster } from "./describe";

/** How the gateway gets its address: of the pool, the machines' own or a virtual one, or none but the nodes' ports. */
export function loadBalancingOf(
    { addressPool, virtualAddress }: BareMetalArgs, { nodes, facts: { serviceAddress } }: DescribedCluster,
): LoadBalancing {
    const first = addressPool && firstAddress(addressPool);
    if (first) {
        return {
            type: "LoadBalancer", addressPool, annotations: { "metallb.io/loadBalancerIPs": first, ...awaited(first) },
        };
    }
    return serviceAddress ? { type: "LoadBalancer", annotations: awaited(serviceAddress) } : {
        type: "NodePort",
        ...gatewayPorts,
        host: virtualAddress ?? nodes[0].host,
        publishedHttp: gatewayPorts.http,
        publishedHttps: gatewayPorts.https,
    };
}

/** The address is known beforehand: another makes it a change, which is over when the Service no longer has the old. */
function awaited(address: string): Record<string, string> {
    return { "pulumi.com/waitFor": `jsonpath={.status.loadBalancer.ingress[0].ip}=${address}` };
}
