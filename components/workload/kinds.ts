import * as pulumi from "@pulumi/pulumi";

/** Tokens of the components that a service may be. Its port, its volumes and whether it ends decide which. */
const kinds = ["landfall:workload:WebService", "landfall:workload:StatefulService", "landfall:workload:Worker", "landfall:workload:Job"] as const;

const database = "landfall:workload:Database";

/**
 * Options for one of these components. A service that gets a port, for example, becomes another component. The aliases keep its
 * objects, which have the same names as before: without them, the old component's deletion would take them along, volumes too.
 */
export function keptAcrossKinds(own: typeof kinds[number], opts: pulumi.ComponentResourceOptions): pulumi.ComponentResourceOptions {
    const others = kinds.filter(kind => kind !== own).map(type => ({ type }));
    return { ...opts, aliases: [...opts.aliases ?? [], ...others] };
}

/**
 * Aliases of a component's Service, under components of other kinds. A network alias may be called as the stack's database was, or the
 * other way around: it stays the same object, because a second one of that name can't be created before the first one is deleted.
 */
export function underOtherKinds(own: typeof kinds[number] | typeof database, component: pulumi.ComponentResource): pulumi.Alias[] {
    const others = [...kinds, database].filter(kind => kind !== own);
    return others.map(kind => ({ parent: component.urn.apply(urn => urn.replace(`${own}::`, `${kind}::`)) }));
}
