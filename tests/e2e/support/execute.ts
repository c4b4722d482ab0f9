import { execFile } from "node:child_process";

/** How a program has ended, well or not. */
export interface Executed {
    code: number;
    stdout: string;
    stderr: string;
}

/** Runs a program to its end, whatever it is. */
export function execute(
    program: string, args: string[], { input = "", env }: { input?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Executed> {
    return new Promise((resolve, reject) => {
        const options = { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 };
        const child = execFile(program, args, options, (error, stdout, stderr) => {
            if (error && typeof error.code !== "number") reject(error);
            else resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
        });
        child.stdin?.on("error", () => undefined); // it ended without reading
        child.stdin?.end(input);
    });
}
