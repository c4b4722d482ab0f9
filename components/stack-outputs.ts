import * as pulumi from "@pulumi/pulumi";

/**
 * The outputs of the stack's last run that came to its end; none where there was no such run. Asked of the engine, as a
 * program sees its own stack's state in no other way.
 */
export async function readStackOutputs(): Promise<Record<string, unknown>> {
    const asked = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: qualifiedStackName() });
    return ((await asked) as { outputs?: Record<string, unknown> }).outputs ?? {};
}

/** Backends without organisations know the stack by its plain name. */
export function qualifiedStackName(): string {
    const organization = pulumi.getOrganization();
    const stack = pulumi.getStack();
    return organization === "organization" ? stack : `${organization}/${pulumi.getProject()}/${stack}`;
}
