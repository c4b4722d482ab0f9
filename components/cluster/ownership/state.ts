import * as pulumi from "@pulumi/pulumi";
import { qualifiedStackName, readStackOutputs } from "../../stack-outputs";

/** What the stack's state lists of the objects in clusters. */
export interface KnownObjects {
    uids: Set<string>;
    /** Type and name of the resources, as `resourceKey` puts them. */
    resources: Set<string>;
}

interface StackResources {
    outputs?: Record<string, { outputs?: { metadata?: { uid?: unknown } } }>;
}

/**
 * Asks the engine what the state of this stack lists. A program sees its own stack's state in no other way. Of a stack
 * that has never come to its end nothing is known: then only the objects' annotations tell whose they are.
 */
export async function readKnownObjects(): Promise<KnownObjects> {
    // Pulumi up to 3.276 panics when it is asked for the resources of a stack that has none.
    const ended = await readStackOutputs();
    if (Object.keys(ended).length === 0) return { uids: new Set(), resources: new Set() };
    const asked = { stackName: qualifiedStackName() };
    const listed = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", asked) as StackResources;
    const entries = Object.entries(listed.outputs ?? {});
    const uids = entries.map(([, { outputs }]) => outputs?.metadata?.uid).filter(uid => typeof uid === "string");
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
