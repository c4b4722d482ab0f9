import * as pulumi from "@pulumi/pulumi";

type Variables = Record<string, pulumi.Input<string>>;

/** What stands for something else in an environment variable, and `$${`, which is the text `${`. */
export const placeholder = /\$\$\{|\$\{([^}]*)\}/g;

/** The same text, in which nothing is a placeholder. */
export function asText(value: string): string {
    return value.replace(/\$\{/g, "$$${");
}

/** Values by placeholder, such as `database.host`. */
export interface Known {
    plain: Variables;
    secret: Variables;
}

/** The environment with what its placeholders stand for. A variable in which one is secret is secret as a whole. */
export function resolveEnvironment(environment: Record<string, string>, { plain, secret }: Known): { env: Variables; secretEnv: Variables } {
    const env: Variables = {};
    const secretEnv: Variables = {};
    for (const [name, value] of Object.entries(environment)) {
        const names = [...value.matchAll(placeholder)].filter(([found]) => !found.startsWith("$$")).map(([, inner]) => inner);
        const isSecret = names.some(inner => Object.hasOwn(secret, inner));
        const values = pulumi.output(Object.fromEntries(names.map(inner => [inner, secret[inner] ?? plain[inner]])));
        const resolved = names.length === 0 ? replaced(value, {}) : values.apply(known => replaced(value, known));
        (isSecret ? secretEnv : env)[name] = resolved;
    }
    return { env, secretEnv };
}

function replaced(value: string, known: Record<string, string>): string {
    return value.replace(placeholder, (found, inner: string) => found.startsWith("$$") ? found.slice(1) : known[inner]);
}
