import type { Capabilities } from "./cluster";

/** A value that stands. */
export interface Stands {
    value: unknown;
    /** Why even more of it can't be had in place. @example "its class landfall-local can't grow a volume" */
    fixed?: string;
}

/**
 * What `nodes` are and are to be, where volumes that pods on any node may have are in a directory that each node has for
 * itself; undefined where there are none.
 */
export function strandedVolumes(
    volumes: { owner: string; directory?: string }[],
    { localDirectory, sharedDirectory }: Pick<Capabilities, "localDirectory" | "sharedDirectory">,
): { stands: Stands; wanted: string } | undefined {
    if (localDirectory === undefined) return undefined;
    const stranded = volumes.filter(({ directory }) =>
        directory !== undefined && (sharedDirectory === undefined || !directory.startsWith(`${sharedDirectory}/`)));
    if (stranded.length === 0) return undefined;
    const owners = stranded.map(({ owner }) => owner).join(" and of ");
    return { stands: { value: `one machine, whose disk has the volumes of ${owners}` }, wanted: "several, each with a disk of its own" };
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
}
