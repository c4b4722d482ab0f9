import type { Provider } from "@pulumi/pulumi/provider";
import { randomBytes } from "node:crypto";
import { asObject, asString, unwrap, Value, Values } from "../../values";
import { Failed, killAll, run } from "./run";
import { partsOf, refuse, serve, show, versionOf } from "./serve";

const supported = {
    "command:local:Command": [
        "create", "update", "delete", "triggers", "environment", "interpreter", "dir", "stdin", "logging",
        "addPreviousOutputInEnv",
    ],
};

/**
 * `command:local:Command` as version 1 of Pulumi's provider: an update runs `update`, else `create` again. The SDK asks
 * by `replaceOnChanges` for a replacement where triggers change. Outputs are secret only where the program says so.
 */
export const command: Provider = {
    version: versionOf("@pulumi/command"),
    async check(urn: string, _olds: Values, inputs: Values) {
        return { inputs, failures: refuse(urn, inputs, supported) };
    },
    async create(urn: string, inputs: Values) {
        const id = partsOf(urn).name + randomBytes(4).toString("hex");
        return { id, outs: await execute(urn, inputs.create, inputs, {}) };
    },
    async update(_id: string, urn: string, olds: Values, inputs: Values) {
        return { outs: await execute(urn, inputs.update ?? inputs.create, inputs, olds) };
    },
    async delete(_id: string, urn: string, state: Values) {
        await execute(urn, state.delete, state, state);
    },
    async cancel() {
        killAll();
    },
};

/** Runs a command line, if there is one. Returns the resource's outputs. */
async function execute(urn: string, given: Value | undefined, inputs: Values, previous: Values): Promise<Values> {
    const line = asString(given);
    const [stdout, stderr] = [asString(previous.stdout) ?? "", asString(previous.stderr) ?? ""];
    if (line === undefined) return { ...inputs, stdout, stderr };

    const [program, ...args] = [...interpreter(inputs), line];
    const logged = loggedStreams(asString(inputs.logging));
    const before = inputs.addPreviousOutputInEnv === false ? {} : {
        ...(stdout && { PULUMI_COMMAND_STDOUT: stdout }), ...(stderr && { PULUMI_COMMAND_STDERR: stderr }),
    };
    try {
        const written = await run(program, args, {
            cwd: asString(inputs.dir),
            env: { ...process.env, ...asObject(inputs.environment) as Record<string, string>, ...before },
            stdin: asString(inputs.stdin),
            onLine: (line, stream) => logged.includes(stream) && show(urn, line),
        });
        return { ...inputs, stdout: withoutNewline(written.stdout), stderr: withoutNewline(written.stderr) };
    } catch (error) {
        if (!(error instanceof Failed)) throw error;
        throw new Error(`${error.status}: running ${JSON.stringify(line)}:\n${error.output}`);
    }
}

function interpreter({ interpreter }: Values): string[] {
    const given = unwrap(interpreter ?? []) as string[];
    if (given.length > 0) return given;
    return process.platform === "win32" ? ["cmd", "/C"] : ["/bin/sh", "-c"];
}

function loggedStreams(logging = "stdoutAndStderr"): string[] {
    return logging === "stdoutAndStderr" ? ["stdout", "stderr"] : [logging];
}

function withoutNewline(written: string): string {
    return written.replace(/\n$/, "");
}

if (require.main === module) serve(command);
