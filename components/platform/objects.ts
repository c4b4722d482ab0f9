// Objects that several parts of the platform create.
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Capabilities } from "../cluster/cluster";
import { allowDns, denyAll, networkPolicy } from "../workload/network";

export { toApiServer } from "../workload/network";
export { createServiceAccount, type ServiceAccountArgs } from "../workload/service-account";

/** Creates a namespace of the platform, with these options of its own. All traffic is denied unless a policy allows it. */
export function createNamespace(
    name: string, labels: Record<string, string>, capabilities: Capabilities, options: pulumi.CustomResourceOptions,
    own: pulumi.CustomResourceOptions = {},
): pulumi.Output<string> {
    const namespace = new kubernetes.core.v1.Namespace(name, { metadata: { name, labels } }, { ...options, ...own }).metadata.name;
    networkPolicy(`${name}-deny-all`, namespace, denyAll, options, "deny-all");
    networkPolicy(`${name}-allow-dns`, namespace, allowDns(capabilities), options, "allow-dns");
    return namespace;
}
