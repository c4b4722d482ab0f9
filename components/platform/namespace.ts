import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Capabilities } from "../cluster/cluster";
import { allowDns, denyAll, networkPolicy } from "../workload/network";

/** Creates a namespace of the platform. All traffic is denied unless a policy allows it. */
export function createNamespace(
    name: string, labels: Record<string, string>, capabilities: Capabilities, options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    const namespace = new kubernetes.core.v1.Namespace(name, { metadata: { name, labels } }, options).metadata.name;
    networkPolicy(`${name}-deny-all`, namespace, denyAll, options, "deny-all");
    networkPolicy(`${name}-allow-dns`, namespace, allowDns(capabilities), options, "allow-dns");
    return namespace;
}

/** Egress to the API server. Its address differs between clusters, and it isn't a pod that a policy could select. */
export function toApiServer({ apiServerPorts }: Capabilities): { ports: { port: number; protocol: string }[] } {
    return { ports: [443, ...apiServerPorts].map(port => ({ port, protocol: "TCP" })) };
}
