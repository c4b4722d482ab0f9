import type { Capabilities } from "./cluster";

/** A value that stands. */
export interface Stands {
    value: unknown;
    /** Why even more of it can't be had in place. @example "its class landfall-local can't grow a volume" */
    fixed?: string;
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
