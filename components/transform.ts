import * as pulumi from "@pulumi/pulumi";

/** Which resource is about to be registered. */
export interface Transformed {
    /** @example "kubernetes:apps/v1:Deployment" */
    type: string;
    /** As Pulumi shows it. @example "envoy" */
    name: string;
}

/**
 * Last word on the arguments of each of a component's resources, for what isn't modelled: returns those that the resource
 * is registered with. It sees them complete, so what it changes is nobody else's to check, and a version of the library
 * may register others.
 *
 * @example
 * (args, { type, name }) => type === "kubernetes:apps/v1:Deployment" && name === "envoy"
 *     ? { ...args, spec: { ...args.spec, revisionHistoryLimit: 1 } } : args
 */
export type Transform = (args: pulumi.Inputs, resource: Transformed) => pulumi.Inputs;

/** Options of a component whose resources, and those of its components, pass through the function last. */
export function transformedBy(
    transform: Transform | undefined, opts: pulumi.ComponentResourceOptions = {},
): pulumi.ComponentResourceOptions {
    if (transform === undefined) return opts;
    const transformation: pulumi.ResourceTransformation = ({ resource, type, name, props, opts }) =>
        resource instanceof pulumi.ComponentResource ? undefined : { props: transform(props as pulumi.Inputs, { type, name }), opts };
    return { ...opts, transformations: [...opts.transformations ?? [], transformation] };
}
