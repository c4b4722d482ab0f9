import type { Capabilities } from "./cluster";

/** A value that stands. */
export interface Stands {
    value: unknown;
    /** Why even more of it can't be had in place. @example "its class landfall-local can't grow a volume" */
    fixed?: string;
}

/** A volume that a machine has on its own disk, and the claim that it is of. */
export interface LocalVolume {
    owner: string;
    directory?: string;
    /** The only node whose pods find it; without one, any node's do. */
    node?: string;
}

/**
 * What `nodes` are and are to be, where pods would lose volumes by that: those in a directory that each node has for
 * itself, and those of a node that is being taken out; undefined where there are none.
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

/** What stands of some settings and what is wanted of them, by their names below the section. */
export type Compare = (standing: Record<string, Stands>, wanted: Record<string, unknown>) => void;

/**
 * Compares what stands with what is wanted before anything is changed, in a preview too. Each throws where a setting
 * can't be changed in place.
 */
export interface Comparisons {
    /** The cluster's own settings, as the cluster tells them itself. */
    cluster?: Compare;
    /** The objects in the cluster; runs before any of them is registered, as soon as the kubeconfig is known. */
    objects?: (kubeconfig: string, capabilities: Capabilities) => Promise<void>;
    /**
     * What messages call a property of a workload's volume, and what to do instead of an impossible change.
     * @default the property and the claim's name
     */
    describeVolume?: (owner: string, property: VolumeProperty) => { name: string; way: string };
}

/** A property of a volume that not every change reaches. */
export type VolumeProperty = "size" | "storageClass" | "accessMode";
