import * as pulumi from "@pulumi/pulumi";
import { Cluster, Present } from "./cluster";
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
            ...(cluster.capabilities.present ? [followDefinitions(cluster.capabilities.present)] : []),
        ],
        // Names are fixed, so a replacement can't be created while the old object exists.
        deleteBeforeReplace: true,
        ...more,
    };
}

/**
 * Whoever deletes a CRD deletes all objects of its kind. If those were others' CRDs, Pulumi creates the objects again with the
 * next ones, whose ever these are.
 */
function followDefinitions({ gatewayApi, certManager }: Present): pulumi.ResourceTransformation {
    return ({ props, opts }) => {
        const [group] = String((props as { apiVersion?: unknown }).apiVersion).split("/");
        const isOf = (domain: string): boolean => group === domain || group.endsWith(`.${domain}`);
        const owner = isOf("gateway.networking.k8s.io") ? { software: gatewayApi } : isOf("cert-manager.io") ? { software: certManager } : undefined;
        return owner && { props, opts: { ...opts, replacementTrigger: owner.software?.id ?? "own" } };
    };
}
