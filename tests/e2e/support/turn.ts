import { afterAll, beforeAll, expect, inject } from "vitest";
import * as path from "node:path";
import { isOver, type Order, readFirstStart, type Suite } from "./suite";
import { until } from "./wait";

const opened = Date.now();
let turn: number;

beforeAll(async () => {
    await takeTurn(inject("suite"), inject("order"), expect.getState().testPath as string);
    turn = Date.now();
});

afterAll(() => {
    const [waited, took] = [turn - opened, Date.now() - turn].map(time => Math.round(time / 1000));
    process.stdout.write(`    figure: ${path.basename(expect.getState().testPath as string)}: took ${took} s after a wait of ${waited} s\n`);
});

/**
 * Waits for this file's turn. Those that run beside the others begin when their first start is over, for both need what
 * that builds on a closed network; the last, which takes the stack down, waits for them.
 */
async function takeTurn(suite: Suite, { inTurn, beside, meanwhile, until: end }: Order, file: string): Promise<void> {
    const areOver = (files: string[]): boolean => files.every(other => isOver(suite, other));
    const beforeIn = (list: string[]): string[] => list.slice(0, list.indexOf(file));
    const isReady = (): boolean => {
        const before = beforeIn(beside.find(list => list.includes(file)) ?? inTurn);
        if (!inTurn.includes(file)) return areOver(before) && (areOver(inTurn) || (readFirstStart(suite)?.seconds ?? 0) > 0);
        const waitsForAll = end === undefined || file === end || before.includes(end);
        return areOver(before.filter(other => waitsForAll || other !== meanwhile)) && (file !== inTurn.at(-1) || areOver(beside.flat()));
    };
    await until(`the turn of ${path.basename(file)}`, async () => isReady(), 59 * 60);
}
