import { describe, expect, it } from "vitest";
import { nextRun } from "../../../../../infra/cli/status/schedule";

describe("a schedule", () => {
    const from = Date.parse("2026-11-29T12:00:30Z"); // a Sunday
    it.each([
        ["* * * * *", "2026-11-29T12:01:00Z"],
        ["*/15 * * * *", "2026-11-29T12:15:00Z"],
        ["0 3 * * *", "2026-11-30T03:00:00Z"],
        ["17 3 1 * *", "2026-12-01T03:17:00Z"],
        ["0 0 * * 1-5", "2026-11-30T00:00:00Z"],
        ["30 6,18 * * 7", "2026-11-29T18:30:00Z"],
        ["0 0 13 * 5", "2026-12-04T00:00:00Z"],
        ["@daily", "2026-11-30T00:00:00Z"],
        ["0 0 29 2 *", undefined],
        ["every day", undefined],
        ["61 * * * *", undefined],
        ["*/0 * * * *", undefined],
    ])("of %s is next due at %s", (schedule, due) => {
        const next = nextRun(schedule, from);
        expect(next === undefined ? undefined : new Date(next).toISOString().replace(".000", "")).toBe(due);
    });
});
