import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { home, writePrivate } from "./home";

const variables = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"];

/** Where the passphrase that encrypts the stacks' secrets is kept, unless the user brings one. */
export function passphraseFile(): string {
    return path.join(home(), "passphrase");
}

/**
 * The environment that gives Pulumi the passphrase: nothing where the user's own has it, else our file, made at first
 * use with 256 random bits.
 */
export function passphraseEnvironment(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
    if (variables.some(name => environment[name] !== undefined)) return {};
    const file = passphraseFile();
    if (!fs.existsSync(file)) writePrivate(file, randomBytes(32).toString("base64url"));
    return { PULUMI_CONFIG_PASSPHRASE_FILE: file };
}
