import * as fs from "node:fs";
import type { Terminal } from "../terminal";
import { Interrupted, UserError } from "../terminal/errors";
import { Counter } from "./counter";
import type { Dump } from "./dump";
import { type Ended, execute, type Pod } from "./pod";

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

/**
 * The tables of the stack's own database. If the connection breaks, a program in the pod goes on, and may wait for locks that the
 * site holds. So undoing waits until the exchange has ended, and only then deletes: a late exchange finds nothing to put in place.
 */
export function tablesPart(database: Pod, dump: Dump, terminal: Terminal, signal: AbortSignal): Part {
    const run = (...command: string[]) => () => alone(database, command);
    return {
        async load() {
            const counter = new Counter(dump.file);
            const stop = terminal.watch(counter.status);
            await inPod(database, ["import-database", "load", String(dump.bytes), dump.format], signal,
                counter.counting(fs.createReadStream(dump.file))).finally(stop);
            terminal.line(`  ✓ ${dump.file} loaded, ${counter.size}`);
        },
        exchange: run("import-database", "swap"),
        undo: run("sh", "-c", "import-database undo || exit; import-database drop || true"),
        drop: run("import-database", "drop"),
    };
}

/** flock's exit code if the lock is taken. import-database never ends with it. */
const busy = 75;
/** Attempts to get the lock, and the seconds of each. Together they outlast an exchange, which gives up after two minutes. */
const patience = { attempts: 40, seconds: 10 };

/**
 * Runs a program in the database's pod while no other one runs like this. Its children hold the lock, even if the connection or
 * the program ends before them. Each attempt is short, because a silent connection may be cut.
 */
async function alone(database: Pod, command: string[]): Promise<void> {
    const lock = ["flock", "-w", String(patience.seconds), "-E", String(busy), "/tmp/import-database.lock"];
    for (let attempt = 0; attempt < patience.attempts; attempt++) {
        const ended = await execute(database, [...lock, ...command], { called: "import-database" });
        if (ended.code !== busy) return void outputOf(database, command, ended);
    }
    throw new UserError(`Another import-database still runs in the pod ${database.name}.`);
}

/** Does the work, unless the user has pressed Ctrl-C. */
async function step<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (signal.aborted) throw new Interrupted("Stopped.");
    return work();
}

/** Runs a program in a pod and returns its output. @throws UserError with its error messages */
export async function inPod(pod: Pod, command: string[], signal?: AbortSignal, input?: AsyncIterable<Buffer> | Buffer[]): Promise<string> {
    return outputOf(pod, command, await execute(pod, command, { input, signal }));
}

function outputOf(pod: Pod, command: string[], { code, stdout, stderr }: Ended): string {
    if (code === 0) return stdout;
    throw new UserError(stderr.trim() || `${command.join(" ")} in the pod ${pod.name} ended with code ${code}.`);
}

export function indent(text: string): string {
    return text.trimEnd().split("\n").map(line => `    ${line}`).join("\n");
}
