import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { KubernetesObject } from "./manifests";

/**
 * Creates the CRDs among the objects. If the cluster outlives the stack, so do the CRDs: deleting a CRD deletes every
 * object of its kind, whoever created it.
 */
export function createCrds(objects: KubernetesObject[], options: pulumi.CustomResourceOptions): pulumi.Resource[] {
    return objects.filter(object => object.kind === "CustomResourceDefinition").map(object =>
        new kubernetes.apiextensions.v1.CustomResourceDefinition(
            object.metadata.name,
            crdOf(object) as unknown as kubernetes.apiextensions.v1.CustomResourceDefinitionArgs,
            options.deletedWith ? options : { ...options, retainOnDelete: true },
        ));
}

/**
 * A CRD as it is registered. Generators leave an empty `status`, which belongs to the server and would always differ.
 *
 * Descriptions in the schemas are left out. With them, CRDs are more than half of the state, which has each one three times, and which
 * Pulumi writes before and after each change of a resource, perhaps to a bucket. `kubectl explain` still shows fields and types.
 */
function crdOf({ status: _, ...object }: KubernetesObject): object {
    const { versions, ...spec } = object.spec as { versions: { schema?: { openAPIV3Schema: Schema } }[] };
    return {
        ...object,
        spec: {
            ...spec,
            versions: versions.map(({ schema, ...version }) =>
                ({ ...version, ...(schema && { schema: { openAPIV3Schema: withoutDescriptions(schema.openAPIV3Schema) } }) })),
        },
    };
}

type Schema = Record<string, unknown>;

/** Keywords that a CRD's schema may have, by what they hold: other schemas by name, in a list, or one. All else is data. */
const below: Record<string, "map" | "list" | "one"> = {
    properties: "map", allOf: "list", anyOf: "list", oneOf: "list", items: "one", additionalProperties: "one", not: "one",
};

/** A schema and all in it without `description`; a property of that name stays, and so does one in a default. */
function withoutDescriptions(schema: Schema): Schema {
    const strip = (value: unknown): unknown => (typeof value === "object" && value !== null ? withoutDescriptions(value as Schema) : value);
    const mapped = Object.entries(schema).filter(([keyword]) => keyword !== "description").map(([keyword, value]) => {
        if (below[keyword] === "one") return [keyword, strip(value)];
        if (below[keyword] === "list") return [keyword, (value as unknown[]).map(strip)];
        if (below[keyword] === "map") return [keyword, Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, strip(one)]))];
        return [keyword, value];
    });
    return Object.fromEntries(mapped);
}
