import { spawn } from "node:child_process";

export interface ProcessResult {
    code: number;
    stdout: string;
    stderr: string;
}

export interface ProcessOptions {
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    stdin?: string;
    /** Seconds after which the process is ended. */
    timeout?: number;
    /** Gets what the program writes as it comes: the last line of each piece. */
    onLine?: (line: string, stream: "stdout" | "stderr") => void;
}

/** Runs a program with these arguments, without a shell, and collects what it writes. */
export function runProcess(program: string, args: string[], options: ProcessOptions): Promise<ProcessResult> {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, {
            cwd: options.cwd,
            env: options.env,
            timeout: options.timeout && options.timeout * 1000,
            windowsHide: true,
        });
        const output = { stdout: "", stderr: "" };
        for (const name of ["stdout", "stderr"] as const) {
            child[name].setEncoding("utf8").on("data", (text: string) => {
                output[name] += text;
                const line = text.trimEnd().split("\n").at(-1)?.trim();
                if (line) options.onLine?.(line, name);
            });
        }
        child.on("error", error => reject(new Error(`${program} can't be run: ${error.message}`)));
        child.on("close", (code, signal) => {
            if (signal) output.stderr += `\nended by ${signal}`;
            resolve({ code: code ?? 1, ...output });
        });
        // A program that does not read its input may have closed it.
        child.stdin.on("error", () => undefined).end(options.stdin ?? "");
    });
}
