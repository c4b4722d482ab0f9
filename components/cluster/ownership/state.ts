import { readStackResources } from "../../stack-outputs";

/** Objects in clusters that the stack's state lists. */
export interface KnownObjects {
    uids: Set<string>;
    /** Resources, as `resourceKey` identifies them. */
    resources: Set<string>;
}

/**
 * Asks the engine for the stack's state, as a program can't read it in any other way. If no run of the stack has ever
 * succeeded, the result is empty, and only annotations show who created an object.
 */
export async function readKnownObjects(): Promise<KnownObjects> {
    const entries = Object.entries(await readStackResources());
    const uids = entries.map(([, { outputs }]) => (outputs?.metadata as { uid?: unknown } | undefined)?.uid)
        .filter(uid => typeof uid === "string");
    return { uids: new Set(uids), resources: new Set(entries.map(([urn]) => keyOf(urn))) };
}

/** Identifies a resource within the program. */
export function resourceKey(type: string, name: string): string {
    return `${type}::${name}`;
}

function keyOf(urn: string): string {
    const [, , types = "", ...name] = urn.split("::");
    return resourceKey(types.split("$").pop() ?? "", name.join("::"));
}
