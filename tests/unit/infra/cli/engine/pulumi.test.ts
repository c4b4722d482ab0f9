import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { backendAddress, backendDirectory } from "../../../../../infra/cli/engine/lock";
import { cancelAdvice, gentleStop, PulumiEngine } from "../../../../../infra/cli/engine/pulumi";
import { Interrupted } from "../../../../../infra/cli/terminal/errors";

describe("Ctrl-C", () => {
    const stopped = (platform: NodeJS.Platform) => {
        const controller = new AbortController();
        const lines: string[] = [];
        const { signal, done } = gentleStop(controller.signal, line => lines.push(line), platform);
        return { controller, lines, signal, done };
    };

    it.each(["linux", "darwin"] as const)("stops Pulumi on %s, which finishes what it is doing", platform => {
        const { controller, lines, signal } = stopped(platform);
        controller.abort();
        expect([signal?.aborted, lines]).toEqual([true, []]);
    });

    it("leaves Pulumi alone on Windows, where it would end at once, and says how to cut it off", () => {
        const { controller, lines, signal } = stopped("win32");
        controller.abort();
        expect(signal).toBeUndefined();
        expect(lines).toEqual([expect.stringMatching(/this run goes on to its end\. Press Ctrl-C again to cut it off/)]);
    });

    it("says nothing of Pulumi once it has ended", () => {
        const { controller, lines, done } = stopped("win32");
        done();
        controller.abort();
        expect(lines).toEqual([]);
    });

    it("begins no further preview", async () => {
        const engine = Object.assign(Object.create(PulumiEngine.prototype) as object, { signal: AbortSignal.abort() }) as unknown as PulumiEngine;
        await expect(engine.preview("preview", () => undefined)).rejects.toBeInstanceOf(Interrupted);
    });
});

describe("the address of a backend", () => {
    it("has no third slash on Windows, where Pulumi would take it for a part of the path", () => {
        expect(backendAddress("C:\\Users\\Pat Ü\\landfall-preview-1", "win32")).toBe("file://C:/Users/Pat Ü/landfall-preview-1");
        expect(backendAddress("C:\\C#\\100%", "win32")).toBe("file://C:/C%23/100%25");
    });

    it("leads to its directory", () => {
        const directory = path.resolve("/my dir/Ü#1/100%");
        expect(backendDirectory(backendAddress(directory))).toBe(path.join(directory, ".pulumi"));
    });
});

describe("how to remove a lock", () => {
    it.each<[NodeJS.Platform, string, string]>([
        ["linux", "pulumi", "`pulumi cancel --stack dev` removes its lock."],
        ["linux", "/my dir/pulumi", "`'/my dir/pulumi' cancel --stack dev` removes its lock."],
        ["win32", "C:\\bin\\pulumi.exe", "`C:\\bin\\pulumi.exe cancel --stack dev` removes its lock."],
        ["win32", "C:\\Users\\Pat Doe\\pulumi.exe", "`\"C:\\Users\\Pat Doe\\pulumi.exe\" cancel --stack dev` (in PowerShell, with `& ` before it) removes its lock."],
    ])("is a line for %s's shells, with the program %s", (platform, program, line) => {
        expect(cancelAdvice(program, "dev", platform)).toBe(line);
    });
});
