import * as pulumi from "@pulumi/pulumi";

/** The tokens of components that one service may be: which one follows from its port and its volumes. */
const kinds = ["landfall:workload:WebService", "landfall:workload:StatefulService", "landfall:workload:Worker"] as const;

/**
 * Options for one of these components. A service that gets a port, for example, becomes another component, and keeps its
 * objects: as they keep their names, they would otherwise be deleted with the old component, its volumes too.
 */
export function keptAcrossKinds(own: typeof kinds[number], opts: pulumi.ComponentResourceOptions): pulumi.ComponentResourceOptions {
    const others = kinds.filter(kind => kind !== own).map(type => ({ type }));
    return { ...opts, aliases: [...opts.aliases ?? [], ...others] };
}
