import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Entry, type Event, History, remedyFor, standingOf, toGiveUp, type Who } from "../../../../../infra/cli/promote/history";
import { historyText } from "../../../../../infra/cli/promote/history-screen";

const who: Who = { name: "Jane Doe", host: "here", pid: 42 };
const bundle = { application: "wordpress" as const, commit: "c".repeat(40), images: { web: `sha256:${"a".repeat(64)}` }, settings: "sha256:5" };
const started = { event: "started" as const, who, from: "dev", bundle, name: `sha256:${"b".repeat(64)}`, previous: { web: "landfall.local/web:1" }, until: "2026-11-29T13:00:00Z" };
/** A history of these events. */
const events = (...names: Event[]): Entry[] => names.map((event, index) => ({
    ...(event === "started" ? started : { event, who }), number: index + 1, time: `2026-11-29T12:00:0${index}.000Z`,
}));

describe("after these events", () => {
    it.each<[Event[], { hold?: boolean; unfinished?: Event; good?: number }]>([
        [[], {}],
        [["started"], { unfinished: "started" }],
        [["started", "applied"], { unfinished: "applied" }],
        [["started", "applied", "interrupted"], { unfinished: "interrupted" }],
        [["started", "applied", "succeeded"], { good: 1 }],
        [["started", "applied", "interrupted", "applied", "succeeded"], { good: 1 }],
        [["started", "applied", "interrupted", "started", "applied", "succeeded"], { good: 4 }],
        [["started", "applied", "failed"], { unfinished: "failed" }],
        [["started", "applied", "failed", "back"], { hold: true }],
        [["started", "failed", "stuck"], { hold: true, unfinished: "stuck" }],
        [["started", "failed", "stuck", "back"], { hold: true }],
        [["started", "applied", "failed", "back", "released"], {}],
        [["started", "applied", "failed", "back", "released", "started"], { unfinished: "started" }],
        [["started", "succeeded", "started", "failed", "back"], { hold: true, good: 1 }],
        [["started", "succeeded", "started", "failed", "back", "released"], { good: 1 }],
        [["started", "succeeded", "started", "succeeded"], { good: 3 }],
        [["started", "succeeded", "back"], { hold: true }],
    ])("%j a stack is %j", (names, expected) => {
        const { hold, unfinished, good } = standingOf(events(...names));
        expect({ ...(hold && { hold: true }), ...(unfinished && { unfinished: unfinished.last.event }), ...(good && { good: good.started.number }) }).toEqual(expected);
    });
});

describe("going back by hand", () => {
    it.each<[Event[], number | undefined]>([
        [[], undefined],
        [["started", "applied"], 1],
        [["started", "succeeded"], 1],
        [["started", "succeeded", "started", "interrupted"], 3],
        [["started", "succeeded", "started", "failed", "stuck"], 3],
        [["started", "succeeded", "back"], undefined],
    ])("after %j gives up the promotion that began with event %j", (names, number) => {
        expect(toGiveUp(standingOf(events(...names)))?.number).toBe(number);
    });

    it("a second time doesn't go back further, to what ran before the version that now runs again", () => {
        expect(toGiveUp(standingOf(events("started", "succeeded", "started", "failed", "back")))).toBeUndefined();
    });
});

describe("an unfinished promotion", () => {
    const remedy = (names: Event[], here: { host?: string; runs?: boolean; now?: string }) => remedyFor(standingOf(events(...names)).unfinished!, {
        host: here.host ?? "here", isRunning: () => here.runs ?? false, now: Date.parse(here.now ?? "2026-11-29T12:30:00Z"),
    });

    it("is waited for while its process runs here, or could still run elsewhere", () => {
        expect(remedy(["started", "applied"], { runs: true })).toBe("wait");
        expect(remedy(["started", "applied"], { host: "elsewhere" })).toBe("wait");
        expect(remedy(["started", "failed"], { runs: true })).toBe("wait");
        expect(remedy(["started", "interrupted", "started"], { host: "elsewhere" })).toBe("wait");
    });

    it("continues if it was killed here, elsewhere so long ago that it has ended, or interrupted by a person anywhere", () => {
        expect(remedy(["started"], {})).toBe("continue");
        expect(remedy(["started", "applied"], { host: "elsewhere", now: "2026-11-29T13:00:01Z" })).toBe("continue");
        expect(remedy(["started", "applied", "interrupted"], { host: "elsewhere" })).toBe("continue");
    });

    it("goes back if it was judged bad, or couldn't go back", () => {
        expect(remedy(["started", "applied", "failed"], {})).toBe("back");
        expect(remedy(["started", "failed", "stuck"], { runs: true })).toBe("back");
    });
});

