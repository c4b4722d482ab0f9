import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "./cluster";
import type { Comparisons } from "./compare";
import { rendering } from "./lookup";

export interface ProviderArgs {
    kubeconfig: pulumi.Output<string>;
    /** What tells this cluster from any other, and from one of the same name made later. */
    identifier: pulumi.Input<string>;
    /** Refuses what can't be changed in place, before any object is registered. */
    comparisons?: Comparisons;
    /** Whether objects that are there already are taken over, instead of refused. @default false */
    upsert?: boolean;
}

/**
 * Makes the provider of a cluster's resources. Only a changed identifier replaces it, and with it all that is in the
 * cluster; renewed credentials don't. The kubeconfig of the person who runs the program plays no part.
 * @param dependsOn what has to stand for as long as anything is in the cluster
 */
export function createProvider(
    name: string, args: ProviderArgs, parent: pulumi.Resource & Pick<Cluster, "capabilities">, dependsOn?: pulumi.Resource,
): kubernetes.Provider {
    return new kubernetes.Provider(name, {
        kubeconfig: compared(args, parent),
        clusterIdentifier: args.identifier,
        enableServerSideApply: true,
        // Updated under their names rather than deleted and made again; a digest in the pods' template rolls them.
        enableConfigMapMutable: true,
        enableSecretMutable: true,
        ...(args.upsert && { upsertExistingObjects: true }),
    }, { parent, dependsOn });
}

/** The kubeconfig once the comparison has passed. An unknown one, of a cluster that is still to come, is nothing to compare. */
function compared({ kubeconfig, comparisons }: ProviderArgs, cluster: Pick<Cluster, "capabilities">): pulumi.Output<string> {
    const compare = comparisons?.objects;
    if (compare === undefined || rendering()) return kubeconfig;
    return kubeconfig.apply(async text => {
        await compare(text, cluster.capabilities);
        return text;
    });
}
