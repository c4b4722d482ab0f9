import { useProxies } from "../../components/proxy";
import { Interrupted, UserError } from "./terminal/errors";

/** A command: gets its arguments, returns the exit code. */
type Command = (args: string[]) => Promise<number>;

/** Each is loaded only when it is asked for: rendering needs nothing of what starting needs. */
const commands: Record<string, () => Promise<{ main: Command }>> = {
    start: () => import("./start"),
    down: () => import("./down"),
    render: () => import("./render"),
    bench: () => import("./bench"),
    cost: () => import("./cost"),
    limits: () => import("./limits"),
    admin: () => import("./admin"),
    site: () => import("./site"),
    status: () => import("./status"),
    logs: () => import("./logs"),
    shell: () => import("./shell"),
    open: () => import("./open"),
    test: () => import("./test"),
    "update-images": () => import("./update-images"),
};

/** Those that print what other programs read. */
const piped = ["render", "bench", "cost", "limits", "status", "logs"];

/** npm prints a header of its own on standard output, before anything of ours runs, unless it is told to be silent. */
function noticeHeader(name: string, args: string[], { npm_lifecycle_event, npm_config_loglevel }: NodeJS.ProcessEnv): void {
    const header = npm_lifecycle_event !== undefined && npm_config_loglevel !== "silent";
    if (!header || process.stdout.isTTY || !piped.includes(name)) return;
    const command = ["npm run -s", name, ...(args.length > 0 ? ["--", ...args] : [])].join(" ");
    process.stderr.write(`Note: npm's header is in this output. Without it: ${command}\n`);
}

/** Runs one command; bootstrap.mjs is what calls this file. */
async function run([name, ...args]: string[]): Promise<number> {
    noticeHeader(name, args, process.env);
    useProxies();
    try {
        const { main } = await commands[name]();
        return await main(args);
    } catch (error) {
        process.stderr.write(`\n${explain(error)}\n`);
        return error instanceof Interrupted ? 130 : 1;
    }
}

/** For a mistake that we foresaw its message alone, for any other where it comes from too. */
function explain(error: unknown): string {
    if (error instanceof UserError || error instanceof Interrupted) return error.message;
    if (!(error instanceof Error)) return String(error);
    return process.env.LANDFALL_DEBUG ? (error.stack ?? error.message) : error.message;
}

// Ends when all is written, although something that a library left open would keep the process.
void run(process.argv.slice(2)).then(code => process.stdout.write("", () => process.exit(code)));
