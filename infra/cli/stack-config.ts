import * as fs from "node:fs";
import * as path from "node:path";

import * as yaml from "yaml";

import { isEncrypted, isMapping, withStandIns } from "./stand-ins";
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
 * Reads a file in the form of `Pulumi.<stack>.yaml`. A value under `secure:` can only be decrypted by Pulumi: a file with
 * one is refused, unless `standIns` may take their places, for what is looked at and not applied.
 */
export function readStackConfig(file: string, { standIns = false } = {}): StackConfig {
    const entries = configEntries(file);
    const config: Record<string, string> = {};
    const secretKeys: string[] = [];
    for (const [name, given] of Object.entries(entries)) {
        const key = name.includes(":") ? name : `landfall:${name}`;
        if (containsEncrypted(given)) {
            if (!standIns) throw new UserError(encrypted(file, key));
            secretKeys.push(key);
        }
        const value = withStandIns(key.replace(/^landfall:/, ""), given);
        if (value !== null && value !== undefined) {
            config[key] = typeof value === "object" ? JSON.stringify(value) : String(value);
        }
    }
    return { config, secretKeys };
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
