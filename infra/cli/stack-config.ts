import * as fs from "node:fs";
import * as path from "node:path";

import * as yaml from "yaml";

import { UserError } from "./user-error";

/** A stack's settings as Pulumi hands them to the program. */
export interface StackConfig {
    /** Full keys such as `landfall:cluster`; objects and lists as JSON. */
    config: Record<string, string>;
    /** Keys of `config` that are secrets. */
    secretKeys: string[];
}

const root = path.resolve(__dirname, "../..");

/** The file of a stack's settings; an error that lists the stacks if there is none. */
export function stackConfigFile(stack: string, directory = root): string {
    const file = path.join(directory, `Pulumi.${stack}.yaml`);
    if (fs.existsSync(file)) return file;
    const stacks = fs.readdirSync(directory).flatMap(name => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []).sort();
    const known = stacks.length > 0 ? `The stacks are: ${stacks.join(", ")}.` : "There are no stacks yet.";
    throw new UserError(`There is no stack "${stack}": ${file} does not exist. ${known}`);
}

/**
 * Reads a file in the form of `Pulumi.<stack>.yaml`. A value under `secure:` can only be decrypted by Pulumi: give it
 * in `overrides`, by its full key, or the file is refused.
 */
export function readStackConfig(file: string, overrides: Record<string, string> = {}): StackConfig {
    const entries = configEntries(file);
    const config: Record<string, string> = {};
    const secretKeys: string[] = [];
    for (const [name, value] of Object.entries(entries)) {
        const key = name.includes(":") ? name : `landfall:${name}`;
        if (containsSecure(value)) {
            if (!(key in overrides)) throw new UserError(encrypted(file, key));
            secretKeys.push(key);
        } else if (value !== null && value !== undefined) {
            config[key] = typeof value === "object" ? JSON.stringify(value) : String(value);
        }
    }
    return { config: { ...config, ...overrides }, secretKeys };
}

function configEntries(file: string): Record<string, unknown> {
    let text: string;
    try {
        text = fs.readFileSync(file, "utf8");
    } catch (error) {
        throw new UserError(`${file} can't be read: ${(error as Error).message}`);
    }
    const document = yaml.parseDocument(text);
    if (document.errors.length > 0) throw new UserError(`${file} is not valid YAML: ${document.errors[0].message}`);
    const content: unknown = document.toJS();
    const config = isMapping(content) ? (content.config ?? {}) : (content ?? {});
    if (!isMapping(config)) throw new UserError(`${file}: "config" must be a mapping, such as landfall:app: { … }`);
    return config;
}

function containsSecure(value: unknown): boolean {
    if (Array.isArray(value)) return value.some(containsSecure);
    if (!isMapping(value)) return false;
    const keys = Object.keys(value);
    return (keys.length === 1 && keys[0] === "secure") || Object.values(value).some(containsSecure);
}

function encrypted(file: string, key: string): string {
    return (
        `${file}: ${key} is encrypted (secure:), and only the Pulumi CLI can decrypt it. ` +
        `Use \`pulumi preview\` and \`pulumi up\`, or a file without that key.`
    );
}

function isMapping(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
