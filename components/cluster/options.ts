import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "./cluster";
import { transformationsOf } from "./provider";
import { byTag } from "./stand-ins";

/**
 * Options of every resource inside a cluster: its provider, whose it is, and that it goes with the cluster where
 * deleting the cluster leaves nothing behind, so that a destroy never waits for a cluster that can't be reached.
 */
export function inCluster(
    cluster: Cluster,
    parent: pulumi.Resource,
    more: pulumi.CustomResourceOptions = {},
): pulumi.CustomResourceOptions & { parent: pulumi.Resource } {
    return {
        parent,
        provider: cluster.provider,
        deletedWith: cluster.deletedWith,
        transformations: [
            ...transformationsOf(cluster.provider), ...(cluster.capabilities.imagesByTag ? [byTag] : []),
        ],
        // Every object has a name of its own choice, so a new one can't be made beside the old.
        deleteBeforeReplace: true,
        ...more,
    };
}
