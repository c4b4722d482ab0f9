import * as pulumi from "@pulumi/pulumi";

/**
 * The outputs of the stack's last completed run; none if there was no such run. Only the engine knows them: a program can't read
 * its own stack's state.
 */
export async function readStackOutputs(): Promise<Record<string, unknown>> {
    const asked = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: qualifiedStackName() });
    return ((await asked) as { outputs?: Record<string, unknown> }).outputs ?? {};
}

/** Each resource in the stack's state, by URN. None if no run has completed and left outputs. */
export async function readStackResources(): Promise<Record<string, { outputs?: Record<string, unknown> }>> {
    // Pulumi up to 3.276 panics when it is asked for the resources of a stack that has none.
    if (Object.keys(await readStackOutputs()).length === 0) return {};
    const asked = pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName: qualifiedStackName() });
    return ((await asked) as { outputs?: Record<string, { outputs?: Record<string, unknown> }> }).outputs ?? {};
}

/** Backends without organisations know the stack by its plain name. */
function qualifiedStackName(): string {
    const organization = pulumi.getOrganization();
    const stack = pulumi.getStack();
    return organization === "organization" ? stack : `${organization}/${pulumi.getProject()}/${stack}`;
}
