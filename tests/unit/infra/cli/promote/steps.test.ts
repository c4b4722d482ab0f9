import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Entry } from "../../../../../infra/cli/promote/history";
import { Overtaken, standingOf } from "../../../../../infra/cli/promote/history";
import * as images from "../../../../../infra/cli/promote/images";
import { usual } from "../../../../../infra/cli/promote/judge";
import * as place from "../../../../../infra/cli/promote/place";
import * as soaking from "../../../../../infra/cli/promote/soak";
import { goBack, promote, type Promoting } from "../../../../../infra/cli/promote/steps";
import { Terminal } from "../../../../../infra/cli/terminal";
import { Interrupted, UserError } from "../../../../../infra/cli/terminal/errors";

vi.mock("../../../../../infra/cli/promote/soak");
vi.mock("../../../../../infra/cli/promote/images");
vi.mock("../../../../../infra/cli/promote/place", () => ({ imagesOf: vi.fn() }));
vi.mock("../../../../../infra/cli/stack/home", () => ({ rememberImages: () => undefined }));

const content = `sha256:${"a".repeat(64)}`;
const [before, after] = ["landfall.local/web:2026-11-29-63819a312c80", `landfall.local/web:sha256-${"a".repeat(64)}`];
const counts = { requests: 500, failures: 0, within: new Map<number, number>() };
const pages = { asked: 0, failed: 0, good: 5, wrong: [] };
const who = { name: "Jane Doe", host: "here", pid: 1 };

/** What is applied, in order: the images of each run. */
let applied: unknown[];
let entries: Entry[];
let printed: string;
let failing: (run: number) => Error | undefined;
const abort = { signal: new AbortController().signal };

function promoting(): Promoting {
    const terminal = new Terminal({ write: text => (printed += text) }, {});
    const target = { name: "prod", namespace: "production", parts: ["web"], command: (name: string) => `npm run ${name}` };
    const history = { add: async (entry: object) => void entries.push({ number: entries.length + 1, time: "2026-11-29T12:00:00Z", ...entry } as Entry), get entries() { return entries; } };
    const engine = {
        secrets: async () => ["correct horse battery"],
        up: async (given: { images: Record<string, string> }) => {
            applied.push(given.images);
            const error = failing(applied.length);
            if (error) throw error;
            const [web] = Object.values(given.images);
            vi.mocked(place.imagesOf).mockResolvedValue({ web: { reference: web === content ? after : web, digest: content } });
        },
    };
    return {
        from: { ...target, name: "uat" }, to: target, history, terminal, who, driver: { engine, rewrite: (promotion: object) => promotion },
        bundle: { application: "wordpress", commit: "c".repeat(40), images: { web: content }, settings: "sha256:5" }, name: `sha256:${"b".repeat(64)}`,
        tested: {}, current: { web: { reference: before, digest: content } }, images: { web: content }, differ: [], signal: abort.signal, watch: { limits: usual, minutes: 10, paths: ["/"], address: "https://www.example.com" },
    } as unknown as Promoting;
}
const verdict = (result: "good" | "bad" | "unknown", ...reasons: string[]) =>
    vi.mocked(soaking.soak).mockResolvedValue({ verdict: { result, reasons }, counts, pages });
const happened = () => entries.map(({ event }) => event);

beforeEach(() => {
    [applied, entries, printed] = [[], [], ""];
    failing = () => undefined;
    vi.mocked(soaking.count).mockResolvedValue(async () => counts);
    vi.mocked(soaking.pagesNow).mockResolvedValue(new Map());
    vi.mocked(images.nameImages).mockResolvedValue([]);
    vi.mocked(images.strangers).mockResolvedValue([]);
    vi.mocked(place.imagesOf).mockResolvedValue({ web: { reference: before, digest: content } });
    verdict("good");
});

