import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Capabilities } from "../../cluster/cluster";
import { selectorLabels } from "../../workload/labels";
import { networkPolicy } from "../../workload/network";
import { KubernetesObject } from "../manifests";
import { createCrds } from "../crds";
import { createNamespace, toApiServer } from "../objects";
import { createController } from "./controller";
import { controllerName, group, namespaceName } from "./names";
import { createSpeakers } from "./speaker";

export interface MetalLbArgs {
    /** Addresses that it assigns: ranges and networks. @example `["192.0.2.100-192.0.2.110", "192.0.2.128/28"]` */
    addresses: string[];
    /** All of its CRDs, because its programs watch each kind. */
    definitions: KubernetesObject[];
    /** Class of the Services that it serves. @default those without a class @example "metallb.io/own" */
    loadBalancerClass?: string;
    capabilities: Capabilities;
}

/**
 * Installs MetalLB, which assigns addresses from a pool to Services of type LoadBalancer. One of the nodes answers for each
 * address by ARP. The nodes only have to be on the same network segment. Facts: metallb v0.16.1, config.
 */
export function createMetalLb(
    { addresses, definitions, loadBalancerClass, capabilities }: MetalLbArgs,
    options: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): void {
    const crds = createCrds(definitions, options);
    // The speakers use the host network and open raw sockets, which only this level admits.
    const namespace = createNamespace(
        namespaceName, { "pod-security.kubernetes.io/enforce": "privileged" }, capabilities, options);
    // Network policies don't apply to pods on the host network, such as the speakers.
    const policy = networkPolicy(`${controllerName}-to-api-server`, namespace, {
        podSelector: { matchLabels: selectorLabels(controllerName) },
        policyTypes: ["Egress"],
        egress: [toApiServer(capabilities)],
    }, options);
    const after = { ...options, dependsOn: [...crds, policy] };
    createPool(addresses, namespace, after);
    const classArgs = loadBalancerClass === undefined ? [] : [`--lb-class=${loadBalancerClass}`];
    createController(namespace, classArgs, after);
    createSpeakers(namespace, classArgs, after);
}

function createPool(
    addresses: string[], namespace: pulumi.Output<string>, options: pulumi.CustomResourceOptions,
): void {
    const { CustomResource } = kubernetes.apiextensions;
    const apiVersion = `${group}/v1beta1`;
    const pool = new CustomResource("metallb-pool", {
        apiVersion,
        kind: "IPAddressPool",
        metadata: { name: "default", namespace },
        // Some devices treat an address that ends with 0 or 255 as a network or broadcast address.
        spec: { addresses, avoidBuggyIPs: true },
    }, options);
    new CustomResource("metallb-advertisement", {
        apiVersion,
        kind: "L2Advertisement",
        metadata: { name: "default", namespace },
        spec: { ipAddressPools: [pool.metadata.name] },
    }, options);
}
