import * as fs from "node:fs";
import * as path from "node:path";
import type { Holdings } from "./docker";
import type { Ended } from "./npm";

/** What the suite's set-up tells its files. */
export interface Suite {
    /** Temporary directory of all that the stack keeps. */
    directory: string;
    /** What Docker held before. */
    before: Holdings;
}

/** Paths of the files that are run: those that share the suite's stack, in turn, and beside them lists of others, each in turn. */
export interface Order {
    inTurn: string[];
    beside: string[][];
    /** One of the first whose end the others wait for only from `until` on. */
    meanwhile?: string;
    until?: string;
}

/**
 * Whether a file may begin. Those that run beside the others wait for their first start, because both need what that builds
 * on a closed network, or until only the last one is left. That one takes the stack down, and waits for them.
 */
export function isTurn(
    { inTurn, beside, meanwhile, until }: Order, file: string, isOver: (other: string) => boolean, hasStarted: boolean,
): boolean {
    const list = beside.find(files => files.includes(file)) ?? inTurn;
    const before = list.slice(0, list.indexOf(file));
    if (list !== inTurn) return before.every(isOver) && (hasStarted || inTurn.slice(0, -1).every(isOver));
    const waitsForAll = until === undefined || file === until || before.includes(until);
    return before.filter(other => waitsForAll || other !== meanwhile).every(isOver) && (file !== inTurn.at(-1) || beside.flat().every(isOver));
}

/** Environment of the commands: nothing of the user's own home or Pulumi state is touched. */
export function commandEnvironment({ directory }: Suite): Record<string, string> {
    return {
        LANDFALL_HOME: path.join(directory, "home"),
        PULUMI_BACKEND_URL: `file://${path.join(directory, "backend").split(path.sep).join("/")}`,
    };
}

/** What Docker held before, for later runs with the same stack. */
export function readBefore({ directory }: Suite): Holdings {
    return JSON.parse(fs.readFileSync(path.join(directory, "before.json"), "utf8")) as Holdings;
}

export function keepBefore({ directory, before }: Suite): void {
    fs.writeFileSync(path.join(directory, "before.json"), JSON.stringify(before));
}

/** How the first start went, for the files that come after the one that did it. */
export function readFirstStart(suite: Suite): Ended | undefined {
    const file = firstStart(suite);
    return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as Ended) : undefined;
}

export function keepFirstStart(suite: Suite, ended: Ended): void {
    fs.writeFileSync(firstStart(suite), JSON.stringify(ended));
}

/** The stack is no more, or never came up. */
export function forgetFirstStart(suite: Suite): void {
    fs.rmSync(firstStart(suite), { force: true });
}

function firstStart({ directory }: Suite): string {
    return path.join(directory, "first-start.json");
}

/** Whether the last command that changes the stack has left it as it is declared. */
export function isSettled(suite: Suite): boolean {
    return !fs.existsSync(unsettled(suite));
}

export function markSettled(suite: Suite, settled: boolean): void {
    if (settled) fs.rmSync(unsettled(suite), { force: true });
    else fs.writeFileSync(unsettled(suite), "");
}

function unsettled({ directory }: Suite): string {
    return path.join(directory, "unsettled");
}

/** Whether a file of this run has ended. */
export function isOver(suite: Suite, file: string): boolean {
    return fs.existsSync(end(suite, file));
}

export function markOver(suite: Suite, file: string): void {
    fs.writeFileSync(end(suite, file), "");
}

function end({ directory }: Suite, file: string): string {
    return path.join(directory, `${path.basename(file)}.over`);
}
