import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type Change, refuseChanges } from "./changes";
import type { Cluster } from "./cluster";
import type { Comparisons } from "./compare";
import { lookingAtNothing } from "./lookup";
import { findForgotten, markObjects, PlannedObject } from "./ownership";

export interface ProviderArgs {
    kubeconfig: pulumi.Output<string>;
    /** What tells this cluster from any other, and from one of the same name made later. */
    identifier: pulumi.Input<string>;
    /** Refuses what can't be changed in place, before any object is registered. */
    comparisons?: Comparisons;
    /**
     * Whether objects that are there already are taken over, whoever made them.
     * @default false: those that someone else made stop the program
     */
    upsert?: boolean;
    /** Tells the stack from others of its name, where the cluster isn't the stack's own. */
    stackId?: pulumi.Output<string>;
}

/** Reads from a cluster what exists of an object that the program wants to change. */
export type ReadChanges = (kubeconfig: string) => Promise<Change[]>;

/** The changes that are compared before any object is registered. */
interface Comparing {
    readers: ReadChanges[];
    /** Whether the comparison has begun. */
    begun: boolean;
}

/** The provider of a cluster's resources, which marks them as the stack's. */
class ClusterProvider extends kubernetes.Provider {
    constructor(
        name: string, args: kubernetes.ProviderArgs, opts: pulumi.CustomResourceOptions,
        readonly marking: pulumi.ResourceTransformation,
        readonly comparing: Comparing,
        readonly describeVolume: Comparisons["describeVolume"],
    ) {
        super(name, args, opts);
    }
}

/**
 * Makes the provider of a cluster's resources, once nothing of someone else's is in their way. Only a changed identifier
 * replaces it, and with it all that is in the cluster; renewed credentials don't. The kubeconfig of the person who runs
 * the program plays no part.
 * @param dependsOn what has to stand for as long as anything is in the cluster
 */
export function createProvider(
    name: string, args: ProviderArgs, parent: pulumi.Resource & Pick<Cluster, "capabilities">, dependsOn?: pulumi.Resource,
): kubernetes.Provider {
    const planned: PlannedObject[] = [];
    const comparing: Comparing = { readers: [], begun: false };
    const { kubeconfig, stackId } = args;
    const takesOver = args.upsert ? pulumi.output(true) : findForgotten({ kubeconfig, planned, stackId }, parent);
    return new ClusterProvider(name, {
        kubeconfig: compared(args, comparing, parent),
        clusterIdentifier: args.identifier,
        enableServerSideApply: true,
        // Updated under their names rather than deleted and made again; a digest in the pods' template rolls them.
        enableConfigMapMutable: true,
        enableSecretMutable: true,
        // Said even where it is false: else the environment decides, and takes over whatever is there.
        upsertExistingObjects: takesOver,
        // An earlier run of the stack has written the fields under another name.
        enablePatchForce: takesOver.apply(takes => takes || undefined),
    }, { parent, dependsOn }, markObjects(planned, stackId), comparing, args.comparisons?.describeVolume);
}

/** What every object of the provider passes through on its way to the cluster. */
export function transformationsOf(provider: kubernetes.Provider): pulumi.ResourceTransformation[] {
    const { marking } = provider as Partial<ClusterProvider>;
    return marking ? [marking] : [];
}

/** What the program calls the properties of its volumes, if it has settings for them. */
export function describeVolumeOf(provider: kubernetes.Provider): Comparisons["describeVolume"] {
    return (provider as Partial<ClusterProvider>).describeVolume;
}

/**
 * Refuses impossible changes before any object of the provider is registered. Returns false if it is too late for that,
 * because the program waited for something after it created the cluster; then the caller must compare by itself.
 */
export function compareFirst(provider: kubernetes.Provider, readChanges: ReadChanges): boolean {
    const { comparing } = provider as Partial<ClusterProvider>;
    if (comparing === undefined || comparing.begun) return false;
    comparing.readers.push(readChanges);
    return true;
}

/** The kubeconfig once the comparison has passed. While a cluster is still to be created, it is unknown and nothing is compared. */
function compared(
    { kubeconfig, comparisons }: ProviderArgs, comparing: Comparing, cluster: Pick<Cluster, "capabilities">,
): pulumi.Output<string> {
    if (lookingAtNothing()) return kubeconfig;
    return kubeconfig.apply(async text => {
        // By then a program that doesn't wait has run through, and all its volumes are known.
        await new Promise(resolve => setImmediate(resolve));
        comparing.begun = true;
        await comparisons?.objects?.(text, cluster.capabilities);
        refuseChanges((await Promise.all(comparing.readers.map(readChanges => readChanges(text)))).flat());
        return text;
    });
}
