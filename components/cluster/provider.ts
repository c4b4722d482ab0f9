import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "./cluster";
import type { Comparisons } from "./compare";
import { rendering } from "./lookup";
import { findForgotten, markObjects, PlannedObject } from "./ownership";

export interface ProviderArgs {
    kubeconfig: pulumi.Output<string>;
    /** Distinguishes this cluster from all others, also from a later one with the same name. */
    identifier: pulumi.Input<string>;
    /** Refuses changes that can't be made in place, before any object is registered. */
    comparisons?: Comparisons;
    /**
     * Whether existing objects are adopted, whoever created them.
     * @default false: someone else's objects stop the program
     */
    upsert?: boolean;
    /** Distinguishes the stack from others with the same name, if the cluster isn't the stack's own. */
    stackId?: pulumi.Output<string>;
}

/** A Kubernetes provider that annotates its objects with the stack's name. */
class ClusterProvider extends kubernetes.Provider {
    constructor(
        name: string, args: kubernetes.ProviderArgs, opts: pulumi.CustomResourceOptions,
        readonly marking: pulumi.ResourceTransformation,
    ) {
        super(name, args, opts);
    }
}

/**
 * Creates the provider of a cluster's resources, after checking that no object of someone else has one of their names. A
 * changed identifier replaces the provider and everything in the cluster; renewed credentials don't. The user's own
 * kubeconfig isn't used.
 * @param dependsOn what must exist as long as the cluster holds any object
 */
export function createProvider(
    name: string, args: ProviderArgs, parent: pulumi.Resource & Pick<Cluster, "capabilities">, dependsOn?: pulumi.Resource,
): kubernetes.Provider {
    const planned: PlannedObject[] = [];
    const { kubeconfig, stackId } = args;
    const adopts = args.upsert ? pulumi.output(true) : findForgotten({ kubeconfig, planned, stackId }, parent);
    return new ClusterProvider(name, {
        kubeconfig: compared(args, parent),
        clusterIdentifier: args.identifier,
        enableServerSideApply: true,
        // Updates them in place instead of replacing them. A digest in the pods' template restarts the pods.
        enableConfigMapMutable: true,
        enableSecretMutable: true,
        // Always set: otherwise a variable of the environment decides, and any existing object may be adopted.
        upsertExistingObjects: adopts,
        // An earlier run of the stack wrote the fields as another field manager.
        enablePatchForce: adopts.apply(adopts => adopts || undefined),
    }, { parent, dependsOn }, markObjects(planned, stackId));
}

/** Transformations that every object of the provider needs. */
export function transformationsOf(provider: kubernetes.Provider): pulumi.ResourceTransformation[] {
    const { marking } = provider as Partial<ClusterProvider>;
    return marking ? [marking] : [];
}

/** The kubeconfig, after the comparison has passed. A cluster that doesn't exist yet is not compared. */
function compared({ kubeconfig, comparisons }: ProviderArgs, cluster: Pick<Cluster, "capabilities">): pulumi.Output<string> {
    const compare = comparisons?.objects;
    if (compare === undefined || rendering()) return kubeconfig;
    return kubeconfig.apply(async text => {
        await compare(text, cluster.capabilities);
        return text;
    });
}
