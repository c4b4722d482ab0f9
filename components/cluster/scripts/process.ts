// @ts-nocheck
import { spawnSync } from "node:child_process";

/** Where to get the programs that the scripts run. */
const guides = {
    docker: "Install Docker: https://docs.docker.com/get-started/get-docker/",
    kind: "Install kind: https://kind.sigs.k8s.io/docs/user/quick-start/#installation (`npm start` gets it by itself)",
    minikube: "Install minikube: https://minikube.sigs.k8s.io/docs/start/",
};

/** Something a person has to see to. */
class Problem extends Error {}

/** Ends the script, and says for people why. */
export function fail(message: string): never {
    throw new Problem(message);
}

/** Runs a script's work, which may take its time, and prints what it returns. */
export async function main(work) {
    try {
        process.stdout.write((await work()) ?? "");
    } catch (error) {
        report(error);
    }
}

function report(error) {
    process.stderr.write(`${error instanceof Problem ? error.message : error.stack}\n`);
    process.exitCode = 1;
}

/** A value that the program put into the environment. */
export function setting(name: string): string {
    return process.env[name] || fail(`${name} is not set: this script is run by the program, not by hand.`);
}

/** Runs a program, without a shell, and returns what it printed; `ok` tells how it ended. */
export function attempt(program, args, { input, env, stdin } = {}) {
    const result = spawnSync(program, args, {
        encoding: "utf8",
        input,
        stdio: [stdin ?? "pipe", "pipe", "pipe"],
        env: { ...withoutSecrets(process.env), ...env },
        maxBuffer: 64 * 1024 * 1024,
        windowsHide: true,
    });
    if (result.error?.code === "ENOENT") fail(`${program} was not found on PATH. ${guides[program] ?? ""}`.trim());
    if (result.error) fail(`${program} could not be run: ${result.error.message}`);
    return { ok: result.status === 0, stdout: result.stdout, stderr: result.stderr };
}

/** As `attempt`, but an error of the program ends the script, with `problem` and the end of what it printed. */
export function run(program, args, { problem, ...options } = {}) {
    const result = attempt(program, args, options);
    if (!result.ok) fail(`${problem ?? `${program} ${args[0]} failed.`}\n${lastLines(result)}`);
    return result.stdout;
}

/** The end of what a program printed; standard output is left out, as it may hold a secret. */
export function lastLines({ stderr }, count = 30) {
    return stderr.trimEnd().split("\n").slice(-count).join("\n");
}

/** Asks every second, until the answer is yes or the time is over; tells which. */
export function waitUntil(isTrue, seconds) {
    const end = Date.now() + seconds * 1000;
    while (!isTrue()) {
        if (Date.now() > end) return false;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    }
    return true;
}

/**
 * The environment for a program that a script starts: without the stack's passphrase and settings, which Pulumi hands its
 * commands, and without the user's credentials for anything else.
 */
export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const secret = /^PULUMI_|PASSPHRASE|PASSWORD|SECRET|TOKEN|CREDENTIAL|PRIVATE_KEY|ACCESS_KEY|API_KEY/i;
    return Object.fromEntries(Object.entries(env).filter(([name]) => !secret.test(name)));
}
