import * as pulumi from "@pulumi/pulumi";
import * as runtimeConfig from "@pulumi/pulumi/runtime/config";
import type * as z from "zod";
import { readCompose, withOverrides } from "../compose";
import { isObject } from "../values";
import { toProblems, valueAt } from "./errors";
import { closest } from "./errors/closest";
import { exampleOf, secretCommand } from "./errors/example";
import { type Problem, SettingsError } from "./errors/problem";
import { completeSettings, PlainSettings, schemaOf, settingsSchema } from "./schema";
import { Context } from "./schema/defaults";
import { absolutePath } from "./schema/fields";
import { allKeys, describeKey, describeSettings, describeTargets, type Description } from "./schema/describe";
import { noEnvironment, type PlatformSettings } from "./schema/platform";
import { gatewaySchema, platformGatewaySchema } from "./sections/gateway";
import { sizeOf } from "./sections/sizes";
import { type Configuration, refuseMisreadings, StackFileError } from "./stack-file";
import { obstacleBefore } from "./targets";

export type { WordPressSettings } from "./sections/app";
export type { ServiceSettings, ServicesSettings } from "./sections/services";
export type { ClusterSettings, Target } from "./targets";
export type { EnvironmentSettings } from "./sections/environment";
export { hostsOf } from "./sections/hosts";
export type { AppSettings, PlainSettings } from "./schema";
export type { PlatformSettings } from "./schema/platform";
export { type GatewaySettings, trafficOfGateway } from "./sections/gateway";
export type { Promotion } from "./sections/promotion";
export type { Problem } from "./errors/problem";
export { logsToKeep } from "./sections/logs";
export { manifestsFor, sharesPlatform } from "./targets";
export { isCloud, isLaptop } from "./sections/environment";
export { SettingsError } from "./errors/problem";

const project = "landfall";
const targetNames = Object.keys(describeTargets(describeSettings({ stack: "" })));

/** The program's settings, complete and validated. Passwords are secret outputs. */
export interface Settings extends Omit<PlainSettings, typeof passwords[number] | "secrets"> {
    /** Secrets of the services, by name. */
    secrets: Record<string, pulumi.Output<string>>;
    /** Password of the site's first user. @default generated */
    adminPassword?: pulumi.Output<string>;
    /** Password for the mail relay; undefined if it requires none. */
    mailPassword?: pulumi.Output<string>;
}

/** Keys of secret texts, which are never read as JSON. */
const passwords = ["adminPassword", "mailPassword"] as const;

/** The stack's settings. @throws pulumi.RunError with all problems, before any resource is registered */
export function loadSettings(): Settings | PlatformSettings {
    const stack = pulumi.getStack();
    const config = pulumi.runtime.allConfig();
    try {
        refuseMisreadings(stack, config);
        const secretKeys = Object.keys(config).filter(isSecret);
        const { settings: parsed, warnings } = readConfiguration({ config, secretKeys }, stack);
        const idle = idleKeys(config, parsed);
        if (idle.length > 0) void pulumi.log.warn(`${idle.join(" and ")} ${idle.length > 1 ? "have" : "has"} no effect: with ${project}:logs.keepDays 0, no logs are kept.`);
        if (!hasEnvironment(parsed)) return parsed;
        const { adminPassword, mailPassword, secrets, ...settings } = parsed;
        if (warnings.length > 0) void pulumi.log.warn(`Of the Compose files, not everything is carried over:\n${warnings.join("\n")}`);
        return {
            ...settings,
            secrets: Object.fromEntries(Object.entries(secrets).map(([name, text]) => [name, pulumi.secret(text)])),
            ...(adminPassword !== undefined && { adminPassword: pulumi.secret(adminPassword) }),
            ...(mailPassword !== undefined && { mailPassword: pulumi.secret(mailPassword) }),
        };
    } catch (error) {
        if (error instanceof SettingsError || error instanceof StackFileError) {
            throw new pulumi.RunError(error.message);
        }
        throw error;
    }
}

/** Keys of the logs' volume where there is none. They may stay in the file while logs are off, so they are no mistake. */
function idleKeys(config: Record<string, string>, { logs }: { logs: { keepDays: number } }): string[] {
    const given = fromJson(config[`${project}:logs`] ?? "");
    return logs.keepDays > 0 ? [] : ["volume", "storageClass"].filter(key => valueAt(given, [key]) !== undefined).map(key => `${project}:logs.${key}`);
}

