import { spawnSync } from "node:child_process";

/** Where to get the programs that the scripts run. */
const guides: Record<string, string> = {
    docker: "Install Docker: https://docs.docker.com/get-started/get-docker/",
    kind: "Install kind: https://kind.sigs.k8s.io/docs/user/quick-start/#installation (`npm start` gets it by itself)",
    minikube: "Install minikube: https://minikube.sigs.k8s.io/docs/start/",
};

/** How a program ended, and what it printed. */
export interface Outcome {
    ok: boolean;
    stdout: string;
    stderr: string;
}

export interface ProgramOptions {
    /** Text for its standard input. */
    input?: string;
    /** File descriptor to use as its standard input instead. */
    stdin?: number;
    /** Variables in addition to those that it inherits. */
    env?: Record<string, string>;
}

/** An error that the user can fix, so it needs no stack trace. */
class Problem extends Error {}

/** Ends the script with a message for the user. */
export function fail(message: string): never {
    throw new Problem(message);
}

/** Does a script's work and prints what it returns. */
export async function main(work: () => string | void | Promise<string | void>): Promise<void> {
    try {
        process.stdout.write((await work()) ?? "");
    } catch (error) {
        report(error as Error);
    }
}

function report(error: Error): void {
    process.stderr.write(`${error instanceof Problem ? error.message : error.stack}\n`);
    process.exitCode = 1;
}

/** A value that the program passes to the script in its environment. */
export function setting(name: string): string {
    return process.env[name] || fail(`${name} is not set: this script is run by the program, not by hand.`);
}

/** Runs a program without a shell, and returns how it ended. If it can't be started, the script ends. */
export function attempt(program: string, args: readonly string[], { input, env, stdin }: ProgramOptions = {}): Outcome {
    const result = spawnSync(program, args, {
        encoding: "utf8",
        input,
        stdio: [stdin ?? "pipe", "pipe", "pipe"],
        env: { ...withoutSecrets(process.env), ...env },
        maxBuffer: 64 * 1024 * 1024,
        windowsHide: true,
    });
    const error: NodeJS.ErrnoException | undefined = result.error;
    if (error?.code === "ENOENT") fail(`${program} was not found on PATH. ${guides[program] ?? ""}`.trim());
    if (error) fail(`${program} could not be run: ${error.message}`);
    return { ok: result.status === 0, stdout: result.stdout, stderr: result.stderr };
}

/** Returns what a program prints. If it fails, the script ends with `problem` and the program's last lines. */
export function run(
    program: string, args: readonly string[], { problem, ...options }: ProgramOptions & { problem?: string } = {},
): string {
    const result = attempt(program, args, options);
    if (!result.ok) fail(`${problem ?? `${program} ${args[0]} failed.`}\n${lastLines(result)}`);
    return result.stdout;
}

/** The last lines of a program's standard error. Standard output is left out because it may contain a secret. */
export function lastLines({ stderr }: Pick<Outcome, "stderr">, count = 30): string {
    return stderr.trimEnd().split("\n").slice(-count).join("\n");
}

/** Checks a condition every second until it is true or the time is up; returns which. */
export function waitUntil(isTrue: () => boolean, seconds: number): boolean {
    const end = Date.now() + seconds * 1000;
    while (!isTrue()) {
        if (Date.now() > end) return false;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    }
    return true;
}

/**
 * The environment for a program that a script starts. It lacks the stack's passphrase and settings, which Pulumi gives to its
 * commands, and the user's credentials for other things.
 */
export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const secret = /^PULUMI_|PASSPHRASE|PASSWORD|SECRET|TOKEN|CREDENTIAL|PRIVATE_KEY|ACCESS_KEY|API_KEY/i;
    return Object.fromEntries(Object.entries(env).filter(([name]) => !secret.test(name)));
}
