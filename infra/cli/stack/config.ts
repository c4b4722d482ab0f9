import * as fs from "node:fs";
import * as path from "node:path";
import { hasEnvironment, parseConfiguration, type PlainSettings, type PlatformSettings } from "../../config";
import { describeKey, describeSettings, type Description } from "../../config/schema/describe";
import { type Configuration, configText, readStackFile, refuseFindings } from "../../config/stack-file";
import { isObject } from "../../values";
import { UserError } from "../terminal/errors";
import { root } from "./home";

/** The file of a stack's settings; an error that lists the stacks if there is none. */
export function stackConfigFile(stack: string, directory = root): string {
    const file = path.join(directory, `Pulumi.${stack}.yaml`);
    const stacks = stacksIn(directory);
    // Where case doesn't count in names of files, Dev would have the settings and the state of dev.
    if (stacks.includes(stack)) return file;
    const known = stacks.length > 0 ? `The stacks are: ${stacks.join(", ")}.` : "There are no stacks yet.";
    throw new UserError(`There is no stack "${stack}": ${file} does not exist. ${known}`);
}

/** The stacks with a file in the directory. */
export function stacksIn(directory: string): string[] {
    return fs.readdirSync(directory).flatMap(name => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []).sort();
}

/**
 * Reads a file in the form of `Pulumi.<stack>.yaml`. Only Pulumi can decrypt a value under `secure:`: a file with
 * one is refused, unless `standIns` replaces such values, for commands that don't apply anything.
 */
export function readStackConfig(file: string, { standIns = false } = {}): Configuration {
    const read = readStackFile(file);
    refuseFindings(read);
    const config: Record<string, string> = {};
    const secretKeys: string[] = [];
    for (const [key, given] of Object.entries(read.entries)) {
        if (containsEncrypted(given)) {
            if (!standIns) throw new UserError(encrypted(file, key));
            secretKeys.push(key);
        }
        const value = withStandIns(key.replace(/^landfall:/, ""), given);
        if (value !== undefined) config[key] = configText(value);
    }
    return { config, secretKeys };
}

function containsEncrypted(value: unknown): boolean {
    if (isEncrypted(value)) return true;
    return typeof value === "object" && value !== null && Object.values(value).some(containsEncrypted);
}

function encrypted(file: string, key: string): string {
    return (
        `${file}: ${key} is encrypted (secure:), and only the Pulumi CLI can decrypt it. ` +
        `Use \`pulumi preview\` and \`pulumi up\`, or a file without that key.`
    );
}

/** Replaces a value that only Pulumi can decrypt. It is valid as a password and as a host name. */
const standIn = "encrypted.by.pulumi";

/** Whether a value in a stack's file is encrypted. */
function isEncrypted(value: unknown): value is { secure: string } {
    return isObject(value) && Object.keys(value).length === 1 && typeof value.secure === "string";
}

/** A value under `landfall:<key>` without its encrypted parts: they are left out if optional, otherwise replaced. */
function withStandIns(key: string, value: unknown): unknown {
    const target = isObject(value) && typeof value.target === "string" ? value.target : undefined;
    const app = key === "app" && isObject(value) && value.type === "services" ? "services" : undefined;
    return replace(value, [key], keys => describeKey(describeSettings({ stack: "", target, app }), keys, target));
}

function replace(value: unknown, keys: string[], describe: (keys: string[]) => Description | undefined): unknown {
    if (isEncrypted(value)) return mayBeLeftOut(describe(keys)) ? undefined : standIn;
    if (Array.isArray(value)) return value.map(entry => isEncrypted(entry) ? standIn : replace(entry, keys, describe));
    if (!isObject(value)) return value;
    const entries = Object.entries(value).map(([key, below]) => [key, replace(below, [...keys, key], describe)] as const);
    return Object.fromEntries(entries.filter(([, below]) => below !== undefined));
}

function mayBeLeftOut(description: Description | undefined): boolean {
    return description?.default !== undefined || description?.defaultText !== undefined;
}

/** The settings in a stack's file, to see what they need from the computer. The program validates them again. */
export function readStack(stack: string, file: string): PlainSettings | PlatformSettings {
    return parseConfiguration(readStackConfig(file, { standIns: true }), stack);
}

/** The same, for commands that are about an environment. @throws UserError for a stack without one */
export function readSettings(stack: string, file: string): PlainSettings {
    const settings = readStack(stack, file);
    if (hasEnvironment(settings)) return settings;
    throw new UserError(`The stack "${stack}" is only a cluster with its platform (landfall:environment is none): it has no application. `
        + "Name a stack that has its environment there. Nothing was changed.");
}
