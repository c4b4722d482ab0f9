import * as pulumi from "@pulumi/pulumi";

/**
 * The outputs of the stack's last successful run; empty if there was none. The engine is asked for them, because a program
 * can't read its own stack's state in any other way.
 */
export async function readStackOutputs(): Promise<Record<string, unknown>> {
    const asked = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: qualifiedStackName() });
    return ((await asked) as { outputs?: Record<string, unknown> }).outputs ?? {};
}

/** Each resource in the stack's state, by URN. Empty if no run has succeeded and left outputs. */
export async function readStackResources(): Promise<Record<string, { outputs?: Record<string, unknown> }>> {
    // Pulumi up to 3.276 panics when it is asked for the resources of a stack that has none.
    if (Object.keys(await readStackOutputs()).length === 0) return {};
    const asked = pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName: qualifiedStackName() });
    return ((await asked) as { outputs?: Record<string, { outputs?: Record<string, unknown> }> }).outputs ?? {};
}

/** The stack's name in its backend. Without organisations, that is just its name. */
function qualifiedStackName(): string {
    const organization = pulumi.getOrganization();
    const stack = pulumi.getStack();
    return organization === "organization" ? stack : `${organization}/${pulumi.getProject()}/${stack}`;
}