/** Pulumi knows which values are encrypted in the stack's file, but its types don't declare that. */
function isSecret(key: string): boolean {
    const { isConfigSecret } = runtimeConfig as unknown as { isConfigSecret(key: string): boolean };
    return isConfigSecret(key);
}

/** Validates a stack's configuration like parseSettings, from any reader. Refuses a secret in plain text. */
export function parseConfiguration(configuration: Configuration, stack: string): PlainSettings | PlatformSettings {
    return readConfiguration(configuration, stack).settings;
}

/** Whether a stack has an environment, or is only a cluster with its platform. */
export function hasEnvironment<T extends { environment?: unknown }>(settings: T): settings is Exclude<T, { environment?: undefined }> {
    return settings.environment !== undefined;
}

/** The same, with what Compose files say that isn't carried over. */
function readConfiguration(
    { config, secretKeys }: Configuration, stack: string,
): { settings: PlainSettings | PlatformSettings; warnings: string[] } {
    const own = Object.entries(config).filter(([key]) => key.startsWith(`${project}:`));
    const raw = Object.fromEntries(own.map(([key, value]) => {
        const name = key.slice(project.length + 1);
        return [name, passwords.some(password => password === name) ? value : fromJson(value)];
    }));
    const secrets = secretKeys.filter(key => key.startsWith(`${project}:`)).map(key => key.slice(project.length + 1));
    if (raw.environment === noEnvironment) return { settings: parsePlatform(raw, stack, ignoredKeys(config, contextOf(raw, stack))), warnings: [] };
    const context = { stack, target: knownTarget(raw.cluster), app: knownApplication(raw.app) };
    const { gateway, ...others } = raw;
    const [needed, idle] = splitGateway(gateway);
    const problems = [...idle, ...plainSecrets(raw, context, secrets), ...lostSecrets(context, secrets), ...ignoredKeys(config, context)];
    const { warnings, ...composed } = withCompose(raw);
    return { settings: parseSettings({ ...others, ...(needed !== undefined && { gateway: needed }), ...composed }, stack, { problems, secrets: [...secrets, "secrets"] }), warnings };
}

/** With an environment, what the gateway is ready for follows from its application: the other keys, and those that have no effect. */
function splitGateway(gateway: unknown): [unknown, Problem[]] {
    if (!isObject(gateway)) return [gateway ?? undefined, []];
    const [own, alone] = [gatewaySchema().shape, platformGatewaySchema().shape];
    const isIdle = (key: string): boolean => key in alone && !(key in own);
    const entries = Object.entries(gateway);
    return [Object.fromEntries(entries.filter(([key]) => !isIdle(key))), entries.filter(([key]) => isIdle(key)).map(([key, value]) => ({
        key: `${project}:gateway.${key}`, problem: `has no effect: it follows from the application in ${project}:app`, given: JSON.stringify(value),
        allowed: "leave it out; or no environment in this stack", example: `${project}:environment: ${noEnvironment}`,
    }))];
}

/** The application and its secrets, with what its Compose files say. */
function withCompose({ app, secrets }: Record<string, unknown>): { app?: unknown; secrets?: unknown; warnings: string[] } {
    const files = [valueAt(app, ["compose"]) ?? []].flat();
    if (knownApplication(app) === undefined || files.length === 0 || !files.every(file => typeof file === "string" && file.trim() !== "")) return { warnings: [] };
    const { services = {}, replaceDatabase, ...others } = app as { services?: Record<string, Record<string, unknown>>; replaceDatabase?: string };
    const known = typeof secrets === "object" && secrets !== null ? secrets : {};
    const compose = readCompose(files.map(file => absolutePath(file as string)), { services, secrets: Object.keys(known), replaceDatabase });
    return {
        app: { ...others, ...(replaceDatabase !== undefined && { replaceDatabase }), services: withOverrides(compose.services, services) },
        secrets: { ...compose.secrets, ...known }, warnings: compose.warnings,
    };
}

/** Pulumi ignores keys of other projects, including a misspelt project name. */
function ignoredKeys(config: Record<string, string>, context: Context): Problem[] {
    return Object.keys(config).flatMap(key => {
        const [namespace, name] = key.split(":");
        if (namespace === project || closest(namespace, [project]) === undefined) return [];
        const described = describeKey(describeSettings(context), [name]);
        return [{
            key, problem: `is ignored: it has to be ${project}:${name}${namespace.toLowerCase() === project ? ", in lower case" : ""}`,
            given: "another project's key", allowed: `keys that begin with ${project}:`,
            example: exampleOf(describeSettings(context), [described && !described.secret ? name : "app"], context),
        }];
    });
}

