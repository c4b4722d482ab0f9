import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { writeWhole } from "../../../components/files";
import { home } from "./home";

const variables = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"];

/** File of the passphrase that encrypts the stacks' secrets, unless the user provides one. */
export function passphraseFile(): string {
    return path.join(home(), "passphrase");
}

/**
 * Environment that gives Pulumi the passphrase: empty if the user's environment has it, otherwise our file, created on
 * first use with 256 random bits.
 */
export function passphraseEnvironment(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
    if (variables.some(name => environment[name] !== undefined)) return {};
    const file = passphraseFile();
    if (!fs.existsSync(file)) writeWhole(file, randomBytes(32).toString("base64url"));
    return { PULUMI_CONFIG_PASSPHRASE_FILE: file };
}

/** The line that Pulumi adds to a stack's configuration when it creates the stack. It depends on the passphrase. */
const saltLine = /^encryptionsalt:.*(?:\r?\n|$)/gm;

/** Whether a stack's configuration contains a salt. */
export function hasSalt(file: string): boolean {
    return fs.existsSync(file) && fs.readFileSync(file, "utf8").search(saltLine) >= 0;
}

/**
 * Pulumi rewrites the whole file in its own layout when it adds the line. This restores `before`, with the line
 * at its end.
 */
export function keepLayout(file: string, before: string): void {
    const [line] = fs.readFileSync(file, "utf8").match(saltLine) ?? [];
    if (!line || before.search(saltLine) >= 0) return;
    fs.writeFileSync(file, `${before}${before.endsWith("\n") ? "" : "\n"}${line.trimEnd()}\n`);
}

/** Removes that line and leaves every other byte of the file as it is. */
export function removeSalt(file: string): void {
    if (!hasSalt(file)) return;
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(saltLine, ""));
}

/** Whether the configuration contains values that are encrypted with that salt and would be lost without it. */
export function hasSecrets(file: string): boolean {
    return fs.existsSync(file) && /^\s+secure:/m.test(fs.readFileSync(file, "utf8"));
}
