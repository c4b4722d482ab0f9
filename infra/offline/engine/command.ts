import { randomBytes } from "node:crypto";
import * as path from "node:path";

import { runProcess } from "./process";
import type { Outcome } from "./monitor";
import type { Action, Handler } from "./types";
import { asObject, asString, containsSecret, secret, unwrap, type Value, type Values } from "./values";

/**
 * `command:local:Command`, as version 1 of Pulumi's provider: an update runs `update`, or else `create` again; what
 * the command wrote last is in PULUMI_COMMAND_STDOUT and PULUMI_COMMAND_STDERR. New triggers replace it, since the SDK
 * asks for that by `replaceOnChanges`.
 */
export const command: Handler = {
    check({ name, inputs }) {
        const unsupported = ["assetPaths", "archivePaths"].find(key => key in inputs);
        if (unsupported) throw new Error(`command:local:Command "${name}" uses ${unsupported}, which only Pulumi does`);
        return inputs;
    },
    async create(action) {
        const id = action.name + randomBytes(4).toString("hex");
        return { id, outputs: await run(action, action.inputs.create, {}) };
    },
    async update(action, old): Promise<Outcome> {
        return { id: old.id, outputs: await run(action, action.inputs.update ?? action.inputs.create, old.outputs) };
    },
    async delete(action, old) {
        await run(action, action.inputs.delete, old.outputs);
    },
};

async function run(action: Action, text: Value | undefined, previous: Values): Promise<Values> {
    const { stdout = "", stderr = "" } = previous;
    const line = asString(text);
    if (line === undefined) return outputs(action.inputs, asString(stdout) ?? "", asString(stderr) ?? "");

    const { inputs } = action;
    const [program, ...args] = [...interpreter(inputs), line];
    const quiet = ["none", "stdout"].includes(asString(inputs.logging) ?? "");
    const result = await runProcess(program, args, {
        cwd: path.resolve(asString(inputs.dir) ?? "."),
        env: { ...action.env, ...environment(inputs.environment), ...previousOutput(inputs, previous) },
        stdin: asString(inputs.stdin),
        timeout: action.timeout,
        // Standard output may be what nobody should see, such as a kubeconfig.
        onLine: (text, stream) => stream === "stderr" && !quiet && action.progress(text),
    });
    if (result.code !== 0) throw new Error(failure(action, program, result.code, result.stdout, result.stderr));
    return outputs(inputs, trimNewline(result.stdout), trimNewline(result.stderr));
}

function interpreter(inputs: Values): string[] {
    const given = unwrap(inputs.interpreter ?? []) as string[];
    if (given.length > 0) return given;
    return process.platform === "win32" ? ["cmd", "/C"] : ["/bin/sh", "-c"];
}

function environment(values: Value | undefined): Record<string, string> {
    return Object.fromEntries(Object.entries(asObject(values)).map(([key, value]) => [key, String(value)]));
}

function previousOutput(inputs: Values, previous: Values): Record<string, string> {
    if (inputs.addPreviousOutputInEnv === false) return {};
    const stdout = asString(previous.stdout);
    const stderr = asString(previous.stderr);
    return { ...(stdout && { PULUMI_COMMAND_STDOUT: stdout }), ...(stderr && { PULUMI_COMMAND_STDERR: stderr }) };
}

/** Each output depends on every input, so one secret input makes the outputs secret. */
function outputs(inputs: Values, stdout: string, stderr: string): Values {
    const mark = (text: string): Value => (containsSecret(inputs) ? secret(text) : text);
    return { ...inputs, stdout: mark(stdout), stderr: mark(stderr) };
}

/** Standard output is left out where it may hold a secret. */
function failure(action: Action, program: string, code: number, stdout: string, stderr: string): string {
    const written = [containsSecret(action.inputs) ? "" : stdout, stderr].map(text => text.trim()).filter(Boolean);
    return `${program} ended with exit code ${code}${written.length > 0 ? `:\n${written.join("\n")}` : ""}`;
}

function trimNewline(text: string): string {
    return text.endsWith("\n") ? text.slice(0, -1) : text;
}
