import { useProxies } from "../../components/proxy";
import { Interrupted, UserError } from "./terminal/errors";
import { quoted } from "./terminal/options";

/** A command: gets its arguments, returns the exit code. */
type Command = (args: string[]) => Promise<number>;

/** Each is loaded only when it runs: `render` needs nothing that `start` needs. */
const commands: Record<string, () => Promise<{ main: Command }>> = {
    start: () => import("./start"),
    down: () => import("./down"),
    preview: () => import("./preview"),
    comment: () => import("./comment"),
    drift: () => import("./drift"),
    render: () => import("./render"),
    bench: () => import("./bench"),
    cost: () => import("./cost"),
    limits: () => import("./limits"),
    admin: () => import("./admin"),
    site: () => import("./site"),
    branch: () => import("./branch"),
    promote: () => import("./promote"),
    status: () => import("./status"),
    logs: () => import("./logs"),
    shell: () => import("./shell"),
    open: () => import("./open"),
    test: () => import("./test"),
    "update-images": () => import("./update-images"),
};

/** The commands whose output other programs read. */
const piped = ["preview", "drift", "render", "bench", "cost", "limits", "status", "logs"];

/** npm prints a header to standard output before our code runs, unless it is silenced. */
function noticeHeader(name: string, args: string[], { npm_lifecycle_event, npm_config_loglevel }: NodeJS.ProcessEnv): void {
    const header = npm_lifecycle_event !== undefined && npm_config_loglevel !== "silent";
    if (!header || process.stdout.isTTY || !(piped.includes(name) || args.includes("--json"))) return;
    const command = ["npm run -s", name, ...(args.length > 0 ? ["--", ...args.map(word => quoted(word))] : [])].join(" ");
    process.stderr.write(`Note: npm's header is in this output. Without it: ${command}\n`);
}

/** Runs one command. bootstrap.mjs starts this file. */
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

/** The message alone for errors that users can fix; otherwise also the stack trace, if LANDFALL_DEBUG is set. */
function explain(error: unknown): string {
    if (error instanceof UserError || error instanceof Interrupted) return error.message;
    if (!(error instanceof Error)) return String(error);
    return process.env.LANDFALL_DEBUG ? (error.stack ?? error.message) : error.message;
}

// Exits once all output is written, even if a library left something open.
void run(process.argv.slice(2)).then(code => process.stdout.write("", () => process.exit(code)));
