import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { KubernetesObject } from "./manifests";

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
