import * as fs from "node:fs";
import type { Terminal } from "../terminal";
import { Interrupted, UserError } from "../terminal/errors";
import { Counter } from "./counter";
import type { Dump } from "./dump";
import { execute, type Pod } from "./pod";

/** A part of what an import replaces, in its steps. */
export interface Part {
    load(): Promise<unknown>;
    exchange(): Promise<unknown>;
    undo(): Promise<unknown>;
    /** Removes the previous content, or what was loaded if the import failed. */
    drop(): Promise<unknown>;
}

/** What the messages call an import's content, and its last step. */
interface Import {
    /** What is replaced. */
    what: string;
    /** What a person does to put the old content back. */
    undo: string;
    /** The last step, which may fail too. */
    finish?: () => Promise<unknown>;
}

/** Loads all parts next to the existing content, then exchanges them, and exchanges them back if anything fails after that. */
export async function exchange(parts: Part[], terminal: Terminal, signal: AbortSignal, { what, undo, finish }: Import): Promise<void> {
    const exchanged: Part[] = [];
    try {
        for (const part of parts) await step(signal, part.load);
        for (const part of parts) {
            // A step that failed half-way must be undone, too.
            exchanged.push(part);
            await step(signal, part.exchange);
        }
        await finish?.();
    } catch (error) {
        const stuck: Part[] = [];
        for (const part of exchanged.reverse()) {
            await part.undo().catch((problem: Error) => {
                stuck.push(part);
                terminal.line(`  ${problem.message}`);
            });
        }
        // If undoing failed, this is the only copy of the previous content.
        for (const part of parts.filter(part => !stuck.includes(part))) await part.drop().catch(() => undefined);
        const outcome = stuck.length === 0 ? `The ${what} is as it was.`
            : `The old ${what} could not be put back, and is kept beside the new one. Don't import again, because that removes it. By kubectl exec, ${undo}.`;
        throw new (error instanceof Interrupted ? Interrupted : UserError)(`${(error as Error).message}\n${outcome}`);
    }
    for (const part of parts) {
        await part.drop().catch((problem: Error) => terminal.line(`  What was replaced could not be removed, and takes space until the next import: ${problem.message}`));
    }
}

/** The tables of the stack's own database. */
export function tablesPart(database: Pod, dump: Dump, terminal: Terminal, signal: AbortSignal): Part {
    const run = (action: string) => () => inPod(database, ["import-database", action]);
    return {
        async load() {
            const counter = new Counter(dump.file);
            const stop = terminal.watch(counter.status);
            await inPod(database, ["import-database", "load", String(dump.bytes), dump.format], signal,
                counter.counting(fs.createReadStream(dump.file))).finally(stop);
            terminal.line(`  ✓ ${dump.file} loaded, ${counter.size}`);
        },
        exchange: run("swap"),
        undo: run("undo"),
        drop: run("drop"),
    };
}

/** Does the work, unless the user has pressed Ctrl-C. */
async function step<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (signal.aborted) throw new Interrupted("Stopped.");
    return work();
}

/** Runs a program in a pod and returns its output. @throws UserError with its error messages */
export async function inPod(pod: Pod, command: string[], signal?: AbortSignal, input?: AsyncIterable<Buffer> | Buffer[]): Promise<string> {
    const { code, stdout, stderr } = await execute(pod, command, { input, signal });
    if (code === 0) return stdout;
    throw new UserError(stderr.trim() || `${command.join(" ")} in the pod ${pod.name} ended with code ${code}.`);
}

export function indent(text: string): string {
    return text.trimEnd().split("\n").map(line => `    ${line}`).join("\n");
}
