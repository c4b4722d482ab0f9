import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type Change, refuseChanges } from "./changes";
import type { Cluster } from "./cluster";
import type { Comparisons } from "./compare";
import { lookingAtNothing } from "./lookup";
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

/** Reads from a cluster what exists of an object that the program wants to change. */
type ReadChanges = (kubeconfig: string) => Promise<Change[]>;

/** The changes that are compared before any object is registered. */
interface Comparing {
    readers: ReadChanges[];
    /** Whether the comparison has begun. */
    begun: boolean;
}

/** A Kubernetes provider that annotates its objects with the stack's name. */
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
 * Creates the provider of a cluster's resources, after checking that no object of someone else has one of their names. A
 * changed identifier replaces the provider and everything in the cluster; renewed credentials don't. The user's own
 * kubeconfig isn't used.
 * @param dependsOn what must exist as long as the cluster holds any object
 */
export function createProvider(
    name: string, args: ProviderArgs, parent: pulumi.Resource & Pick<Cluster, "capabilities">, dependsOn?: pulumi.Resource,
): kubernetes.Provider {
    const planned: PlannedObject[] = [];
    const comparing: Comparing = { readers: [], begun: false };
    const { kubeconfig, stackId } = args;
    const adopts = args.upsert ? pulumi.output(true) : findForgotten({ kubeconfig, planned, stackId }, parent);
    return new ClusterProvider(name, {
        kubeconfig: compared(args, comparing, parent),
        clusterIdentifier: args.identifier,
        enableServerSideApply: true,
        // Updates them in place instead of replacing them. A digest in the pods' template restarts the pods.
        enableConfigMapMutable: true,
        enableSecretMutable: true,
        // Always set: otherwise a variable of the environment decides, and any existing object may be adopted.
        upsertExistingObjects: adopts,
        // An earlier run of the stack wrote the fields as another field manager.
        enablePatchForce: adopts.apply(adopts => adopts || undefined),
    }, { parent, dependsOn }, markObjects(planned, stackId), comparing, args.comparisons?.describeVolume);
}

/** Transformations that every object of the provider needs. */
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
