import * as fs from "node:fs";

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
