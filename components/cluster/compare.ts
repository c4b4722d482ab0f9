import type { Capabilities } from "./cluster";

/** The current value of a setting. */
export interface Stands {
    value: unknown;
    /** Why it can't even be increased in place. @example "its class landfall-local can't grow a volume" */
    fixed?: string;
}

/** A volume on a machine's own disk. */
export interface LocalVolume {
    /** Its claim. */
    owner: string;
    directory?: string;
    /** The only node whose pods can use it; undefined if pods of any node can. */
    node?: string;
}

/**
 * The current and the wanted value of `nodes` if pods would lose volumes by that change: those on a node that is being
 * removed, or those in a directory that from now on each node has for itself. Undefined if none would be lost.
 */
export function strandedVolumes(
    volumes: LocalVolume[], { localDirectory, sharedDirectory }: Pick<Capabilities, "localDirectory" | "sharedDirectory">,
    nodes: string[] = [],
): { stands: Stands; wanted: string } | undefined {
    const leaving = volumes.filter(({ node }) => node !== undefined && !nodes.includes(node));
    if (leaving.length > 0) {
        const names = [...new Set(leaving.map(({ node }) => node))].join(", ");
        return { stands: { value: `${names} among them, with the volumes of ${owners(leaving)}` }, wanted: `not ${names}` };
    }
    const empty = volumes.filter(({ node, directory }) => node === undefined && directory !== undefined
        && (sharedDirectory === undefined || !directory.startsWith(`${sharedDirectory}/`)));
    if (localDirectory === undefined || empty.length === 0) return undefined;
    return {
        stands: { value: `one machine, whose disk has the volumes of ${owners(empty)}` },
        wanted: "several, each with a disk of its own",
    };
}

function owners(volumes: LocalVolume[]): string {
    return volumes.map(({ owner }) => owner).join(" and of ");
}

/** Compares the current with the wanted values of settings, by their names in the section. */
type Compare = (standing: Record<string, Stands>, wanted: Record<string, unknown>) => void;

/**
 * Compares current with wanted settings before anything changes, in a preview too. Each function throws if a setting can't be
 * changed in place.
 */
export interface Comparisons {
    /** Settings of the cluster, as read from the cluster itself. */
    cluster?: Compare;
    /** Objects in the cluster. Runs as soon as the kubeconfig is known, before any object is registered. */
    objects?: (kubeconfig: string, capabilities: Capabilities) => Promise<void>;
    /**
     * What messages call a property of a workload's volume, and what to do instead of an impossible change.
     * @default the property and the claim's name
     */
    describeVolume?: (owner: string, property: VolumeProperty, claim: string) => { name: string; way: string };
}

/** A property of a volume that not every change reaches. */
export type VolumeProperty = "size" | "storageClass" | "accessMode";
