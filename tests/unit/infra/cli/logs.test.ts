import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { main as logs } from "../../../../infra/cli/logs";
import { momentOf, periodOf } from "../../../../infra/cli/logs/period";
import { FakeLogStore } from "../../fixtures/log-store";
import { StackApi } from "../../fixtures/stack-api";
import { container, now } from "../../fixtures/stack-objects";

const api = new StackApi();
const store = new FakeLogStore();
let directory: string;
const emitter: NodeJS.EventEmitter = process;
const signals = ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"];
const listeners = signals.map(signal => [signal, emitter.listeners(signal)] as const);

beforeAll(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-logs-"));
    fs.writeFileSync(path.join(directory, "kubeconfig"), await api.start());
    await store.start(api);
});
afterAll(() => {
    api.stop();
    store.stop();
    fs.rmSync(directory, { recursive: true });
});
beforeEach(() => {
    api.reset();
    store.join(api);
    vi.stubEnv("LANDFALL_HOME", path.join(directory, "home"));
    vi.useFakeTimers({ now, toFake: ["Date"] });
});
afterEach(() => {
    // The command listens to signals, and to the end of its output, until its process ends.
    process.stdout.removeAllListeners("error");
    for (const [signal, before] of listeners) {
        emitter.removeAllListeners(signal);
        for (const listener of before) emitter.on(signal, listener as () => void);
    }
    vi.useRealTimers();
    vi.unstubAllEnvs();
});

async function run(...args: string[]): Promise<{ code: number; output: string[]; errors: string }> {
    const written = { output: "", errors: "" };
    const capture = (key: keyof typeof written) => (text: unknown, done?: unknown): boolean => {
        written[key] += String(text);
        if (typeof done === "function") (done as () => void)();
        return true;
    };
    const spies = [
        vi.spyOn(process.stdout, "write").mockImplementation(capture("output") as typeof process.stdout.write),
        vi.spyOn(process.stderr, "write").mockImplementation(capture("errors") as typeof process.stderr.write),
    ];
    try {
        const code = await logs([...args, "--kubeconfig", path.join(directory, "kubeconfig")]);
        return { code, output: written.output.split("\n").slice(0, -1), errors: written.errors };
    } finally {
        for (const spy of spies) spy.mockRestore();
    }
}

/** A time so many seconds ago, as the store has it. */
function ago(seconds: number, nanoseconds = 0): string {
    return `${new Date(now - seconds * 1000).toISOString().slice(0, 19)}.${String(nanoseconds).padStart(9, "0")}Z`;
}

