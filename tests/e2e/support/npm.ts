import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { npmCommand } from "../../../infra/cli/bootstrap.mjs";
import { root } from "./names";

/** How a command has ended. */
export interface Ended {
    code: number;
    /** What it printed on standard output, and on both. */
    stdout: string;
    output: string;
    seconds: number;
}

/** A command that is under way. */
export interface Running {
    ended: Promise<Ended>;
    /** What Ctrl-C does: SIGINT to npm and all that it has started in the terminal's foreground. */
    interrupt(): void;
}

/** Starts `npm <args>` in the project as a user would, and copies what it prints to the test log. */
export function startNpm(args: string[], environment: Record<string, string>, echo = true): Running {
    const npm = npmCommand(process.env, process.execPath, fs.existsSync);
    return startProgram(npm.program, [...npm.args, ...args], environment, echo);
}

/** Starts a program, in this project unless another directory is named, and copies what it prints to the test log. */
export function startProgram(
    program: string, args: string[], environment: Record<string, string>, echo = true, cwd = root,
): Running {
    const begin = Date.now();
    const child = spawn(program, args, {
        cwd,
        env: { ...userEnvironment(), ...environment },
        stdio: ["ignore", "pipe", "pipe"],
        detached: process.platform !== "win32",
    });
    const printed: { stream: "out" | "err"; text: string }[] = [];
    // Whole lines: where both streams are busy, one may come between two parts of a line of the other.
    const keep = (stream: "out" | "err"): void => {
        let line = "";
        child[`std${stream}`].setEncoding("utf8").on("data", (text: string) => {
            if (echo) process.stdout.write(text);
            const whole = text.lastIndexOf("\n") + 1;
            if (whole > 0) printed.push({ stream, text: line + text.slice(0, whole) });
            line = whole > 0 ? text.slice(whole) : line + text;
        }).on("end", () => printed.push({ stream, text: line }));
    };
    keep("out");
    keep("err");
    const ended = new Promise<Ended>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code, signal) => resolve({
            code: code ?? (signal === "SIGINT" ? 130 : 1),
            stdout: printed.filter(({ stream }) => stream === "out").map(({ text }) => text).join(""),
            output: printed.map(({ text }) => text).join(""),
            seconds: Math.round((Date.now() - begin) / 1000),
        }));
    });
    const interrupt = (): void => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        if (process.platform === "win32") child.kill("SIGINT");
        else if (child.pid) process.kill(-child.pid, "SIGINT");
    };
    return { ended, interrupt };
}

/** Runs `npm <args>` to its end. */
export function npm(args: string[], environment: Record<string, string> = {}, echo = true): Promise<Ended> {
    return startNpm(args, environment, echo).ended;
}

/** Renders a stack; returns what is printed on standard output. */
export async function render(...args: string[]): Promise<string> {
    const { code, stdout, output } = await npm(["run", "--silent", "render", "--", ...args], {}, false);
    if (code !== 0) throw new Error(`npm run render -- ${args.join(" ")} ended with code ${code}:\n${output}`);
    return stdout;
}

/** This process's environment without what the test runner has put there. */
function userEnvironment(): NodeJS.ProcessEnv {
    const own = /^(VITEST|TEST$|NODE_ENV$|DEV$|PROD$|SSR$|MODE$|BASE_URL$)/;
    return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}
