import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import * as path from "node:path";
import { isOver, isTurn, type Order, readFirstStart, type Suite } from "./suite";
import { until } from "./wait";

const opened = Date.now();
let turn: number;

beforeAll(async () => {
    await takeTurn(inject("suite"), inject("order"), expect.getState().testPath as string);
    turn = Date.now();
}, 85 * 60_000);

/** At once: a run that is stopped prints no summary. What fails in a file's beforeAll is only in that. */
afterEach(({ task: { name, result } }) => {
    for (const { message } of result?.errors ?? []) process.stdout.write(`    failed: ${name}: ${message}\n`);
});

afterAll(() => {
    const [waited, took] = [turn - opened, Date.now() - turn].map(time => Math.round(time / 1000));
    process.stdout.write(`    figure: ${path.basename(expect.getState().testPath as string)}: took ${took} s after a wait of ${waited} s\n`);
});

async function takeTurn(suite: Suite, order: Order, file: string): Promise<void> {
    const hasStarted = (): boolean => (readFirstStart(suite)?.seconds ?? 0) > 0;
    await until(`the turn of ${path.basename(file)}`, async () => isTurn(order, file, other => isOver(suite, other), hasStarted()), Infinity);
}
