import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mendStackTraces } from "../../../infra/stack-traces";

const before = Error.prepareStackTrace;

describe("an error", () => {
    let frame: string;

    beforeEach(() => {
        Error.prepareStackTrace = error => `${String(error)}\n    at apply (${frame})\n    at main (/project/infra/index.ts:1:1)`;
        mendStackTraces();
    });
    afterEach(() => {
        Error.prepareStackTrace = before;
    });

    it.each([
        "/project/node_modules/@pulumi/output.ts:519:25", "C:\\project\\node_modules\\@pulumi\\output.ts:519:25",
        "/project/node_modules/@scope/a.js:1:1", "/project/node_modules/a/node_modules/@pulumi/runtime.ts:2:3",
    ])("in %s is told in colours at once, with all that it says", path => {
        frame = path;
        const begin = Date.now();
        const told = inspect(new Error("Nothing was changed."), { colors: true });
        expect(Date.now() - begin).toBeLessThan(10_000); // it takes minutes otherwise
        expect(told).toContain("Nothing was changed.");
        expect(told).toMatch(/(output|a|runtime)\.[jt]s:\d+:\d+/);
        expect(told).toContain("infra/index.ts:1:1");
    });

    it.each(["/project/node_modules/@pulumi/pulumi/output.js:1:1", "/project/node_modules/yaml/index.js:1:1", "/project/a.ts:1:1"])(
        "in %s keeps its path", path => {
            frame = path;
            expect(new Error("some").stack).toContain(`(${path})`);
        });
});
