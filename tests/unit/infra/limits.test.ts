import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSettings, SettingsError, type WordPressSettings } from "../../../infra/config";
import { graceOf, leastMemoryOfDatabase, leastWebMemory, Limits, limitsOf } from "../../../infra/limits";
import { mebibytes } from "../../../components/quantity";
import { wordPress } from "../support/application";

const mebibyte = 1 << 20;
const memory = fc.integer({ min: 16, max: 32_768 }).map(size => `${size}Mi`);

/** Whatever a person may write about the application, sensible or not. */
const app = fc.record({
    web: fc.record({
        replicas: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 995 }))
            .map(([min, more]) => ({ min, max: min + more })),
        cpu: fc.integer({ min: 100, max: 64_000 }).map(limit => ({ request: "1m", limit: `${limit}m` })),
        memory: memory.map(limit => ({ request: "16Mi", limit })),
        requestSeconds: fc.integer({ min: 10, max: 230 }),
        uploads: fc.integer({ min: 1, max: 512 }).map(size => ({ maxFile: `${size}Mi` })),
    }),
    database: fc.record({ memory: memory.map(limit => ({ request: "16Mi", limit })) }),
});
const quota = { cpu: "100000", memory: "1Pi", pods: 100_000 };

type App = WordPressSettings;

/** The application's settings where the schema accepts them. */
function accepted(given: object): App | undefined {
    try {
        return wordPress(parseSettings({ cluster: { target: "kind" }, environment: { quota }, app: given }, "dev"));
    } catch (error) {
        if (error instanceof SettingsError) return undefined;
        throw error;
    }
}

/** Reading a config takes most of the time, so all checks share what was accepted. */
const everyAccepted = fc.sample(app, 400).flatMap(given => {
    const settings = accepted(given);
    return settings === undefined ? [] : [{ settings, limits: limitsOf(settings) }];
});

function forEachAccepted(check: (settings: App, limits: Limits) => void): void {
    expect(everyAccepted.length).toBeGreaterThan(50);
    for (const { settings, limits } of everyAccepted) {
        try {
            check(settings, limits);
        } catch (error) {
            throw new Error(`with ${JSON.stringify(settings)}: ${JSON.stringify(limits)}`, { cause: error });
        }
    }
}

describe("for every config that is accepted", () => {
    it("the database has a connection for each process of PHP, a rolling update at full scale and tasks included", () => {
        forEachAccepted(({ web: { replicas: { max } } }, { web, tasks, database }) => {
            const pods = max + Math.ceil(max / 4);
            expect(database.connections).toBeGreaterThanOrEqual(
                pods * (web.pages.count + web.editors.count + web.uploads.count + 1) + tasks.pods);
        });
    });

    it("the database's memory holds its pages, every connection and its greediest query", () => {
        forEachAccepted(({ database: { memory: { limit } } }, { database }) => {
            expect(database.bufferPool).toBeGreaterThanOrEqual(64);
            const taken = database.bufferPool + 2 * database.connections + 4 * database.sessionMemory;
            expect(taken).toBeLessThan(mebibytes(limit));
        });
    });

    it("temporary files end before their volume does, and one query leaves room for others", () => {
        forEachAccepted((_, { database }) => {
            expect(database.temporary).toBeLessThan(database.temporaryVolume);
            expect(database.sessionTemporary).toBeLessThan(database.temporary);
        });
    });

    it("a pod's memory holds all processes of PHP at their limits and the largest picture", () => {
        forEachAccepted(({ web: { memory: { limit } } }, { web }) => {
            const processes = [web.pages, web.editors, web.uploads].reduce((sum, pool) => sum + pool.count * pool.memory, 0);
            const picture = web.imagePixels * 11 / mebibyte;
            expect(processes + picture + web.opcache).toBeLessThan(mebibytes(limit));
            expect(Math.min(web.pages.count, web.editors.count, web.uploads.count)).toBeGreaterThan(0);
        });
    });

    it("the quota that is asked for holds a rolling update, the database and scheduled tasks, and less is refused", () => {
        for (const { settings: { web, database } } of everyAccepted.slice(0, 20)) {
            const pods = web.replicas.max + Math.ceil(web.replicas.max / 4);
            const memory = mebibytes(web.memory.limit) * pods + mebibytes(database.memory.limit) + 256;
            const given = (quota: object) => () => parseSettings({
                cluster: { target: "kind" }, environment: { quota: { cpu: "100000", ...quota } }, app: { web, database },
            }, "dev");
            expect(given({ memory: `${memory}Mi`, pods: pods + 2 })).not.toThrow();
            expect(given({ memory: `${memory - 1}Mi`, pods: pods + 2 })).toThrow(/quota\.memory/);
            expect(given({ memory: `${memory}Mi`, pods: pods + 1 })).toThrow(/quota\.pods/);
        }
    });

    it("scheduled tasks' memory holds PHP at its limit", () => {
        forEachAccepted((_, { tasks }) => {
            expect(tasks.phpMemory + 64).toBeLessThan(mebibytes(tasks.memory.limit));
        });
    });

    it("a pod's scratch space holds every body that may be there at its largest, and PHP's copies", () => {
        forEachAccepted((_, { web }) => {
            const { visitor, editor, upload } = web.bodies;
            expect([visitor, editor, upload]).toEqual([visitor, editor, upload].sort((a, b) => a - b));
            const waiting = web.visitorBodies * visitor + web.editors.queue * editor + web.uploads.queue * upload;
            const copies = web.uploads.count * upload + web.editors.count * editor;
            expect(waiting + copies).toBeLessThan(web.scratch * mebibyte);
        });
    });

    it("no queue takes the threads of another, nor those of files and probes", () => {
        forEachAccepted((_, { web }) => {
            const queues = web.pages.queue + web.visitorBodies + web.editors.queue + web.uploads.queue;
            expect(queues).toBeLessThan(web.threads);
            for (const { count, queue } of [web.pages, web.editors, web.uploads]) expect(queue).toBeGreaterThan(count);
        });
    });

    it("an editor may upload the file that the settings promise, and save what a body may hold", () => {
        forEachAccepted(({ web: { uploads } }, { web, database }) => {
            expect(web.file).toBe(mebibytes(uploads.maxFile) * mebibyte);
            expect(web.bodies.upload).toBeGreaterThan(web.file + mebibyte);
            // Every byte may have to be escaped by another.
            expect(database.packet).toBeGreaterThan(2 * web.bodies.editor);
        });
    });

    it("each layer waits at least as long as the one behind it", () => {
        forEachAccepted(({ web: { requestSeconds } }, { time, web, slowestRate }) => {
            const inward = [time.drain, time.idle, time.answer, time.request, time.databaseAnswer, time.statement, time.lockWait];
            expect(inward).toEqual([...inward].sort((a, b) => b - a));
            expect(new Set(inward).size).toBe(inward.length);
            expect(time.request).toBe(requestSeconds);
            expect(time.lockWait).toBeGreaterThan(0);
            expect(time.reception).toBeGreaterThan(web.bodies.upload / slowestRate);
            // A slow upload and then the answer to it; or an answer and then its slow download.
            expect(time.response).toBeGreaterThanOrEqual(time.answer + web.bodies.upload / slowestRate);
            expect(time.drain).toBeGreaterThanOrEqual(time.response);
            // What some clouds' load balancers allow a silent connection.
            expect(time.request).toBeLessThan(240);
        });
    });
});

