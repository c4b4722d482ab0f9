import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "./cluster";
import { transformationsOf } from "./provider";
import { byTag } from "./stand-ins";

/**
 * Options of every resource inside a cluster. If deleting the cluster deletes its resources too, Pulumi doesn't delete them
 * one by one, so a destroy doesn't wait for a cluster that can't be reached.
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
        // Names are fixed, so a replacement can't be created while the old object exists.
        deleteBeforeReplace: true,
        ...more,
    };
}
