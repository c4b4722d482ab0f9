import * as pulumi from "@pulumi/pulumi";

/** Values that the scripts find in their environment, by name, and that are secret wherever they are kept. */
export type Secrets = Record<string, string | undefined>;

/** The part of a command's environment that is secret: what is given of it. */
export function secretEnvironment(secrets: Secrets): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(Object.entries(secrets).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, pulumi.secret(value)]]));
}

/** The same for a script that the program itself runs, before there is a resource. */
export function plainEnvironment(secrets: Secrets): Record<string, string> {
    return Object.fromEntries(Object.entries(secrets).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value]]));
}
