import * as pulumi from "@pulumi/pulumi";

/** The resource that is about to be registered. */
export interface Transformed {
    /** @example "kubernetes:apps/v1:Deployment" */
    type: string;
    /** Its name, as Pulumi shows it. @example "envoy" */
    name: string;
}

/**
 * Changes the arguments of each of a component's resources last, for anything that its own arguments don't cover. It gets the
 * complete arguments and returns those that the resource is registered with. Nothing checks the result, and another version
 * of the library may register other resources.
 *
 * @example
 * (args, { type, name }) => type === "kubernetes:apps/v1:Deployment" && name === "envoy"
 *     ? { ...args, spec: { ...args.spec, revisionHistoryLimit: 1 } } : args
 */
export type Transform = (args: pulumi.Inputs, resource: Transformed) => pulumi.Inputs;

/** Options for a component that apply the function last to its resources and those of its child components. */
export function transformedBy(
    transform: Transform | undefined, opts: pulumi.ComponentResourceOptions = {},
): pulumi.ComponentResourceOptions {
    if (transform === undefined) return opts;
    const transformation: pulumi.ResourceTransformation = ({ resource, type, name, props, opts }) =>
        resource instanceof pulumi.ComponentResource ? undefined : { props: transform(props as pulumi.Inputs, { type, name }), opts };
    return { ...opts, transformations: [...opts.transformations ?? [], transformation] };
}
