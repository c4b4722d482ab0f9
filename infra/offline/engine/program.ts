import { createRequire } from "node:module";
import * as path from "node:path";

import * as pulumi from "@pulumi/pulumi";
import * as state from "@pulumi/pulumi/runtime/state";

import { type Answers, type Outcome, startMonitor } from "./monitor";
import type { Values } from "./values";

const root = path.resolve(__dirname, "../../..");

/** Which program to run, and as which stack. */
export interface ProgramOptions {
    stack: string;
    /** As `PULUMI_CONFIG` holds it: full keys; objects as JSON. */
    config: Record<string, string>;
    /** Keys of `config` that are secrets. */
    secretKeys?: string[];
    /** A program other than `infra/index.ts`; it returns the stack's outputs. */
    program?: () => Promise<unknown>;
    preview?: boolean;
}

/** The SDK keeps what belongs to one run in a store; the Automation API gives each program its own by this function. */
const { withLocalStorage } = state as unknown as {
    withLocalStorage: <T>(callback: () => Promise<T>) => Promise<T>;
};

/**
 * Runs the program under the SDK's mock monitor, with the stack as the root resource, and returns the stack's outputs.
 * Every registration is answered by `register`, in the order of dependency. The first error ends the run: what is
 * under way finishes, nothing further is registered, and the error is thrown.
 */
export function runProgram(options: ProgramOptions, { register, ...answers }: Answers): Promise<Values> {
    return withLocalStorage(async () => {
        const failure = new FirstError();
        const underWay = new Set<Promise<Outcome>>();
        const monitor = await startMonitor(options, failure, {
            ...answers,
            register(registration) {
                const outcome = register(registration);
                underWay.add(outcome);
                return outcome.finally(() => underWay.delete(outcome));
            },
        });
        process.on("unhandledRejection", failure.report);
        process.once("exit", failIfUnfinished);
        try {
            await Promise.race([runInStack(options), failure.promise]);
            failure.throwIfAny();
            return monitor.outputs;
        } finally {
            await Promise.allSettled(underWay);
            await rejectionsReported();
            process.off("unhandledRejection", failure.report);
            process.off("exit", failIfUnfinished);
        }
    });
}

async function runInStack(options: ProgramOptions): Promise<void> {
    await pulumi.runtime.runInPulumiStack(options.program ?? loadProgram);
    await pulumi.runtime.disconnect();
    await rejectionsReported();
    if (pulumi.log.hasErrors()) throw new Error("The program logged errors; they are above");
}

/** Node reports a rejection that nobody handles only after the microtasks. */
function rejectionsReported(): Promise<void> {
    return new Promise(resolve => setImmediate(resolve));
}

/** Loads `infra/index.ts` afresh, and runs it if it exports a function, as Pulumi does. */
async function loadProgram(): Promise<unknown> {
    const load = createRequire(path.join(root, "package.json"));
    if (!load.extensions[".ts"]) (load("tsx/cjs/api") as { register(): void }).register();
    const own = [path.join(root, "infra"), path.join(root, "components")];
    const callers = [path.join(root, "infra", "cli"), path.join(root, "infra", "offline")];
    const within = (file: string) => (directory: string) => file.startsWith(directory + path.sep);
    for (const file of Object.keys(load.cache)) {
        if (own.some(within(file)) && !callers.some(within(file))) delete load.cache[file];
    }
    const exported: unknown = load("./infra/index.ts");
    return typeof exported === "function" ? (exported as () => unknown)() : exported;
}

/** Keeps the first error of a run. */
export class FirstError {
    private error: unknown;
    private reject: (error: unknown) => void = () => undefined;
    readonly promise = new Promise<never>((_, reject) => (this.reject = reject));

    constructor() {
        this.promise.catch(() => undefined);
    }

    readonly report = (error: unknown): void => {
        this.error ??= error;
        this.reject(error);
    };

    throwIfAny(): void {
        if (this.error !== undefined) throw this.error;
    }
}

/** Node ends quietly when the program waits for something that never comes. */
function failIfUnfinished(): void {
    process.exitCode ||= 1;
    process.stderr.write("The program ended before its resources were complete: a value it waits for never comes.\n");
}