describe("the pod that takes longest to stop", () => {
    const grace = (given: object) => graceOf(parseSettings({ cluster: { target: "kind" }, environment: { quota }, app: given }, "dev").app);
    const shop = { image: "ghcr.io/example/shop:1.2", port: 8080, exposed: true };
    const ofServices = (services: object) => grace({ type: "services", services });

    it("follows from the largest upload", () => {
        expect(grace({})).toBe(90 + 66 * 16 + 5);
        expect(grace({ web: { memory: { limit: "2Gi" }, uploads: { maxFile: "256Mi" } }, database: { memory: { limit: "8Gi" } } })).toBe(90 + 258 * 16 + 5);
    });

    it("is any of the services, also one that says itself how long it takes", () => {
        expect(ofServices({ shop: { ...shop, largestTransfer: "64Mi" } })).toBe(90 + 64 * 16 + 5);
        expect(ofServices({ shop, mailer: { image: shop.image, graceSeconds: 3600 } })).toBe(3600);
    });
});

describe("what can't fit is refused by name", () => {
    const keysRefused = (given: object): string[] => {
        try {
            parseSettings({ cluster: { target: "kind" }, environment: { quota }, app: given }, "dev");
            return [];
        } catch (error) {
            return (error as SettingsError).problems.map(({ key }) => key);
        }
    };

    it("a web pod in which nobody can be served, to the mebibyte", () => {
        const limit = (size: number) => ({ web: { memory: { request: "16Mi", limit: `${size}Mi` } } });
        const least = leastWebMemory({ uploads: { maxFile: "64Mi" } });
        expect(keysRefused(limit(least))).toEqual([]);
        expect(keysRefused(limit(least - 1))).toEqual(["landfall:app.web.memory.limit"]);
    });

    it("a database without room for the pods' connections, to the mebibyte", () => {
        fc.assert(fc.property(fc.integer({ min: 1, max: 1000 }), max => {
            const web = { replicas: { min: 1, max } };
            const least = leastMemoryOfDatabase(wordPress(parseSettings(
                { cluster: { target: "kind" }, environment: { quota }, app: { web, database: { memory: { limit: "1Ti" } } } },
                "dev")));
            const limit = (size: number) => ({ web, database: { memory: { request: "16Mi", limit: `${size}Mi` } } });
            expect(keysRefused(limit(least))).toEqual([]);
            expect(keysRefused(limit(least - 1))).toEqual(["landfall:app.database.memory.limit"]);
        }), { numRuns: 20 });
    });
});
