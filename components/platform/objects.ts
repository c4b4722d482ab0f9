// Objects that several parts of the platform create.
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Capabilities } from "../cluster/cluster";
import { allowDns, denyAll, networkPolicy } from "../workload/network";
import { KubernetesObject } from "./manifests";

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

/**
 * Creates the CRDs among the objects. If the cluster outlives the stack, so do the CRDs: deleting a CRD deletes every
 * object of its kind, whoever created it.
 */
export function createCrds(objects: KubernetesObject[], options: pulumi.CustomResourceOptions): pulumi.Resource[] {
    return objects.filter(object => object.kind === "CustomResourceDefinition").map(object =>
        new kubernetes.apiextensions.v1.CustomResourceDefinition(
            object.metadata.name,
            withoutStatus(object) as unknown as kubernetes.apiextensions.v1.CustomResourceDefinitionArgs,
            options.deletedWith ? options : { ...options, retainOnDelete: true },
        ));
}

/** Generators leave an empty `status`, which belongs to the server and would always differ. */
function withoutStatus({ status: _, ...object }: KubernetesObject): object {
    return object;
}
