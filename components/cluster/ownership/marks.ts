import * as pulumi from "@pulumi/pulumi";

/** Annotation of every object: the stack that created it. @example "landfall/production" */
export const madeBy = "landfall.dev/stack";
/** Annotation: the ID of that stack, if others with the same name may use the same cluster. */
export const madeByStackId = "landfall.dev/stack-id";
/** Annotation of objects that a destroy keeps: the stack that may adopt them later. */
export const keptFor = "landfall.dev/kept-for";

/** An object that the program is about to register. */
export interface PlannedObject {
    /** Type and name of the resource. */
    type: string;
    resource: string;
    apiVersion: string;
    kind: string;
    name: string;
    /** Undefined for objects without a namespace, or if it isn't known yet. */
    namespace?: string;
}

/** The stack's name in annotations. */
export function stackName(): string {
    return `${pulumi.getProject()}/${pulumi.getStack()}`;
}

/**
 * Annotates every object of a provider with the stack that created it, and adds it to `planned`. Templates of pods aren't
 * annotated, so no pod is restarted.
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
