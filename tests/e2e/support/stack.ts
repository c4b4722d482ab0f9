import * as fs from "node:fs";
import { inject, onTestFinished } from "vitest";
import { stackFile } from "../../../infra/cli/stack/home";
import { addKitToPath, addToPath, binDirectory } from "../../../infra/cli/tools/programs";
import { names } from "./names";
import { Ended, npm, Running, startNpm } from "./npm";
import { commandEnvironment, forgetFirstStart, isSettled, keepFirstStart, markSettled, readFirstStart } from "./suite";

const suite = inject("suite");
const environment = commandEnvironment(suite);
Object.assign(process.env, environment); // for the functions of the commands that look where things are

/** Directory of all that the stack keeps. */
export const home = environment.LANDFALL_HOME;
/** What Docker held before the suite. */
export const before = suite.before;

/**
 * Makes sure that the stack is up, by `npm start` where no file before has done so, or has left it half-way; tells how the
 * first start went.
 */
export async function ensureUp(): Promise<Ended> {
    if (!readFirstStart(suite)) {
        // So that no later file tries again if this one is interrupted.
        keepFirstStart(suite, { code: 1, stdout: "", output: "", seconds: 0 });
        keepFirstStart(suite, await start());
    }
    let first = readFirstStart(suite) as Ended;
    if (first.code === 0 && !isSettled(suite)) {
        // An earlier test failed half-way and reports that itself. The files after it needn't fail too.
        first = { ...first, code: (await start()).code };
        keepFirstStart(suite, first);
    }
    if (first.code !== 0) throw new Error(`npm start ended with code ${first.code}; what it printed is above.`);
    usePrograms();
    return first;
}

/** Whether an earlier file, or an earlier run that kept its stack, has started it. */
export function isUp(): boolean {
    return readFirstStart(suite) !== undefined;
}

/** `npm start` of the suite's stack. */
export function start(): Promise<Ended> {
    return beginStart().ended;
}

/** `npm start` of the suite's stack, to be interrupted. */
export function beginStart(more: Record<string, string> = {}): Running {
    markSettled(suite, false);
    const running = startNpm(["start", "--", "--stack", names.stack], { ...environment, ...more });
    endWithTest(running);
    const ended = running.ended.then(result => {
        if (result.code === 0) markSettled(suite, true);
        return result;
    });
    return { ...running, ended };
}

/** Has a start end with the test that began it, also where that fails or its time is over: the next needs the stack. */
function endWithTest({ ended, interrupt }: Running): void {
    try {
        onTestFinished(async () => {
            interrupt();
            await ended;
        });
    } catch {
        // It was begun by a hook, which waits for it.
    }
}

/** `npm run down` of the suite's stack, without a terminal: where it holds data, with `--yes` or `--keep-data` only. */
export function down(...options: string[]): Promise<Ended> {
    markSettled(suite, false);
    return npm(["run", "down", "--", "--stack", names.stack, ...options], environment);
}

/** `npm run preview` of the suite's stack. */
export function preview(): Promise<Ended> {
    return npm(["run", "--silent", "preview", "--", "--stack", names.stack], environment);
}

/** Forgets the first start, for the stack is no more. */
export function forgetStart(): void {
    forgetFirstStart(suite);
    markSettled(suite, true);
}

/** The administrator's password, from the file that `npm start` names. */
export function adminPassword(): string {
    return fs.readFileSync(stackFile(names.stack, "admin-password"), "utf8").trim();
}

/** Puts kind on PATH as `npm start` has got it. */
function usePrograms(): void {
    addToPath(binDirectory());
    addKitToPath();
}

/** Writes a figure to the test log. */
export function figure(what: string, value: string | number): void {
    process.stdout.write(`    figure: ${what}: ${value}\n`);
}