/**
 * Validates settings given as plain data and adds the defaults. Throws a SettingsError that lists all
 * problems, including those that the caller found. The values of the keys in `secrets` are never shown.
 */
export function parseSettings(
    raw: Record<string, unknown>, stack: string,
    { problems: found = [], secrets = [] }: { problems?: readonly Problem[]; secrets?: readonly string[] } = {},
): PlainSettings {
    const context = contextOf(raw, stack);
    return completeSettings(parseBy(settingsSchema(context), raw, { context, found, secrets }));
}

/** Keys that are about an environment. */
const ofEnvironment = ["app", "adminPassword", "mailPassword", "secrets"];

/** The same for the settings of a stack without an environment. */
function parsePlatform(raw: Record<string, unknown>, stack: string, found: readonly Problem[] = []): PlatformSettings {
    const context = contextOf(raw, stack);
    const idle = Object.entries(raw).filter(([key, value]) => ofEnvironment.includes(key) && value !== null && value !== undefined);
    const problems = idle.map(([key]) => ({
        key: `${project}:${key}`, problem: `has no effect: the stack has no environment (${project}:environment is ${noEnvironment})`,
        given: key === "app" ? "settings of an application" : "a secret", allowed: "leave it out; or give the stack an environment",
        example: exampleOf(describeSettings({ stack, target: context.target }), ["environment"], { stack, target: context.target }),
    }));
    const rest = Object.fromEntries(Object.entries(raw).filter(([key]) => !ofEnvironment.includes(key)));
    const parsed = parseBy(schemaOf(context), rest, { context, found: [...problems, ...found], secrets: ofEnvironment });
    return { ...parsed, environment: undefined } as PlatformSettings;
}

function parseBy<T extends z.ZodObject>(
    schema: T, raw: Record<string, unknown>, { context, found, secrets }: { context: Context; found: readonly Problem[]; secrets: readonly string[] },
): z.output<T> {
    // An empty section is null in YAML, which is the same as leaving it out.
    const given = Object.fromEntries(Object.entries(raw).filter(([key, value]) => {
        return !Object.hasOwn(schema.shape, key) || (value !== null && value !== undefined);
    }));
    const result = schema.safeParse(given, { reportInput: true });
    const problems = [...toProblems(result.error?.issues ?? [], given, context, secrets), ...found];
    if (!result.success || problems.length > 0) {
        throw new SettingsError(problems, context.stack);
    }
    return result.data;
}

function contextOf({ cluster, environment, app }: Record<string, unknown>, stack: string): Context {
    const context: Context = {
        stack, target: knownTarget(cluster), size: sizeOf(environment), app: knownApplication(app),
        ...(environment === noEnvironment && { environment: noEnvironment, app: undefined }),
    };
    const checked = settingsSchema(context).shape.cluster.safeParse(cluster);
    return { ...context, obstacle: checked.success ? obstacleBefore(checked.data) : undefined };
}

function knownTarget(cluster: unknown): string | undefined {
    const target = typeof cluster === "object" && cluster !== null && "target" in cluster ? cluster.target : undefined;
    return targetNames.find(known => known === target);
}

/** WordPress unless the settings say otherwise. */
function knownApplication(app: unknown): Context["app"] {
    return valueAt(app, ["type"]) === "services" ? "services" : undefined;
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

/** Pulumi doesn't say which value below a key was encrypted, so an encrypted one among the services' settings would be readable in the cluster. */
function lostSecrets({ app }: Context, secrets: readonly string[]): Problem[] {
    return app !== "services" || !secrets.includes("app") ? [] : [{
        key: `${project}:app`, problem: "holds an encrypted value, which would be plain text in the cluster",
        given: "a secret", allowed: "secrets in landfall:secrets, and their names under `secrets` of a service",
        example: secretCommand("secrets.apiKey"),
    }];
}

/** A secret in plain text would be readable in the stack's file. */
function plainSecrets(raw: Record<string, unknown>, context: Context, secrets: readonly string[]): Problem[] {
    const settings = describeSettings(context);
    const named = Object.keys(typeof raw.secrets === "object" ? raw.secrets ?? {} : {}).map(name => ["secrets", name]);
    return [...secretKeys(settings, context.target), ...named].filter(([section, ...below]) =>
        !secrets.includes(section) && valueAt(raw, [section, ...below]) !== undefined).map(keys => ({
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
