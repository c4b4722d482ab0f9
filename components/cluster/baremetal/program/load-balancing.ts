import { gatewayPorts, LoadBalancing, noticedAfter, PublishedNodes, serviceSeconds } from "../../cluster";
import { firstAddress } from "../../ipv4";
import type { BareMetalArgs } from "../args";
import type { DescribedCluster } from "./describe";

/** MetalLB asks nobody: it watches the pods itself, and then the neighbours learn where the address is now. */
const metalLbSeconds = serviceSeconds + 5;
/** keepalived's check of the gateway's address (see machine/keepalived.ts), and its move to another node. */
const keepalived = { interval: 1, failures: 3, spread: 7 };

/** How the gateway gets its address: of the pool, the machines' own or a virtual one, or none but the nodes' ports. */
export function loadBalancingOf(
    { addressPool, virtualAddress, gatewayAddress }: BareMetalArgs,
    { nodes, controlPlanes, facts: { serviceAddress } }: DescribedCluster,
): LoadBalancing {
    const first = addressPool && firstAddress(addressPool);
    if (first) {
        return {
            type: "LoadBalancer",
            drainSeconds: metalLbSeconds,
            seesClients: true,
            addressPool,
            annotations: { "metallb.io/loadBalancerIPs": first, ...awaited(first) },
        };
    }
    if (serviceAddress) {
        return {
            type: "LoadBalancer",
            drainSeconds: gatewayAddress ? noticedAfter(keepalived) : serviceSeconds,
            seesClients: true,
            annotations: awaited(serviceAddress),
        };
    }
    return {
        type: "NodePort",
        drainSeconds: serviceSeconds,
        seesClients: true,
        ...gatewayPorts,
        host: virtualAddress ?? nodes[0].host,
        publishedHttps: gatewayPorts.https,
        nodes: virtualAddress ? anyControlPlane(controlPlanes.length) : one(nodes[0].name),
    };
}

/** The virtual address is on one of the control plane's nodes, and moves to any other. */
function anyControlPlane(count: number): PublishedNodes {
    return { labels: { "node-role.kubernetes.io/control-plane": "" }, count };
}

function one(name: string): PublishedNodes {
    return { labels: { "kubernetes.io/hostname": name }, count: 1 };
}

/** The address is known beforehand: another makes it a change, which is over when the Service no longer has the old. */
function awaited(address: string): Record<string, string> {
    return { "pulumi.com/waitFor": `jsonpath={.status.loadBalancer.ingress[0].ip}=${address}` };
}
