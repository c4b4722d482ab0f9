import * as pulumi from "@pulumi/pulumi";
import { qualifiedStackName, readStackOutputs } from "../../stack-outputs";

/** Objects in clusters that the stack's state lists. */
export interface KnownObjects {
    uids: Set<string>;
    /** Resources, as `resourceKey` identifies them. */
    resources: Set<string>;
}

interface StackResources {
    outputs?: Record<string, { outputs?: { metadata?: { uid?: unknown } } }>;
}

/**
 * Asks the engine for the stack's state, as a program can't read it in any other way. If no run of the stack has ever
 * succeeded, the result is empty, and only annotations show who created an object.
 */
export async function readKnownObjects(): Promise<KnownObjects> {
    // Pulumi up to 3.276 panics if it is asked for the resources of a stack without any.
    const ended = await readStackOutputs();
    if (Object.keys(ended).length === 0) return { uids: new Set(), resources: new Set() };
    const asked = { stackName: qualifiedStackName() };
    const listed = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", asked) as StackResources;
    const entries = Object.entries(listed.outputs ?? {});
    const uids = entries.map(([, { outputs }]) => outputs?.metadata?.uid).filter(uid => typeof uid === "string");
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
