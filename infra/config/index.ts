import * as pulumi from "@pulumi/pulumi";
import * as runtimeConfig from "@pulumi/pulumi/runtime/config";
import { Context } from "./context";
import { allKeys, describeKey, describeSettings, describeTargets, type Description } from "./describe";
import { toProblems, valueAt } from "./errors";
import { exampleOf } from "./example";
import type { Problem } from "./problem";
import { SettingsError } from "./problem";
import { PlainSettings, settingsSchema } from "./schema";

export type { AppSettings } from "./app";
export type { ClusterSettings, Target } from "./cluster";
export type { EnvironmentSettings } from "./environment";
export type { PlainSettings } from "./schema";
export type { Problem } from "./problem";
export { manifestsFor } from "./cluster";
export { isCloud, isLaptop } from "./environment";
export { SettingsError } from "./problem";

const project = "landfall";
const targetNames = Object.keys(describeTargets(describeSettings({ stack: "" })));

/** What the program runs with: complete, checked, and the password still secret. Other secrets are their users' to keep. */
export interface Settings extends Omit<PlainSettings, typeof passwords[number]> {
    /** Password of the site's first user; left out where it is to be generated. */
    adminPassword?: pulumi.Output<string>;
    /** Password at the mail relay; left out where that asks for none. */
    mailPassword?: pulumi.Output<string>;
}

/** Keys that are texts and secrets: their values are never read as JSON. */
const passwords = ["adminPassword", "mailPassword"] as const;

/** The stack's settings. Stops the program, before any resource is registered, with all that is wrong with them. */
export function loadSettings(): Settings {
    const stack = pulumi.getStack();
    try {
        const raw = readConfig();
        const { adminPassword, mailPassword, ...settings } = parseSettings(raw, stack, {
            problems: plainSecrets(raw, { stack, target: knownTarget(raw.cluster) }),
            secrets: ownKeys().filter(key => isSecret(key)),
        });
        return {
            ...settings,
            ...(adminPassword !== undefined && { adminPassword: pulumi.secret(adminPassword) }),
            ...(mailPassword !== undefined && { mailPassword: pulumi.secret(mailPassword) }),
        };
    } catch (error) {
        if (error instanceof SettingsError) {
            throw new pulumi.RunError(error.message);
        }
        throw error;
    }
}

/**
 * Checks settings given as plain data and completes them with the defaults; throws a SettingsError that lists all
 * problems, those that the caller found among them. The values of the keys in `secrets` are never shown.
 */
export function parseSettings(
    raw: Record<string, unknown>, stack: string,
    { problems: found = [], secrets = [] }: { problems?: readonly Problem[]; secrets?: readonly string[] } = {},
): PlainSettings {
    const context: Context = { stack, target: knownTarget(raw.cluster) };
    const schema = settingsSchema(context);
    // A section with nothing below it reads as null in YAML: as good as left out.
    const given = Object.fromEntries(Object.entries(raw).filter(([key, value]) => {
        return !Object.hasOwn(schema.shape, key) || (value !== null && value !== undefined);
    }));
    const result = schema.safeParse(given, { reportInput: true });
    const problems = [...toProblems(result.error?.issues ?? [], given, context, secrets), ...found];
    if (!result.success || problems.length > 0) {
        throw new SettingsError(problems, stack);
    }
    return result.data;
}

function knownTarget(cluster: unknown): string | undefined {
    const target = typeof cluster === "object" && cluster !== null && "target" in cluster ? cluster.target : undefined;
    return targetNames.find(known => known === target);
}

/** The keys of the project's namespace, without it. */
function ownKeys(): string[] {
    const keys = Object.keys(pulumi.runtime.allConfig());
    return keys.flatMap(key => key.startsWith(`${project}:`) ? [key.slice(project.length + 1)] : []);
}

/** Pulumi knows which values are encrypted in the stack's file, but does not publish it in its types. */
function isSecret(key: string): boolean {
    const { isConfigSecret } = runtimeConfig as unknown as { isConfigSecret(key: string): boolean };
    return isConfigSecret(`${project}:${key}`);
}

/** All values of the project's namespace; objects come as JSON. */
function readConfig(): Record<string, unknown> {
    return Object.fromEntries(ownKeys().map(key => {
        const value = pulumi.runtime.getConfig(`${project}:${key}`) ?? "";
        return [key, passwords.some(password => password === key) ? value : fromJson(value)];
    }));
}

function fromJson(value: string): unknown {
    if (value === "") {
        return null;
    }
    try {
        return JSON.parse(value);
    } catch {
        return value;
    }
}

/** A secret in plain text would lie readable in the stack's file. */
function plainSecrets(raw: Record<string, unknown>, context: Context): Problem[] {
    const settings = describeSettings(context);
    return secretKeys(settings, context.target).filter(([section, ...below]) =>
        !isSecret(section) && valueAt(raw, [section, ...below]) !== undefined).map(keys => ({
        key: `${project}:${keys.join(".")}`,
        problem: "is not a secret",
        given: "plain text",
        allowed: describeKey(settings, keys, context.target)?.allowed ?? "a secret",
        example: exampleOf(settings, keys, context),
    }));
}

function secretKeys(settings: Description, target?: string): string[][] {
    return allKeys(settings).filter(keys => describeKey(settings, keys, target)?.secret);
}
