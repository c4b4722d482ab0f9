import { spawn } from "node:child_process";

export type Log = (line: string) => void;

export interface RunOptions {
    cwd?: string;
    env?: Record<string, string>;
    /** Text for the process's standard input. */
    input?: string;
}

/** Runs a program and returns its output. If it fails, the error contains its last lines. */
export function run(program: string, args: string[], options: RunOptions = {}): Promise<string> {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { cwd: options.cwd, env: { ...process.env, ...options.env } });
        let output = "";
        let errors = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
        child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
        child.on("error", cause => reject(new Error(`Could not start ${program}: ${cause.message}`, { cause })));
        child.on("close", code => {
            if (code === 0) {
                resolve(output.trim());
            } else {
                const last = (errors.trim() || output.trim()).split("\n").slice(-15).join("\n");
                reject(new Error(`${[program, ...args].join(" ").slice(0, 300)} ended with code ${code}:\n${last}`));
            }
        });
        child.stdin.on("error", () => undefined); // the program ended without reading it; its exit code says why
        child.stdin.end(options.input ?? "");
    });
}

/** Prints what the work returns, or why it failed. Then this process ends with code 1. */
export function report(work: Promise<string>): void {
    work.then(console.log, (error: Error) => {
        console.error(error.message);
        process.exitCode = 1;
    });
}

/** Runs a program and returns whether it succeeded. */
export async function succeeds(program: string, args: string[]): Promise<boolean> {
    return run(program, args).then(() => true, () => false);
}

/** Connects `producer | consumer`, for archives that must not pass through memory. */
export async function pipe(producer: [string, ...string[]], consumer: [string, ...string[]]): Promise<void> {
    const from = spawn(producer[0], producer.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
    const to = spawn(consumer[0], consumer.slice(1), { stdio: [from.stdout, "ignore", "pipe"] });
    from.stdout.destroy(); // only the consumer holds the pipe, so that either's end is seen by the other
    const ends = [from, to].map((child, i) => new Promise<string>(resolve => {
        const name = [producer, consumer][i].slice(0, 3).join(" ");
        let errors = "";
        child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-2000)));
        child.on("error", cause => resolve(`Could not start ${name}: ${cause.message}`));
        child.on("close", code => resolve(code === 0 ? "" : `${name} … ended with code ${code}: ${errors}`));
    }));
    const failed = (await Promise.all(ends)).filter(Boolean);
    if (failed.length > 0) throw new Error(failed.join("\n"));
}

/** Runs one step, and logs its name and duration. */
export async function step<T>(log: Log, what: string, work: () => Promise<T>): Promise<T> {
    const start = Date.now();
    log(`… ${what}`);
    const result = await work();
    log(`✓ ${what} (${Math.round((Date.now() - start) / 1000)} s)`);
    return result;
}
