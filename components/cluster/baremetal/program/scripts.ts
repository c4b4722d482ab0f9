import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { ScriptFacts, SshFacts } from "./facts";

/** Secrets that scripts find in their environment, by variable. */
export type Secrets = Record<string, string | undefined>;

/** How scripts reach the machines. */
interface Access {
    ssh: SshFacts;
    secrets: Secrets;
}

/** The script of operator/ with this name. */
export function script(name: keyof ScriptFacts): string {
    return `components/cluster/baremetal/operator/${name}.ts`;
}

/** The environment of a script's resource. `more` are variables of its own; secrets stay secret in the state. */
export function environment<Name extends keyof ScriptFacts>(
    facts: ScriptFacts[Name], { ssh, secrets }: Access, more: Record<string, string> = {},
): Record<string, pulumi.Input<string>> {
    const hidden = Object.entries(given(secrets)).map(([variable, value]) => [variable, pulumi.secret(value)]);
    return { ...variables(facts, ssh), ...more, ...Object.fromEntries(hidden) as Record<string, pulumi.Output<string>> };
}

/** The same for a script that the program itself runs, before there are resources. */
export function plainEnvironment<Name extends keyof ScriptFacts>(
    facts: ScriptFacts[Name], { ssh, secrets }: Access,
): Record<string, string> {
    return { ...variables(facts, ssh), ...given(secrets) };
}

function variables(facts: object, ssh: SshFacts): Record<string, string> {
    return Object.fromEntries(Object.entries({ ...facts, ssh })
        .map(([name, value]) => [name.toUpperCase(), JSON.stringify(value)]));
}

function given(secrets: Secrets): Record<string, string> {
    return Object.fromEntries(Object.entries(secrets)
        .flatMap(([variable, value]) => value === undefined ? [] : [[variable, value]]));
}

/** Changes when a newer Landfall sends machines other tasks, so that the next `pulumi up` runs them. */
export function digest(tasks: object): string {
    return createHash("sha256").update(JSON.stringify(tasks)).digest("hex").slice(0, 16);
}
