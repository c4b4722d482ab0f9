import { parseArgs, type ParseArgsConfig } from "node:util";
import { fromHome } from "../../../components/files";
import { UserError } from "./errors";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Kinds of options. */
export const [text, texts, flag] = [{ type: "string" }, { type: "string", multiple: true }, { type: "boolean" }] as const;

/** A file or directory. A leading `~` is the home directory, also where the shell doesn't know it. */
export const place = { ...text, isPlace: true } as const;

const help = { ...flag, short: "h" } as const;

/** Parses a command's options and its other arguments. Every command has `--help` and `-h`. @throws UserError with the usage */
export function parseCommand<T extends Options>(args: string[], options: T, usage: string, allowPositionals = true) {
    refuseKept(Object.keys(options).filter(name => !args.some(word => word.split("=", 1)[0] === `--${name}`)), process.env);
    try {
        const parsed = parseArgs({ args, options: { ...options, help }, allowPositionals });
        const values = parsed.values as Record<string, unknown>;
        for (const [name, value] of Object.entries(values)) if ("isPlace" in (options[name] ?? {})) values[name] = fromHome(value as string);
        return parsed;
    } catch (error) {
        throw new UserError(`${(error as Error).message}\n\n${usage}`);
    }
}

/** Without its `--`, `npm run down --stack=uat` would remove the stack dev: npm takes the option for one of its own. */
function refuseKept(missing: string[], env: NodeJS.ProcessEnv): void {
    // CI may set npm's own --yes for npx. Without ours, commands ask. Logins to registries often have an email in .npmrc.
    const kept = missing.find(name => !["yes", "email"].includes(name) && !["", "false", undefined].includes(env[`npm_config_${name.replaceAll("-", "_")}`]));
    if (kept === undefined) return;
    const command = env.npm_lifecycle_event === "start" ? "npm start" : `npm run ${env.npm_lifecycle_event ?? "COMMAND"}`;
    throw new UserError(
        `--${kept} didn't reach the command: npm passes on only what follows --. Write: ${command} -- --${kept} …\n`
        + "PowerShell takes the -- away: there, type npm.cmd instead of npm. Nothing was changed.",
    );
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

/**
 * A word as a shell takes it for one. On Windows it is for both shells, as far as they agree: cmd knows only double quotes, in
 * which PowerShell replaces what begins with $ or `.
 */
export function quoted(word: string, platform = process.platform): string {
    if (platform !== "win32") return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
    if (/^[\w+:./\\~-][\w@+=:./\\~-]*$/.test(word)) return word;
    // A backslash before the last quote would make that a part of the word.
    return /[$`]/.test(word) ? `'${word.replaceAll("'", "''")}'` : `"${word.replace(/\\+$/, "$&$&")}"`;
}
