import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

export interface ProviderArgs {
    kubeconfig: pulumi.Output<string>;
    /** What tells this cluster from any other, and from one of the same name made later. */
    identifier: pulumi.Input<string>;
    /** Whether objects that are there already are taken over, instead of refused. @default false */
    upsert?: boolean;
}

/**
 * Makes the provider of a cluster's resources. Only a changed identifier replaces it, and with it all that is in the
 * cluster; renewed credentials don't. The kubeconfig of the person who runs the program plays no part.
 * @param dependsOn what has to stand for as long as anything is in the cluster
 */
export function createProvider(
    name: string, args: ProviderArgs, parent: pulumi.Resource, dependsOn?: pulumi.Resource,
): kubernetes.Provider {
    return new kubernetes.Provider(name, {
        kubeconfig: args.kubeconfig,
        clusterIdentifier: args.identifier,
        enableServerSideApply: true,
        // Updated under their names rather than deleted and made again; a digest in the pods' template rolls them.
        enableConfigMapMutable: true,
        enableSecretMutable: true,
        ...(args.upsert && { upsertExistingObjects: true }),
    }, { parent, dependsOn });
}
