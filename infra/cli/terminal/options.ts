import { parseArgs, type ParseArgsConfig } from "node:util";
import { UserError } from "./errors";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Kinds of options. */
export const [text, texts, flag] = [{ type: "string" }, { type: "string", multiple: true }, { type: "boolean" }] as const;

const help = { ...flag, short: "h" } as const;

/** Parses a command's options and its other arguments. Every command has `--help` and `-h`. @throws UserError with the usage */
export function parseCommand<T extends Options>(args: string[], options: T, usage: string, allowPositionals = true) {
    try {
        return parseArgs({ args, options: { ...options, help }, allowPositionals });
    } catch (error) {
        throw new UserError(`${(error as Error).message}\n\n${usage}`);
    }
}

/** Parses the options of a command that has no other arguments. @throws UserError with the usage */
export function parseOptions<T extends Options>(args: string[], options: T, usage: string) {
    return parseCommand(args, options, usage, false).values;
}

/** The requested stack. Its name becomes part of paths, so it is validated. */
export function stackOption(stack = "dev"): string {
    if (/^[A-Za-z0-9][\w.-]{0,99}$/.test(stack)) return stack;
    throw new UserError(`--stack ${stack}: a stack's name has letters, digits, "-", "_" and ".", for example dev.`);
}
