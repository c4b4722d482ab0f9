import { ChildProcess, spawn } from "node:child_process";

/** Options of a program's run. */
export interface RunOptions {
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    stdin?: string;
    /** Gets each line as it comes. */
    onLine?: (line: string, stream: "stdout" | "stderr") => void;
}

/** A program's output. */
export interface Written {
    stdout: string;
    stderr: string;
}

/** A program failed: `exit status 3`, and its output. */
export class Failed extends Error {
    constructor(readonly status: string, readonly output: string) {
        super(`${status}:\n${output}`);
    }
}

const signals: Partial<Record<NodeJS.Signals, string>> = { SIGKILL: "killed", SIGTERM: "terminated", SIGINT: "interrupt" };
const running = new Set<ChildProcess>();

/** Kills all running programs, because the engine must stop. */
export function killAll(): void {
    for (const child of running) child.kill("SIGKILL");
}

/** Runs a program with these arguments, without a shell. */
export function run(program: string, args: string[], options: RunOptions): Promise<Written> {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { cwd: options.cwd, env: options.env, windowsHide: true });
        running.add(child);
        const written = { stdout: "", stderr: "" };
        let both = "";
        for (const stream of ["stdout", "stderr"] as const) {
            let unfinished = "";
            child[stream].setEncoding("utf8").on("data", (text: string) => {
                written[stream] += text;
                both += text;
                const lines = (unfinished + text).split("\n");
                unfinished = lines.pop() as string;
                for (const line of lines) options.onLine?.(line, stream);
            }).on("end", () => unfinished && options.onLine?.(unfinished, stream));
        }
        child.on("error", ({ code, message }: NodeJS.ErrnoException) => reject(new Failed(
            code === "ENOENT" ? `exec: "${program}": executable file not found in $PATH` : message, both)));
        child.on("close", (code, signal) => {
            running.delete(child);
            if (code === 0) resolve(written);
            else reject(new Failed(signal ? `signal: ${signals[signal] ?? signal}` : `exit status ${code}`, both));
        });
        child.stdin.on("error", () => undefined).end(options.stdin ?? ""); // it may not read its input
    });
}
