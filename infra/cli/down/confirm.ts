import * as readline from "node:readline/promises";
import type { HeldData } from "../engine/keep";
import type { Terminal } from "../terminal";
import { Interrupted, UserError } from "../terminal/errors";

/** The used part of the input stream. */
export type Source = NodeJS.ReadableStream & { isTTY?: boolean };

/**
 * Asks the user to type the stack's name before a stack with data is removed.
 * @param canKeep whether `--keep-data` is an alternative
 * @throws UserError if nobody can be asked or the answer differs
 */
export async function confirmRemoval(
    data: HeldData, stack: string, canKeep: boolean, { terminal, signal }: { terminal: Terminal; signal: AbortSignal },
    source: Source = process.stdin,
): Promise<void> {
    const loss = describeLoss(data, stack);
    const options = stack === "dev" ? "" : `--stack ${stack} `;
    const keep = canKeep ? `To keep the data: npm run down -- ${options}--keep-data` : "";
    const lines = [loss, "Nothing was changed.", keep, `To remove it without being asked: npm run down -- ${options}--yes`];
    await askFor(stack, {
        question: [loss, keep, `To remove it, type the stack's name, ${stack}:`].filter(Boolean).join("\n"),
        alone: lines.filter(Boolean).join("\n"), other: "That is not the stack's name. Nothing was changed.",
    }, { terminal, signal }, source);
}

/** What is said to the user. */
interface Question {
    question: string;
    /** If nobody can be asked. */
    alone: string;
    /** If the answer is another. */
    other: string;
}

/** Asks the user to type a word. @throws UserError if nobody can be asked or the answer differs */
export async function askFor(
    word: string, { question, alone, other }: Question, { terminal, signal }: { terminal: Terminal; signal: AbortSignal },
    source: Source = process.stdin,
): Promise<void> {
    if (!source.isTTY) throw new UserError(alone);
    terminal.line(question);
    const answer = await firstLine(source, signal);
    if (signal.aborted) throw new Interrupted("Stopped. Nothing was changed.");
    if (answer.trim() !== word) throw new UserError(other);
}

function describeLoss({ volumes, outlives }: HeldData, stack: string): string {
    const names = volumes.join(", ");
    return outlives
        ? `Removing the stack "${stack}" deletes its site and its passwords. Its volumes are kept (landfall:environment.volumes): ${names}.`
        : `Removing the stack "${stack}" permanently deletes the data in its volumes: ${names}.`;
}

/** Empty at the end of the input or on Ctrl-C. The terminal edits the line, and turns Ctrl-C into a signal. */
async function firstLine(input: Source, signal: AbortSignal): Promise<string> {
    const lines = readline.createInterface({ input, terminal: false });
    try {
        return await new Promise<string>(resolve => {
            lines.once("line", resolve);
            lines.once("close", () => resolve(""));
            signal.addEventListener("abort", () => resolve(""), { once: true });
        });
    } finally {
        lines.close();
    }
}
