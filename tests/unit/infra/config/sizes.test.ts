import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareQuantities, quantity } from "../../../../components/quantity";
import { parseSettings } from "../../../../infra/config";
import { presets, sizes } from "../../../../infra/config/sections/sizes";
import { quotaHoldsApp } from "../../../../infra/config/sections/quota";
import { webDefaults } from "../../../../components/workload/defaults";
import { services, wordPress } from "../../support/application";

const parse = (environment: object, app: object = {}) => {
    const settings = parseSettings({ cluster: { target: "kind" }, environment, app }, "dev");
    return { ...settings, app: wordPress(settings) };
};
const parseServices = (environment: object, more: object = {}) => {
    const web = { image: "ghcr.io/example/shop:1.2", port: 8080, exposed: true, ...more };
    const settings = parseSettings({ cluster: { target: "kind" }, environment, app: { type: "services", services: { web } } }, "dev");
    return { ...settings, app: services(settings) };
};

describe("an environment's size", () => {
    it.each(sizes)("%s has defaults that fit together", size => {
        const { app } = parse({ size });
        const { web, database } = presets[size];
        expect(app.web).toMatchObject(web);
        expect(app.database).toMatchObject(database);
    });

    it("is medium, if nothing is said, whose numbers are the library's", () => {
        expect(parse({})).toEqual(parse({ size: "medium" }));
        expect(parse({}).app.web).toMatchObject(webDefaults);
    });

    it("grows in every number, and leaves volumes alone", () => {
        const [small, medium, large] = sizes.map(size => parse({ size }));
        for (const [less, more] of [[small, medium], [medium, large]]) {
            expect(less.app.web.replicas.max).toBeLessThan(more.app.web.replicas.max);
            for (const part of ["web", "database"] as const) for (const resource of ["cpu", "memory"] as const) for (const bound of ["request", "limit"] as const) {
                expect(compareQuantities(less.app[part][resource][bound], more.app[part][resource][bound])).toBeLessThanOrEqual(0);
            }
            expect(less.environment.quota.pods).toBeLessThan(more.environment.quota.pods);
            expect(compareQuantities(less.environment.quota.memory, more.environment.quota.memory)).toBeLessThan(0);
            expect([more.app.database.volume, more.app.web.uploads.size]).toEqual([less.app.database.volume, less.app.web.uploads.size]);
        }
    });

    it("is that of services too: of each one's replicas, CPU and memory, of their database, and of the quota", () => {
        const [small, medium, large] = sizes.map(size => parseServices({ size }, { database: true }));
        for (const [{ app, environment }, size] of [[small, "small"], [medium, "medium"], [large, "large"]] as const) {
            const { web: { cpu, memory }, service: { replicas }, database } = presets[size];
            expect(app.services.web).toMatchObject({ replicas, cpu, memory });
            expect(app.database).toMatchObject(database);
            expect(quotaHoldsApp({ environment, app })).toBeUndefined();
        }
        expect(small.environment.quota.pods).toBeLessThan(large.environment.quota.pods);
        expect(parseServices({}, { database: true })).toEqual(medium);
    });

    it("leaves a service alone that must run once", () => {
        expect(parseServices({ size: "large" }, { volumes: { "/data": {} } }).app.services.web.replicas).toEqual({ min: 1, max: 1 });
    });

    it("sets defaults only: what is written counts", () => {
        const { app } = parse({ size: "small" }, { web: { replicas: { max: 7 } }, database: { memory: { limit: "2Gi" } } });
        expect(app.web.replicas).toEqual({ min: 1, max: 7 });
        expect(app.database.memory).toEqual({ request: "256Mi", limit: "2Gi" });
    });

    it.each(["tiny", "production", 3])("%s is refused with those that there are", size => {
        expect(() => parse({ size })).toThrow(/landfall:environment\.size[^]*one of small, medium, large/);
    });

    it("three of them, one in each, show in the quotas what they may take of one server", () => {
        expect(sizes.map(size => parse({ size }).environment.quota)).toEqual([
            { cpu: "7500m", memory: "4864Mi", storage: "20Gi", ephemeralStorage: "6624Mi", pods: 10 },
            { cpu: "16500m", memory: "15616Mi", storage: "20Gi", ephemeralStorage: "14252Mi", pods: 19 },
            { cpu: "82500m", memory: "87296Mi", storage: "20Gi", ephemeralStorage: "46888Mi", pods: 44 },
        ]);
    });
});

describe("a quota that isn't given", () => {
    it("holds whatever application the schema accepts, with room for four pods of people's", () => {
        fc.assert(fc.property(fc.constantFrom(...sizes), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 40 }), (size, max, gibibytes) => {
            const { environment, app } = parse({ size }, {
                web: { replicas: { min: 1, max }, uploads: { size: `${gibibytes}Gi` } }, database: { memory: { limit: "16Gi" } },
            });
            expect(quotaHoldsApp({ environment, app })).toBeUndefined();
            const less = { ...environment.quota, pods: environment.quota.pods - 4 };
            expect(quotaHoldsApp({ environment: { quota: less }, app })).toBeUndefined();
            expect(quotaHoldsApp({ environment: { quota: { ...less, pods: less.pods - 1 } }, app })?.keys[0]).toBe("environment.quota.pods");
        }), { numRuns: 30 });
    });

    it("gives way to what is given, key by key", () => {
        const { quota } = parse({ quota: { memory: "40Gi", ephemeralStorage: "100Gi" } }).environment;
        expect(quota).toMatchObject({ cpu: "16500m", memory: "40Gi", ephemeralStorage: "100Gi" });
        expect(quantity(quota.storage)).toBe(quantity("20Gi"));
    });

    it("one that is too small for scratch space is refused, and says what isn't", () => {
        expect(() => parse({ quota: { ephemeralStorage: "1Gi" } }))
            .toThrow(/environment\.quota\.ephemeralStorage can't hold the application[^]*at least ephemeralStorage: 12204Mi/);
    });
});
