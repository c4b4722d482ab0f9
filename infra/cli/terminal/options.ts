import { parseArgs } from "node:util";
import { UserError } from "./errors";

/** The options of a command, of which `--help` is always one; a mistake is answered with the usage. */
export function parseOptions(
    args: string[], texts: string[], flags: string[], usage: string,
): Record<string, string | boolean | undefined> {
    const options = Object.fromEntries([
        ...texts.map(name => [name, { type: "string" }] as const),
        ...[...flags, "help"].map(name => [name, { type: "boolean" }] as const),
    ]);
    try {
        return parseArgs({ args, options, allowPositionals: false }).values as Record<string, string | boolean>;
    } catch (error) {
        throw new UserError(`${(error as Error).message}\n\n${usage}`);
    }
}

/** The stack that was asked for; its name becomes part of paths. */
export function stackOption(value: string | boolean | undefined): string {
    const stack = String(value ?? "dev");
    if (/^[A-Za-z0-9][\w.-]{0,99}$/.test(stack)) return stack;
    throw new UserError(`--stack ${stack}: a stack's name has letters, digits, "-", "_" and ".", for example dev.`);
}
