import { describe, expect, it } from "vitest";

import { randomId, randomPassword, randomString, randomUuid } from "../../infra/offline/engine/random";
import type { ResourceState } from "../../infra/offline/engine/state";
import type { Action, Handler } from "../../infra/offline/engine/types";
import { asString, isSecret, type Values } from "../../infra/offline/engine/values";

async function make(handler: Handler, inputs: Values): Promise<Values> {
    return (await handler.create({ inputs } as Action)).outputs;
}

const none = { length: 9, upper: false, lower: false, numeric: false, special: false };

describe("random values", () => {
    it.each<[string, Values, RegExp]>([
        ["only letters and digits", { length: 40, special: false }, /^[A-Za-z0-9]{40}$/],
        ["only digits", { length: 40, special: false, upper: false, lower: false }, /^[0-9]{40}$/],
        ["of given special characters", { ...none, special: true, overrideSpecial: "_" }, /^_{9}$/],
        ["with digits where there is room for nothing else", { length: 3, minNumeric: 3 }, /^[0-9]{3}$/],
    ])("%s", async (_, inputs, pattern) => {
        for (let round = 0; round < 20; round++) {
            expect(asString((await make(randomString, inputs)).result)).toMatch(pattern);
        }
    });

    it("have at least as many of a class as asked for", async () => {
        for (let round = 0; round < 50; round++) {
            const { result } = await make(randomString, { length: 8, minUpper: 2, minSpecial: 2 });
            expect(asString(result)).toMatch(/^(?=(.*[A-Z]){2})(?=(.*[^A-Za-z0-9]){2}).{8}$/);
        }
    });

    it("are different each time", async () => {
        const results = await Promise.all(Array.from({ length: 50 }, () => make(randomUuid, {})));
        expect(new Set(results.map(({ result }) => result)).size).toBe(50);
    });

    it("are secret as passwords", async () => {
        expect(isSecret((await make(randomPassword, { length: 9 })).result)).toBe(true);
        expect(isSecret((await make(randomString, { length: 9 })).result)).toBe(false);
    });

    it("are the same number in every form", async () => {
        const { hex, dec, b64Std, b64Url } = await make(randomId, { byteLength: 6, prefix: "p-" });
        const bytes = Buffer.from(String(hex).slice(2), "hex");
        expect(bytes).toHaveLength(6);
        expect(String(dec)).toBe(`p-${BigInt(`0x${bytes.toString("hex")}`)}`);
        expect([b64Std, b64Url]).toEqual([`p-${bytes.toString("base64")}`, `p-${bytes.toString("base64url")}`]);
    });

    it("are kept until an input changes", () => {
        const old = { inputs: { length: 9, keepers: { a: "b" } } as Values } as ResourceState;
        expect(randomString.diff?.(old, { keepers: { a: "b" }, length: 9 }, {})).toEqual({ change: "none" });
        expect(randomString.diff?.(old, { keepers: { a: "c" }, length: 9 }, {})).toEqual({ change: "replace" });
    });
});
