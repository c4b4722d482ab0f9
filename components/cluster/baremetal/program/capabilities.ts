import { type Capabilities, gatewayPorts, type LoadBalancing, noticedAfter, type PublishedNodes, serviceSeconds, withLoadBalancerArgs } from "../../cluster";
import { firstAddress } from "../../ipv4";
import type { BareMetalArgs } from "../args";
import { type DescribedCluster, volumesDirectory } from "./describe";
import type { FoundNodes } from "./lookup";
import { environment, script } from "./scripts";

const local = "landfall-local";
const shared = "landfall-shared";
/** MetalLB watches the pods itself; then the neighbours learn the address's new place. */
const metalLbSeconds = serviceSeconds + 5;
/** With this annotation, MetalLB assigns the address that it names. */
const chosenAddress = "metallb.io/loadBalancerIPs";
/** keepalived's check of the gateway's address (see machine/keepalived.ts), and its move to another node. */
const keepalived = { interval: 1, failures: 3, spread: 7 };

export function capabilitiesOf(
    args: BareMetalArgs, described: DescribedCluster, { members, incarnation }: FoundNodes,
): Capabilities {
    const { nodes, facts } = described;
    return {
        ...storageOf(args, nodes.length === 1),
        incarnation,
        loadBalancing: withLoadBalancerArgs(loadBalancingOf(args, described), args),
        metrics: "install",
        kubeletInsecureTls: false,
        apiServerPorts: [6443],
        networkPolicy: facts.network === "kube-router" ? "enforced" : "unknown",
        images: {
            method: "load",
            script: script("load-image"),
            unload: script("unload-images"),
            platform: args.platform,
            // A machine that was installed again has no images yet.
            environment: environment<"load-image">({ nodes }, described, { MEMBERS: JSON.stringify(members) }),
        },
        imagesByTag: args.bundle !== undefined,
    };
}

/** Pods on one machine share its disk; with several machines, each has its own. */
export function storageOf({ sharedDirectory }: BareMetalArgs, single: boolean): Partial<Capabilities> {
    if (single) return { storageClass: local, sharedStorageClass: local, sharedDirectory: sharedDirectory ?? volumesDirectory };
    return {
        storageClass: local,
        localDirectory: volumesDirectory,
        ...(sharedDirectory !== undefined && { sharedStorageClass: shared, sharedDirectory }),
    };
}

/** The gateway's address comes from the pool, is virtual or the only machine's; without any, the nodes' ports are published. */
function loadBalancingOf(
    { addressPool, virtualAddress, gatewayAddress, loadBalancerAnnotations = {} }: BareMetalArgs,
    { nodes, controlPlanes, facts: { serviceAddress } }: DescribedCluster,
): LoadBalancing {
    const first = addressPool && firstAddress(addressPool);
    if (first) {
        return {
            type: "LoadBalancer",
            drainSeconds: metalLbSeconds,
            seesClients: true,
            addressPool,
            annotations: {
                [chosenAddress]: first,
                // The user may have chosen another address of the pool.
                ...(chosenAddress in loadBalancerAnnotations ? {} : awaited(first)),
            },
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

/** The virtual address is on one control-plane node, and can move to any other. */
function anyControlPlane(count: number): PublishedNodes {
    return { labels: { "node-role.kubernetes.io/control-plane": "" }, count };
}

function one(name: string): PublishedNodes {
    return { labels: { "kubernetes.io/hostname": name }, count: 1 };
}

/** The address is known in advance: if it changes, the update waits until the Service has the new one. */
function awaited(address: string): Record<string, string> {
    return { "pulumi.com/waitFor": `jsonpath={.status.loadBalancer.ingress[0].ip}=${address}` };
}