describe("a promotion", () => {
    it("that is good is recorded with who, what, what ran before and the figures, and stays", async () => {
        expect(await promote(promoting(), undefined)).toBe(0);
        expect(happened()).toEqual(["started", "applied", "succeeded"]);
        expect(applied).toEqual([{ web: content }]);
        expect(entries[0]).toMatchObject({ who, from: "uat", previous: { web: before }, bundle: { commit: "c".repeat(40) } });
        expect(entries[2].note).toMatch(/500 requests; 0 failed/);
        expect(standingOf(entries).hold).toBeUndefined();
        expect(printed).toMatch(/While it was applied.*500 requests; 0 failed/);
    });

    it.each<[string, () => unknown, RegExp]>([
        ["is judged bad", () => verdict("bad", "50 of 500 requests failed"), /50 of 500 requests failed/],
        ["can't be applied", () => (failing = run => run === 1 ? new UserError("the rollout timed out") : undefined), /couldn't be applied: the rollout timed out/],
        ["runs other bytes than were tested", () => vi.mocked(images.strangers).mockResolvedValueOnce(["web runs something else"]), /web runs something else/],
    ])("that %s goes back to what ran before, and holds the stack", async (_, cause, reason) => {
        cause();
        expect(await promote(promoting(), undefined)).toBe(1);
        expect(applied).toEqual([{ web: content }, { web: before }]);
        expect(happened().filter(event => event !== "applied")).toEqual(["started", "failed", "back"]);
        expect(standingOf(entries).hold?.note).toMatch(reason);
        expect(printed).toContain("npm run promote -- --release prod");
    });

    it("that can't go back says so loudly, and holds the stack with what is left to do", async () => {
        verdict("bad", "it is slow");
        failing = run => run === 2 ? new UserError("the cluster is gone") : undefined;
        expect(await promote(promoting(), undefined)).toBe(1);
        expect(happened()).toEqual(["started", "applied", "failed", "stuck"]);
        expect(printed).toMatch(/could NOT go back: the cluster is gone.*npm run promote -- --back prod/s);
        const { hold, unfinished } = standingOf(entries);
        expect([hold?.event, unfinished?.started.previous]).toEqual(["stuck", { web: before }]);
    });

    it("that fails leaves no secret of the stack in the history, which more people may read", async () => {
        failing = run => new UserError(`run ${run}: mysql said: access denied with "correct horse battery"`);
        expect(await promote(promoting(), undefined)).toBe(1);
        expect(entries.filter(({ note }) => note?.includes("[secret]")).map(({ event }) => event)).toEqual(["failed", "stuck"]);
        expect(JSON.stringify(entries)).not.toContain("correct horse");
    });

    it("that is bad goes back although that can't be recorded, but not if someone else has done something meanwhile", async () => {
        verdict("bad", "it is slow");
        const broken = (error: Error): Promoting => {
            const one = promoting();
            const add = one.history.add.bind(one.history);
            one.history.add = entry => entry.event === "failed" ? Promise.reject(error) : add(entry);
            return one;
        };
        expect(await promote(broken(new UserError("the cluster can't be asked")), undefined)).toBe(1);
        expect(applied).toEqual([{ web: content }, { web: before }]);
        expect(happened().at(-1)).toBe("back");
        applied = [];
        await expect(promote(broken(new Overtaken("someone else")), undefined)).rejects.toThrow("someone else");
        expect(applied).toEqual([{ web: content }]);
    });

    it.each<[string, () => unknown]>([
        ["watched", () => verdict("unknown")],
        ["applied", () => (failing = () => new Interrupted("Stopped."))],
    ])("that a person interrupts while it is %s is recorded as such, and neither goes back nor on", async (_, cause) => {
        cause();
        await expect(promote(promoting(), undefined)).rejects.toThrow(/nobody watches it.*npm run promote -- uat prod; or go back: npm run promote -- --back prod/s);
        expect(happened().at(-1)).toBe("interrupted");
        expect(applied).toHaveLength(1);
    });

    it("that goes on after an interruption still goes back to what ran before it began, not to itself", async () => {
        const { number, time, ...begun } = { number: 1, time: "2026-11-29T12:00:00Z", event: "started" as const, who, previous: { web: before } };
        entries.push({ ...begun, number, time }, { number: 2, time, event: "interrupted", who });
        vi.mocked(place.imagesOf).mockResolvedValue({ web: { reference: after, digest: content } });
        verdict("bad", "it is slow");
        await promote(promoting(), entries[0]);
        expect(applied).toEqual([{ web: content }, { web: before }]);
        expect(standingOf(entries.slice(0, 3)).unfinished?.started).toMatchObject({ number: 3, who, previous: { web: before }, until: expect.any(String) });
    });

    it("that goes on doesn't take the pages of the new version for what is usual", async () => {
        const usualPages = new Map([["/", { status: 200, text: "Hello" }]]);
        vi.mocked(soaking.pagesNow).mockResolvedValue(usualPages);
        await promote(promoting(), undefined);
        expect(vi.mocked(soaking.soak).mock.lastCall?.[1]).toEqual(usualPages);
        await promote(promoting(), entries[0]);
        expect(vi.mocked(soaking.soak).mock.lastCall?.[1]).toEqual(new Map());
    });

    it("doesn't begin if the gateway's counts can't be read", async () => {
        vi.mocked(soaking.checkCounting).mockRejectedValueOnce(new UserError("no counts"));
        await expect(promote(promoting(), undefined)).rejects.toThrow("no counts");
        expect([entries, applied]).toEqual([[], []]);
    });
});

describe("going back", () => {
    it("is done if the previous images run", async () => {
        expect(await goBack(promoting(), { web: before }, "a test")).toBe(true);
        expect(happened()).toEqual(["back"]);
    });

    it("isn't done if something else runs afterwards", async () => {
        const going = promoting();
        vi.mocked(place.imagesOf).mockResolvedValue({ web: { reference: after, digest: content } });
        (going.driver.engine as unknown as { up: () => Promise<void> }).up = async () => undefined;
        expect(await goBack(going, { web: before }, "a test")).toBe(false);
        expect(happened()).toEqual(["stuck"]);
        expect(entries[0].note).toContain(`web runs ${after} instead of ${before}`);
    });
});
