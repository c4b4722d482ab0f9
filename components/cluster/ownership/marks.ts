import * as pulumi from "@pulumi/pulumi";

/** Annotation of every object: the stack that made it. @example "landfall/production" */
export const madeBy = "landfall.dev/stack";
/** Annotation: the ID of that stack, where others of the same name may use the same cluster. */
export const madeByStackId = "landfall.dev/stack-id";
/** Annotation of what a destroy leaves in the cluster: the stack that takes it up again. */
export const keptFor = "landfall.dev/kept-for";

/** An object that the program makes, before it is registered. */
export interface PlannedObject {
    /** Type and name of the resource. */
    type: string;
    resource: string;
    apiVersion: string;
    kind: string;
    name: string;
    /** Undefined for one of the whole cluster, and where the namespace isn't known yet. */
    namespace?: string;
}

/** The stack as the annotations name it. */
export function stackName(): string {
    return `${pulumi.getProject()}/${pulumi.getStack()}`;
}

/**
 * Writes on every object of a provider which stack has made it, and notes in `planned` what there will be. Annotations
 * of the object itself, never of a pod's template: no pod is restarted for them.
 */
export function markObjects(
    planned: PlannedObject[], stackId: pulumi.Output<string> | undefined,
): pulumi.ResourceTransformation {
    return ({ type, name, props, opts }) => {
        const { apiVersion, kind, metadata = {} } = props as Record<string, unknown>;
        if (typeof apiVersion !== "string" || typeof kind !== "string") return undefined;
        const given = metadata as { name?: unknown; namespace?: unknown; annotations?: object };
        if (typeof given.name === "string") {
            const namespace = typeof given.namespace === "string" ? { namespace: given.namespace } : {};
            planned.push({ type, resource: name, apiVersion, kind, name: given.name, ...namespace });
        }
        const { retainOnDelete } = opts as pulumi.CustomResourceOptions;
        const annotations = {
            ...given.annotations,
            [madeBy]: stackName(),
            ...(stackId && { [madeByStackId]: stackId }),
            ...(retainOnDelete && { [keptFor]: stackName() }),
        };
        return { props: { ...props, metadata: { ...given, annotations } }, opts };
    };
}
