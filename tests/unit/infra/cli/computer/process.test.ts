import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { isRunning } from "../../../../../infra/cli/computer/process";

describe("a process that runs", () => {
    const asked: string[][] = [];
    /** Whether this process is taken for Pulumi where the system's program prints this. */
    const isPulumi = (platform: NodeJS.Platform, printed: string): boolean =>
        isRunning(process.pid, "pulumi", { platform, output: (...line) => { asked.push(line); return printed; } });

    it.each<[NodeJS.Platform, string, string, boolean]>([
        ["win32", "is the program", `"pulumi.exe","${process.pid}","Console","1","80,000 K"\r\n`, true],
        ["win32", "is another program", `"chrome.exe","${process.pid}","Console","1","80,000 K"\r\n`, false],
        ["win32", "isn't shown", "INFO: No tasks are running which match the specified criteria.\r\n", true],
        ["win32", "can't be asked for", "", true],
        ["darwin", "is the program", "S+   pulumi\n", true],
        ["darwin", "is another program", "Ss   Google Chrome He\n", false],
        ["darwin", "was killed, and nobody has asked for its end", "Z    (pulumi)\n", false],
        ["darwin", "can't be asked for", "", true],
    ])("on %s: it %s", (platform, _, printed, expected) => {
        expect(isPulumi(platform, printed)).toBe(expected);
    });

    it("is asked for by its ID", () => {
        asked.length = 0;
        isPulumi("win32", "");
        isPulumi("darwin", "");
        expect(asked).toEqual([
            ["tasklist", "/FI", `PID eq ${process.pid}`, "/FO", "CSV", "/NH"], ["ps", "-p", String(process.pid), "-o", "stat=", "-o", "ucomm="],
        ]);
    });

    it("is one of this system, whatever its program", () => {
        expect(isRunning(process.pid)).toBe(true);
        expect(isRunning(spawnSync(process.execPath, ["--version"]).pid)).toBe(false);
    });

    it.skipIf(process.platform === "win32")("is shown by ps as it is expected", () => {
        expect(isRunning(process.pid, "no-such-program", { platform: "darwin" })).toBe(false);
        expect(isRunning(process.pid, "", { platform: "darwin" })).toBe(true);
    });
});
