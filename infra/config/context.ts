/** What defaults may depend on, besides the keys of their own object. */
export interface Context {
    /** Name of the stack, for example `dev`. */
    stack: string;
    /** Name of another program's project, which clusters are then called after. @default "landfall" */
    project?: string;
    /** The target, where it is known by the time the other keys are read. */
    target?: string;
    /** What keeps people elsewhere from the gateway, where the cluster's settings show it. */
    obstacle?: string;
}
