import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Counts } from "../../../../../infra/cli/promote/counts";
import * as counting from "../../../../../infra/cli/promote/counts";
import { usual } from "../../../../../infra/cli/promote/judge";
import * as pages from "../../../../../infra/cli/promote/page";
import type { Place } from "../../../../../infra/cli/promote/place";
import { soak, watchedPaths } from "../../../../../infra/cli/promote/soak";

vi.mock("node:timers/promises", () => ({ setTimeout: async (ms: number) => void vi.setSystemTime(Date.now() + ms) }));
vi.mock("../../../../../infra/cli/promote/counts", async original => ({ ...await original<object>(), scrape: vi.fn() }));
vi.mock("../../../../../infra/cli/promote/page", async original => ({ ...await original<object>(), fetchPage: vi.fn() }));

const place = { namespace: "production", exposed: ["web"] } as unknown as Place;
const paths = ["/", "/wp-login.php"];
const well = { status: 200, text: "<html>Hello</html>" };
const broken = { status: 200, text: "There has been a critical error on this website." };
const counted = (requests: number): Counts => ({ requests, failures: 0, within: new Map([[1000, requests], [Infinity, requests]]) });
/** Of a proxy that gets ten requests between two looks. */
const busy = () => {
    let requests = 5000;
    vi.mocked(counting.scrape).mockImplementation(async () => [{ proxy: "a/0", counts: counted(requests += 10) }]);
};
const watched = (answers: (path: string) => pages.Page | undefined) => {
    vi.mocked(pages.fetchPage).mockImplementation(async (_place, _address, path) => {
        const page = answers(path);
        if (page === undefined) throw new Error("it takes too long");
        return page;
    });
    const watch = { limits: { ...usual, requests: 100 }, minutes: 10, paths, address: "https://www.example.com" };
    return soak(place, new Map(), watch, { signal: new AbortController().signal, tell: () => undefined });
};

beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] });
    busy();
});
afterEach(() => void vi.useRealTimers());

describe("a watched version", () => {
    it("is good if all of its pages are", async () => {
        expect((await watched(() => well)).verdict).toEqual({ result: "good", reasons: [] });
    });

    it.each(paths)("is bad soon if %s shows an error, although the other page is well", async wrong => {
        const start = Date.now();
        const { verdict } = await watched(path => path === wrong ? broken : well);
        expect(verdict).toMatchObject({ result: "bad", reasons: [expect.stringContaining(`${wrong}: it says`)] });
        expect(Date.now() - start).toBeLessThan(60_000);
    });

    it("isn't bad for one look at each page that was cut off", async () => {
        const cut = new Set(paths);
        expect((await watched(path => cut.delete(path) ? { status: 502, text: "" } : well)).verdict.result).toBe("good");
    });

    it.each(paths)("isn't good if %s never answers, although the other page does", async silent => {
        expect((await watched(path => path === silent ? undefined : well)).verdict.result).toBe("bad");
    });

    it("is watched on if the gateway can't be asked at first, and only what it counts from then on counts", async () => {
        vi.mocked(counting.scrape).mockRejectedValueOnce(new Error("ETIMEDOUT"));
        const { verdict, counts } = await watched(() => well);
        expect(verdict.result).toBe("good");
        expect(counts.requests).toBe(590);
    });
});

describe("the pages that are watched", () => {
    it("are the usual ones, but only one where a text is expected of it", () => {
        expect([watchedPaths({}, "wordpress"), watchedPaths({}, "services")]).toEqual([["/", "/wp-login.php"], ["/"]]);
        expect(watchedPaths({ expect: "Welcome" }, "wordpress")).toEqual(["/"]);
    });

    it("are the one that is named, as a request names it", () => {
        expect(watchedPaths({ page: "/shop?page=2" }, "wordpress")).toEqual(["/shop?page=2"]);
        expect(watchedPaths({ page: "/über uns", expect: "Welcome" }, "services")).toEqual(["/%C3%BCber%20uns"]);
    });

    it.each(["shop", "https://www.example.com/shop", "C:/Program Files/Git/shop", ""])("aren't %j", page => {
        expect(() => watchedPaths({ page }, "wordpress")).toThrow(/a path that begins with \/.*Nothing was changed/s);
    });
});
