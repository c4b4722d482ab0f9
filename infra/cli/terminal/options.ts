import { parseArgs } from "node:util";
import { UserError } from "./errors";

/** Parses a command's options, which always include `--help`. @throws UserError with the usage */
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

/** The requested stack. Its name becomes part of paths, so it is validated. */
export function stackOption(value: string | boolean | undefined): string {
    const stack = String(value ?? "dev");
    if (/^[A-Za-z0-9][\w.-]{0,99}$/.test(stack)) return stack;
    throw new UserError(`--stack ${stack}: a stack's name has letters, digits, "-", "_" and ".", for example dev.`);
}
