import * as yaml from "yaml";
import type { Plan } from "./plan";

/** Names of environment variables whose values are secrets, such as AZURE_STORAGE_KEY and MYSQL_PWD. */
const secretVariable = /(PASS(WORD|PHRASE)?|_PWD|SECRET|TOKEN|_KEY|(ACCESS|API|PRIVATE)KEY|CREDENTIALS?|CONNECTION_STRING)(_|$)/i;
/** Names of fields whose values are secrets. */
const secretField = /pass|secret|token|key|credential/i;
/** Shorter values are words that occur anywhere. */
const shortest = 6;

/** The secrets of this process's environment, and the passwords in addresses there. A path to a file isn't one. */
export function environmentSecrets(environment: NodeJS.ProcessEnv = process.env): string[] {
    return Object.entries(environment).flatMap(([name, value = ""]) =>
        (secretVariable.test(name) && !/_FILE$/.test(name) ? [value] : passwordIn(value)));
}

function passwordIn(address: string): string[] {
    const { password } = URL.canParse(address) ? new URL(address) : { password: "" };
    const [, written = ""] = /^[\w+.-]+:\/\/[^/]*?:(.*)@/.exec(address) ?? [];
    return [password, written].filter(Boolean);
}

/** The plan without these secrets. */
export function withoutSecrets(plan: Plan, secrets: readonly string[]): Plan {
    return mapTexts(plan, concealing(secrets)) as Plan;
}

/**
 * Takes these secrets out of a text: as a whole, in base64, escaped in JSON, or as a part that stands by itself, such as a key
 * in a kubeconfig. Pulumi conceals what it knows to be secret; this is for texts such as a provider's error.
 */
export function concealing(secrets: readonly string[]): (text: string) => string {
    const known = secrets.flatMap(formsOf).filter(({ length }) => length >= shortest);
    const longest = [...new Set(known)].sort((a, b) => b.length - a.length);
    return text => longest.reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text);
}

function formsOf(secret: string): string[] {
    const whole = [secret, secret.trim(), Buffer.from(secret).toString("base64"), JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
    const parts = secret.split(/[\s"',:{}]+/).filter(({ length }) => length >= 20);
    return [...whole, ...parts, ...secretFields(parsed(secret))];
}

function parsed(text: string): unknown {
    try {
        return yaml.parse(text, { logLevel: "silent" });
    } catch {
        return undefined;
    }
}

/** Short secrets in an object: only a field's name tells them from words such as "default". */
function secretFields(value: unknown, isSecret = false): string[] {
    if (typeof value !== "object" || value === null) return isSecret && typeof value !== "boolean" ? [String(value ?? "")] : [];
    return Object.entries(value).flatMap(([name, item]) => secretFields(item, Array.isArray(value) ? isSecret : secretField.test(name)));
}

function mapTexts(value: unknown, change: (text: string) => string, key = ""): unknown {
    if (typeof value === "string") return ["operation", "stack", "type"].includes(key) ? value : change(value);
    if (Array.isArray(value)) return value.map(item => mapTexts(item, change));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, change, name)]));
}
