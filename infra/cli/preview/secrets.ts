import type { Plan } from "./plan";

/** Names of environment variables whose values are secrets. */
const secretVariable = /(PASS(WORD|PHRASE)?|SECRET|TOKEN|(ACCESS|API|PRIVATE)_?KEY|CREDENTIALS?)(_|$)/i;
/** Shorter values are words that occur anywhere. */
const shortest = 6;

/** The secrets of this process's environment. A path to a file isn't one. */
export function environmentSecrets(environment: NodeJS.ProcessEnv = process.env): string[] {
    return Object.entries(environment).flatMap(([name, value]) =>
        (value !== undefined && secretVariable.test(name) && !/_FILE$/.test(name) ? [value] : []));
}

/**
 * The plan without these secrets, as a whole, in base64, escaped in JSON, or as a part that stands by itself, such as a key
 * in a kubeconfig. Pulumi conceals what it knows to be secret; this is for texts such as a provider's error.
 */
export function withoutSecrets(plan: Plan, secrets: readonly string[]): Plan {
    const known = secrets.flatMap(formsOf).filter(({ length }) => length >= shortest);
    const longest = [...new Set(known)].sort((a, b) => b.length - a.length);
    const clean = (text: string): string => longest.reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text);
    return mapTexts(plan, clean) as Plan;
}

function formsOf(secret: string): string[] {
    const whole = [secret, secret.trim(), Buffer.from(secret).toString("base64"), JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
    const parts = secret.split(/[\s"',:{}]+/).filter(({ length }) => length >= 20);
    return [...whole, ...parts];
}

function mapTexts(value: unknown, change: (text: string) => string, key = ""): unknown {
    if (typeof value === "string") return ["operation", "stack", "type"].includes(key) ? value : change(value);
    if (Array.isArray(value)) return value.map(item => mapTexts(item, change));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, change, name)]));
}
