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

/** The line that Pulumi adds to a stack's configuration when it makes the stack: it belongs to the passphrase. */
const saltLine = /^encryptionsalt:.*(?:\r?\n|$)/gm;

/** Whether a stack's configuration holds a salt. */
export function hasSalt(file: string): boolean {
    return fs.existsSync(file) && fs.readFileSync(file, "utf8").search(saltLine) >= 0;
}

/**
 * Pulumi writes the whole file anew when it adds the line, in its own layout. This gives back `before`, with the line
 * at its end.
 */
export function keepLayout(file: string, before: string): void {
    const [line] = fs.readFileSync(file, "utf8").match(saltLine) ?? [];
    if (!line || before.search(saltLine) >= 0) return;
    fs.writeFileSync(file, `${before}${before.endsWith("\n") ? "" : "\n"}${line.trimEnd()}\n`);
}

/** Takes that line away again; every other byte of the file stays, also what the user has changed meanwhile. */
export function removeSalt(file: string): void {
    if (!hasSalt(file)) return;
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(saltLine, ""));
}

/** Whether the configuration holds values encrypted with that salt, which would be lost without it. */
export function hasSecrets(file: string): boolean {
    return fs.existsSync(file) && /^\s+secure:/m.test(fs.readFileSync(file, "utf8"));
}
