import * as pulumi from "@pulumi/pulumi";

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
    const { invoke } = pulumi.runtime;
    const stack = qualifiedName();
    // Pulumi up to 3.276 panics when it is asked for the resources of a stack that has none.
    const { outputs: ended } = await invoke("pulumi:pulumi:readStackOutputs", { name: stack }) as { outputs?: object };
    if (Object.keys(ended ?? {}).length === 0) return { uids: new Set(), resources: new Set() };
    const listed = await invoke("pulumi:pulumi:readStackResourceOutputs", { stackName: stack }) as StackResources;
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

/** Backends without organisations know the stack by its plain name. */
function qualifiedName(): string {
    const organization = pulumi.getOrganization();
    const stack = pulumi.getStack();
    return organization === "organization" ? stack : `${organization}/${pulumi.getProject()}/${stack}`;
}