describe("npm run logs with kept logs", () => {
    it("shows what a pod wrote that is gone, in the order of time, and nothing of other environments and parts", async () => {
        store.lines = [
            { time: ago(60), pod: "web-old-aaaaa", text: "the end" },
            { time: ago(90), pod: "web-old-aaaaa", text: "Out of memory" },
            { time: ago(70), pod: "web-new-bbbbb", text: "hello" },
            { time: ago(70), pod: "web-x", text: "of production", namespace: "production" },
            { time: ago(70), pod: "database-0", text: "of the database", workload: "database" },
            { time: ago(7000), pod: "web-new-bbbbb", text: "too early" },
        ];
        expect(await run("--since", "1h")).toEqual({
            code: 0, output: ["web-old-aaaaa  Out of memory", "web-new-bbbbb  hello", "web-old-aaaaa  the end"], errors: "",
        });
    });

    it("knows the services of a stack by their names, and shows the one that is exposed if none is named", async () => {
        store.lines = [
            { time: ago(60), pod: "counter-a", text: "hello", workload: "counter" }, { time: ago(60), pod: "web-a", text: "none of its services" },
            { time: ago(50), pod: "database-0", text: "ready", workload: "database" },
        ];
        expect((await run("--since", "1h", "--stack", "services")).output).toEqual(["counter-a  hello"]);
        expect((await run("database", "--since", "1h", "--stack", "services")).output).toEqual(["database-0  ready"]);
        await expect(run("web", "--since", "1h", "--stack", "services")).rejects.toThrow('"web" is no part of a stack; the parts are counter, database, gateway.');
    });

    it("chooses by the end, the pod and the text, each taken literally", async () => {
        store.lines = [
            { time: ago(50), pod: "web-a1", text: "POST /wp-login.php? 302" },
            { time: ago(40), pod: "web-a2", text: "POST /wp-login.php? 200" },
            { time: ago(40), pod: "web-b1", text: "POST /wp-login.php? 302" },
            { time: ago(30), pod: "web-a1", text: "POST /wp-loginXphp? 302" },
            { time: ago(5), pod: "web-a1", text: "POST /wp-login.php? 302 late" },
            { time: ago(20), pod: "web-a1", text: "-", fields: { path: "/wp-login.php? 302", "kubernetes.x": "y" } },
            { time: ago(20), pod: "web-a1", text: "-", fields: { path: "/", "kubernetes.x": "wp-login.php? 302" } },
        ];
        const { output } = await run("--pod", "web-a", "--grep", "login.php? 302", "--until", "10s");
        expect(output).toEqual(["web-a1  POST /wp-login.php? 302", 'web-a1  {"path":"/wp-login.php? 302"}']);
    });

    it("names containers beside the workload's own, brings lines in JSON back, and shows times if asked", async () => {
        store.lines = [
            { time: ago(3, 500), pod: "web-a", text: "installed", container: "install" },
            { time: ago(2), pod: "web-a", text: "no\u001b[2J", fields: { level: "error" } },
            { time: ago(1), pod: "web-a", text: "-", fields: { path: "/", status: "404", request_id: "007", duration: "1.50" } },
        ];
        expect((await run("--since", "5m", "--timestamps")).output).toEqual([
            `${ago(3, 500)} web-a/install  installed`, `${ago(2)} web-a  {"msg":"no\\u001b[2J","level":"error"}`,
            `${ago(1)} web-a  {"path":"/","status":404,"request_id":"007","duration":"1.50"}`,
        ]);
    });

    it("shows every line once and in order, however many have the same time or were sent twice", async () => {
        const all = Array.from({ length: 12_000 }, (_, index) => ({
            // Six thousand lines of one moment: more than a page.
            time: ago(100, Math.max(0, index - 6000)), pod: `web-${index % 3}`, text: `line ${index}`,
        }));
        store.lines = [...all, ...all.filter((_, index) => index % 7 === 0)];
        const { output } = await run("--since", "1h");
        expect(output).toHaveLength(all.length);
        expect(new Set(output).size).toBe(all.length);
        expect(output.slice(6001).map(line => line.split(" ").at(-1))).toEqual(all.slice(6001).map(({ text }) => text.split(" ")[1]));
        expect(store.queries.length).toBeLessThan(8);
    });

    it("says how far back it reaches", async () => {
        api.reset();
        store.join(api, { keepDays: 3 });
        expect((await run("--since", "7d")).errors).toMatch(/^Logs are kept for 3 days \(landfall:logs\.keepDays\): there are none before 2026-11-26\.\n/);
        expect((await run("--since", "2d")).errors).toBe("No kept line of web matches.\n");
    });

    it("asks the nodes for the newest lines, while following, and of crashed containers", async () => {
        api.logs = { "web-6f7c9-aaaaa/web": `${ago(1)} now\n`, "web-6f7c9-bbbbb/web": "", "web-6f7c9-aaaaa/web before": `${ago(1)} crash\n` };
        expect((await run()).output).toEqual(["web-6f7c9-aaaaa  now"]);
        expect((await run("--previous", "--since", "1h")).output).toEqual(["web-6f7c9-aaaaa  crash"]);
        expect(store.queries).toEqual([]);
    });

    it("names a task's run by its pod, as the kept logs do, and what comes before the work beside it", async () => {
        const run1 = api.objects.pods.find(({ metadata }) => (metadata as { name: string }).name === "scheduled-tasks-1-x")!;
        Object.assign(run1.spec as object, { initContainers: [{ name: "wait" }], containers: [{ name: "scheduled-tasks" }] });
        Object.assign(run1.status as object, { initContainerStatuses: [container("wait", { state: { terminated: { exitCode: 0, reason: "Completed" } } })] });
        api.logs = { "scheduled-tasks-1-x/scheduled-tasks": `${ago(2)} done\n`, "scheduled-tasks-1-x/wait": `${ago(3)} waiting\n` };
        expect((await run("tasks")).output).toEqual(["scheduled-tasks-1-x/wait  waiting", "scheduled-tasks-1-x  done"]);
    });

    it("says what is wrong if the store can't be asked or refuses", async () => {
        store.unreachable = "an error occurred forwarding 9428";
        await expect(run("--since", "1h")).rejects.toThrow(/log-store-0 in landfall-logs: an error occurred forwarding 9428\. Without --since/);
        store.unreachable = undefined;
        store.failure = { code: 400, message: "cannot parse query" };
        await expect(run("--since", "1h")).rejects.toThrow(/400: cannot parse query/);
        store.failure = undefined;
        store.breaks = true;
        store.lines = ["one", "two", "three"].map(text => ({ time: ago(5), pod: "web-a", text }));
        await expect(run("--since", "1h")).rejects.toThrow(/The kept logs can't be read/);
    });
});

describe("npm run logs without kept logs", () => {
    const lines = `${ago(90, 5)} GET /one\n${ago(80)} GET /two\n`;

    it.each([
        ["nothing keeps them", () => api.reset(), /back to \S+Z, because the cluster keeps no logs \(landfall:logs\.keepDays\)/],
        ["the store isn't ready", () => (api.reset(), store.join(api, { ready: false })), /because the pod log-store-0 in landfall-logs, which keeps logs, isn't ready/],
        ["the user may not", () => {
            api.intercept = (url, response) => {
                if (!url.pathname.includes("/secrets/")) return false;
                response.writeHead(403).end(JSON.stringify({ message: "secrets is forbidden" }));
                return true;
            };
        }, /because the kubeconfig's user may not read the kept ones \(secrets is forbidden\)/],
    ])("reads what the nodes have, and says so, if %s", async (_, prepare, message) => {
        prepare();
        api.logs = { "web-6f7c9-aaaaa/web": lines, "web-6f7c9-bbbbb/web": "" };
        const { code, output, errors } = await run("--since", "1h", "--grep", "/one");
        expect({ code, output }).toEqual({ code: 0, output: ["web-6f7c9-aaaaa  GET /one"] });
        expect(errors).toMatch(/^These are the nodes' lines of existing pods/);
        expect(errors).toMatch(message);
        expect((await run("--until", "85s")).output).toEqual(["web-6f7c9-aaaaa  GET /one"]);
        expect((await run("--pod", "web-6f7c9-b")).errors).toMatch(/have written nothing/);
        expect((await run("--pod", "nobody")).errors).toMatch(/No pod of web has a name that begins with nobody/);
    });
});

describe("times", () => {
    it("are durations ago", () => {
        fc.assert(fc.property(fc.integer({ min: 1, max: 36_500 }), fc.constantFrom("s", "m", "h", "d"), (amount, unit) => {
            const seconds = { s: 1, m: 60, h: 3600, d: 86_400 }[unit];
            expect(momentOf("--since", `${amount}${unit}`, now)).toBe(now - amount * seconds * 1000);
        }));
    });

    it("are days and times of this computer's clock, or of UTC with a Z", () => {
        fc.assert(fc.property(fc.date({ min: new Date("2000-01-01"), max: new Date(now), noInvalidDate: true }), date => {
            const utc = `${date.toISOString().slice(0, 19)}Z`;
            expect(momentOf("--since", utc, now)).toBe(Date.parse(utc));
            expect(momentOf("--since", utc.slice(0, 10), now)).toBe(new Date(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()).getTime());
        }));
        expect(momentOf("--since", "2026-03-03T14:30", now)).toBe(new Date(2026, 2, 3, 14, 30).getTime());
    });

    it("are nothing else", () => {
        fc.assert(fc.property(fc.string(), given => {
            fc.pre(!/^([1-9]\d{0,5}[smhd]|\d{4}-\d\d-\d\d.*)$/.test(given));
            expect(() => momentOf("--since", given, now)).toThrow(/give a number and a unit/);
        }));
        for (const given of ["2026-02-30", "2026-13-01", "2026-03-03T25:00", "2026-03-03 14:00", "2026-3-3", "03.03.2026", "1w", "1.5h"]) {
            expect(() => momentOf("--until", given, now), given).toThrow(`--until ${given}: give a number`);
        }
    });

    it("leave a period between them, a day long if only its end is given", () => {
        expect(periodOf({}, now)).toEqual({ since: now - 86_400_000, until: now });
        expect(periodOf({ until: "1h" }, now)).toEqual({ since: now - 90_000_000, until: now - 3_600_000 });
        expect(() => periodOf({ since: "1h", until: "2h" }, now)).toThrow(/--since 1h isn't before --until 2h/);
        expect(() => periodOf({ since: "2999-01-01" }, now)).toThrow(/in the future/);
    });

    it.each([
        [["--follow", "--until", "1h"], /--until is for lines that were kept: use it without --follow/],
        [["--grep", ""], /--grep needs a text/],
        [["--pod", ""], /--pod needs a text/],
    ])("and options that contradict each other are refused: %s", async (args, message) => {
        await expect(run(...args)).rejects.toThrow(message);
    });
});
