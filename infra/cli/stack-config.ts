import * as fs from "node:fs";
import * as path from "node:path";

import { type Configuration, configText, readStackFile, refuseFindings } from "../config/stack-file";
import { isEncrypted, withStandIns } from "./stand-ins";
import { UserError } from "./user-error";

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
