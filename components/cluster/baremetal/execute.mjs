import { spawn } from "node:child_process";

/** Runs a program; `input` is text for its standard input, or another program that writes it: `{ program, args }`. */
export function execute(program, args, input = "") {
    const producer = input.program && spawn(input.program, input.args, { stdio: ["ignore", "pipe", "pipe"] });
    const child = spawn(program, args, { stdio: [producer?.stdout ?? "pipe", "pipe", "pipe"], windowsHide: true });
    if (!producer) {
        child.stdin.on("error", () => undefined); // it ended without reading all: its code tells
        child.stdin.end(input);
    }
    producer?.stdout.destroy(); // only the consumer holds the pipe, so that either's end is seen by the other
    return producer ? both(ended(producer, input.program), ended(child, program)) : ended(child, program);
}

async function both(producer, consumer) {
    const [{ code, stderr }, result] = await Promise.all([producer, consumer]);
    return result.code !== 0 || code === 0 ? result : { ...result, code, stderr };
}

function ended(child, program) {
    return new Promise((resolve, reject) => {
        const output = { stdout: [], stderr: [] };
        child.stdout.on("data", data => output.stdout.push(data));
        child.stderr.on("data", data => output.stderr.push(data));
        child.on("error", error => reject(error.code === "ENOENT" ? missing(program) : error));
        child.on("close", code => resolve({
            code: code ?? 1,
            stdout: Buffer.concat(output.stdout).toString(),
            stderr: Buffer.concat(output.stderr).toString(),
        }));
    });
}

function missing(program) {
    return new Error(`${program} was not found on PATH.` + (program.startsWith("ssh") ? " Install the OpenSSH client: " +
        "apt-get install openssh-client; on Windows: Settings, Optional features; macOS has it." : ""));
}
