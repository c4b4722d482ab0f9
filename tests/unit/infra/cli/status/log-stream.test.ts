import { describe, expect, it, vi } from "vitest";
import { main as logs } from "../../../../../infra/cli/logs";
import { container, pendingPod, pod } from "../../../fixtures/stack-objects";
import { stackThatIsUp } from "../../../support/running-stack";

const { api, run } = stackThatIsUp();

const line = (time: string, text: string): string => `2026-11-29T11:00:${time}Z ${text}\n`;

/** Other requests, as those of a test before, may come at any time. */
const askedForLogs = (): URL[] => api.asked.filter(({ pathname }) => pathname.endsWith("/log"));

describe("npm run logs", () => {
    it("prints the lines of all web pods in the order of time, each with its pod", async () => {
        api.logs = {
            "web-6f7c9-aaaaa/web": line("01.5", "GET /one") + line("03.25", "GET /\u001b]0;three\u0007three"),
            "web-6f7c9-bbbbb/web": line("02.123456789", "GET /two"),
        };
        const { code, output, errors } = await run(logs, []);
        expect({ code, output, errors }).toEqual({
            code: 0, output: "web-6f7c9-aaaaa  GET /one\nweb-6f7c9-bbbbb  GET /two\nweb-6f7c9-aaaaa  GET /three\n", errors: "",
        });
        expect(askedForLogs().map(({ searchParams }) => searchParams.get("tailLines"))).toEqual(["200", "200"]);
    });

    it("keeps a line with a carriage return in its place", async () => {
        api.logs = {
            "web-6f7c9-aaaaa/web": line("01.5", "10 %\r50 %\r2026-99-99T99:99:99+00:00 no time"),
            "web-6f7c9-bbbbb/web": line("01", "before"),
        };
        expect((await run(logs, [])).output.split("\n")).toEqual([
            "web-6f7c9-bbbbb  before", "web-6f7c9-aaaaa  10 %", "web-6f7c9-aaaaa  50 %",
            "web-6f7c9-aaaaa  2026-99-99T99:99:99+00:00 no time", "",
        ]);
    });

    it("asks for the time that was given", async () => {
        api.logs = { "database-0/database": line("01.5", "ready") };
        const { output } = await run(logs, ["database", "--since", "2h"]);
        expect(output).toBe("database-0  ready\n");
        expect(askedForLogs().map(({ searchParams }) => [searchParams.get("sinceSeconds"), searchParams.get("tailLines")])).toEqual([["7200", null]]);
    });

    it("prints what crashed containers have written before, and says where there is nothing", async () => {
        api.logs = { "web-6f7c9-aaaaa/web before": line("01.5", "Out of memory") };
        expect(await run(logs, ["web", "--previous"])).toEqual({ code: 0, output: "web-6f7c9-aaaaa  Out of memory\n", errors: "" });
        api.logs = {};
        expect((await run(logs, ["web", "--previous"])).errors).toBe("No container of web has restarted, so there is nothing from before.\n");
    });

    it("leaves out a pod that has not started, and tells of one that can't be read", async () => {
        api.objects.pods.push(pendingPod("web-6f7c9-ccccc", "web", [], [container("web", { state: { waiting: { reason: "ContainerCreating" } } })], 5));
        api.logs = { "web-6f7c9-aaaaa/web": line("01.5", "GET /one") };
        const { code, output, errors } = await run(logs, ["web"]);
        expect({ code, output }).toEqual({ code: 1, output: "web-6f7c9-aaaaa  GET /one\n" });
        expect(errors).toMatch(/^web-6f7c9-bbbbb: .*not found\n$/);
    });

    it("follows, also a pod that comes later, and each line once", async () => {
        vi.useRealTimers();
        let asked = 0;
        api.objects.pods = [pod("web-6f7c9-aaaaa", "web")];
        api.logs = {
            // It breaks off, as when the kubelet starts a new file; what is asked again comes once more.
            "web-6f7c9-aaaaa/web": (url, response) => {
                asked++;
                if (asked === 1) return void response.end(line("01.5", "one\rhalf"));
                expect(url.searchParams.get("sinceTime")).toBe("2026-11-29T11:00:01.500000000Z");
                response.write(line("01.5", "one\rhalf") + line("02.5", "two\rhalf"));
                api.objects.pods.push(pod("web-6f7c9-zzzzz", "web"));
            },
            "web-6f7c9-zzzzz/web": (_url, response) => response.write(line("03.5", "three")),
        };
        const { code, output } = await run(logs, ["--follow"], undefined, output => {
            if (output.includes("two\nweb-6f7c9-aaaaa  half") && output.includes("three")) process.emit("SIGTERM", "SIGTERM");
        });
        expect({ code, output }).toEqual({ code: 0, output: ["one", "half", "two", "half"].map(text => `web-6f7c9-aaaaa  ${text}\n`).join("") + "web-6f7c9-zzzzz  three\n" });
    });

    it("ends once nobody reads on, whatever else is still written", async () => {
        const lines = Array.from({ length: 50 }, (_, second) => line(`${second}`.padStart(2, "0"), "GET /")).join("");
        api.logs = { "web-6f7c9-aaaaa/web": lines, "web-6f7c9-bbbbb/web": lines };
        const closed = vi.fn(() => {
            // Node tells of a closed pipe at each line.
            for (let count = 0; count < 2; count++) process.stdout.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
        });
        expect(await run(logs, ["--follow"], undefined, closed)).toMatchObject({ code: 0, errors: "" });
        expect(closed.mock.results.map(({ type }) => type)).not.toContain("throw");
    });

    it.each([
        [["mail"], /"mail" is no part of a stack; the parts are web, database, gateway, tasks/],
        [["--since", "yesterday"], /--since yesterday: give a number and a unit, for example 30s/],
        [["--since", "-5m"], /--since/],
        [["--since", "0s"], /--since 0s: give a number/],
        // Kubelets count in nanoseconds: more than 292 years is a time in the future.
        [["--since", "110000d"], /--since 110000d: no log is that old/],
        [["--follow", "--previous"], /use one of the two/],
    ])("refuses %s", async (args, message) => {
        await expect(run(logs, args)).rejects.toThrow(message);
    });

    it("doesn't say that nothing was written if it is stopped before it has read", async () => {
        api.logs = {
            "web-6f7c9-aaaaa/web": () => process.emit("SIGINT", "SIGINT"),
            "web-6f7c9-bbbbb/web": () => undefined,
        };
        expect(await run(logs, []).catch((error: Error) => error.message)).toBe("Stopped.");
    });

    it("of a part without pods points to the status", async () => {
        api.objects.pods = [];
        await expect(run(logs, ["web", "--stack", "dev"])).rejects.toThrow(/no pod of web in the namespace development.*npm run status/);
    });
});
