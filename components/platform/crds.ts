import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { KubernetesObject } from "./manifests";

/**
 * Creates the custom resource definitions among the objects. In a cluster that outlives the stack they stay: with a
 * definition goes every object of its kind, whoever made it.
 */
export function createCrds(objects: KubernetesObject[], options: pulumi.CustomResourceOptions): pulumi.Resource[] {
    return objects.filter(object => object.kind === "CustomResourceDefinition").map(object =>
        new kubernetes.apiextensions.v1.CustomResourceDefinition(
            object.metadata.name,
            withoutStatus(object) as unknown as kubernetes.apiextensions.v1.CustomResourceDefinitionArgs,
            options.deletedWith ? options : { ...options, retainOnDelete: true },
        ));
}

/** Generators leave an empty `status` in, which belongs to the server and would differ for ever. */
function withoutStatus({ status: _, ...object }: KubernetesObject): object {
    return object;
}