describe("the history in a cluster", () => {
    interface Stored { metadata: { name: string; resourceVersion?: string }; data: Record<string, string>; immutable?: boolean }
    let objects: Stored[] = [];
    let version = 0;
    const asked: string[] = [];
    let kubeconfig: string;
    const server = http.createServer((request, response) => {
        let text = "";
        asked.push(`${request.method} ${request.url}`);
        const answer = (code: number, value: unknown) => void response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(value));
        request.on("data", piece => (text += piece)).on("end", () => {
            if (request.method === "GET") return answer(200, { items: objects });
            const given = JSON.parse(text) as Stored;
            const before = objects.find(({ metadata }) => metadata.name === given.metadata.name);
            if (request.method === "POST" ? before !== undefined : before?.metadata.resourceVersion !== given.metadata.resourceVersion) return answer(409, { message: "conflict" });
            if (before?.immutable) return answer(422, { message: "immutable" });
            const stored = { ...given, metadata: { ...given.metadata, resourceVersion: String(++version) } };
            objects = [...objects.filter(each => each !== before), stored];
            return answer(request.method === "POST" ? 201 : 200, stored);
        });
    });
    beforeAll(async () => {
        await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
        const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        kubeconfig = JSON.stringify({
            "apiVersion": "v1", "kind": "Config", "current-context": "t", "clusters": [{ name: "t", cluster: { server: address, "insecure-skip-tls-verify": true } }],
            "users": [{ name: "t", user: {} }], "contexts": [{ name: "t", context: { cluster: "t", user: "t" } }],
        });
    });
    afterAll(() => void server.close());
    beforeEach(() => {
        objects = [];
        asked.length = 0;
    });
    const read = () => History.read(kubeconfig, "production");

    it("keeps every event as it was, in its order, and changes none", async () => {
        const history = await read();
        await history.add(started);
        const first = Object.entries(objects[0].data);
        for (const event of ["applied", "succeeded"] as const) await history.add({ event, who, note: "12 requests" });
        const { entries } = await read();
        expect(entries.map(({ number, event }) => [number, event])).toEqual([[1, "started"], [2, "applied"], [3, "succeeded"]]);
        expect(entries[0]).toMatchObject(started);
        expect(Object.entries(objects[0].data)).toEqual(expect.arrayContaining(first));
        expect(asked.filter(line => !/^(GET|POST|PUT) \/api\/v1\/namespaces\/production\/configmaps/.test(line))).toEqual([]);
    });

    it("lets only one of two promotions begin, the first one and every later one", async () => {
        const [one, other] = [await read(), await read()];
        await one.add(started);
        await expect(other.add(started)).rejects.toThrow(/Someone else has just promoted to the namespace production/);
        const [third, fourth] = [await read(), await read()];
        await third.add({ event: "applied", who });
        await expect(fourth.add({ event: "applied", who })).rejects.toThrow(/Someone else/);
        expect((await read()).entries).toHaveLength(2);
    });

    it("goes on in another object when one is full, which nobody can change any more", async () => {
        const history = await read();
        for (let index = 0; index < 205; index++) await history.add({ event: "released", who });
        const { entries } = await read();
        expect(entries.map(({ number }) => number)).toEqual(Array.from({ length: 205 }, (_, index) => index + 1));
        expect(objects.map(({ immutable, data }) => [Object.keys(data).length, immutable === true])).toEqual([[100, true], [100, true], [5, false]]);
    });

    it("is shown with who, what, when and the result", async () => {
        const text = historyText("prod", [...events("started", "applied"), { ...events("succeeded")[0], number: 3, note: "500 requests; 0 failed (0 %)" }]);
        expect(text).toMatch(/^prod: ready for a promotion\n {2}2026-11-29 12:00:00 {2}started +Jane Doe {2}bundle bbbbbbbbbbbb \(commit cccccccccccc\) from dev/);
        expect(text).toMatch(/good +Jane Doe {2}500 requests; 0 failed/);
        expect(historyText("prod", events("started", "failed", "back"))).toMatch(/^prod: on hold/);
    });
});
