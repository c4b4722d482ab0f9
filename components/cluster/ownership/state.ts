import { readStackResources } from "../../stack-outputs";

/** What the stack's state lists of the objects in clusters. */
export interface KnownObjects {
    uids: Set<string>;
    /** Type and name of the resources, as `resourceKey` puts them. */
    resources: Set<string>;
}

/**
 * Asks the engine what the state of this stack lists. If no run of the stack has completed, nothing is known: then only the
 * objects' annotations say whose they are.
 */
export async function readKnownObjects(): Promise<KnownObjects> {
    const entries = Object.entries(await readStackResources());
    const uids = entries.map(([, { outputs }]) => (outputs?.metadata as { uid?: unknown } | undefined)?.uid)
        .filter(uid => typeof uid === "string");
    return { uids: new Set(uids), resources: new Set(entries.map(([urn]) => keyOf(urn))) };
}

/** What tells one resource of the program from the others. */
export function resourceKey(type: string, name: string): string {
    return `${type}::${name}`;
}

function keyOf(urn: string): string {
    const [, , types = "", ...name] = urn.split("::");
    return resourceKey(types.split("$").pop() ?? "", name.join("::"));
}
