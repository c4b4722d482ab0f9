// @ts-nocheck
import { spawn } from "node:child_process";

import { withoutSecrets } from "../../scripts/process";

/**
 * Runs a program; `input` is text for its standard input, or another program that writes it, `{ program, args }`, whose
 * end is told as `producer`. Once what it has printed `isOver`, nobody waits for its end; `onError` gets what it prints on
 * standard error as it comes.
 */
export async function execute(program, args, input = "", watch = {}) {
    const env = withoutSecrets(process.env);
    const producer = input.program && spawn(input.program, input.args, { stdio: ["ignore", "pipe", "pipe"], env });
    const child = spawn(program, args, { stdio: [producer?.stdout ?? "pipe", "pipe", "pipe"], windowsHide: true, env });
    if (!producer) {
        child.stdin.on("error", () => undefined); // it ended without reading all: its code tells
        child.stdin.end(input);
    }
    producer?.stdout.destroy(); // only the consumer holds the pipe, so that either's end is seen by the other
    const [result, written] = await Promise.all([ended(child, program, watch), producer && ended(producer, input.program)]);
    return { ...result, producer: written };
}

function ended(child, program, { isOver = () => false, onError = () => undefined } = {}) {
    return new Promise((resolve, reject) => {
        const output = { stdout: "", stderr: "" };
        for (const name of ["stdout", "stderr"]) {
            child[name].setEncoding("utf8").on("data", text => {
                output[name] += text;
                if (name === "stderr") onError(text);
                if (isOver(output)) child.kill();
            });
        }
        child.on("error", error => reject(error.code === "ENOENT" ? missing(program) : error));
        child.on("close", code => resolve({ code: code ?? 1, ...output }));
    });
}

function missing(program) {
    return new Error(`${program} was not found on PATH.` + (program.startsWith("ssh") ? " Install the OpenSSH client: " +
        "apt-get install openssh-client; on Windows: Settings, Optional features; macOS has it." : ""));
}
