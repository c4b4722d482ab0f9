import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSettings, SettingsError } from "../../../../../infra/config";
import { services } from "../../../support/application";

const shop = { image: "ghcr.io/example/shop:1.2", port: 8080 };
const web = { ...shop, exposed: true };

function parse(given: object, environment: object = {}) {
    return services(parseSettings({ cluster: { target: "kind" }, environment, app: { type: "services", services: given } }, "dev")).services;
}

function first(given: object, environment: object = {}): string {
    try {
        parse(given, environment);
    } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        return `${error.problems[0].key} ${error.problems[0].problem}`;
    }
    return "";
}

describe("a service's network aliases", () => {
    it("are none, or names that nothing else has", () => {
        expect(parse({ web }).web.networkAliases).toEqual([]);
        expect(parse({ web, db: { ...shop, networkAliases: ["store", "a".repeat(63)] } }).db.networkAliases).toEqual(["store", "a".repeat(63)]);
    });

    it.each(["Store", "my_store", "a.b", "9store", "-store", "store-", "", "a".repeat(64)])("are names that Kubernetes' Services can have; %j isn't one", alias => {
        expect(first({ web: { ...web, networkAliases: [alias] } })).toMatch(/^landfall:app\.services\.web\.networkAliases (is not valid|holds)/);
    });

    it.each<[string, object, string]>([
        ["its own name", { web: { ...web, networkAliases: ["web"] } }, "a name of landfall:app.services.web"],
        ["another service's name", { web: { ...web, networkAliases: ["db"] }, db: shop }, "a name of landfall:app.services.db"],
        ["a name twice", { web: { ...web, networkAliases: ["db", "db"] } }, "a name of landfall:app.services.web"],
        ["the stack's own database's name", { web: { ...web, networkAliases: ["database"], database: true } }, "a name of the stack's own database"],
    ])("can't have %s", (_, given, problem) => {
        const [alias] = Object.values(given)[0].networkAliases as string[];
        expect(first(given)).toBe(`landfall:app.services.web.networkAliases has ${alias}, ${problem}`);
    });

    it("can't be those of another service", () => {
        expect(first({ web: { ...web, networkAliases: ["store"] }, db: { ...shop, networkAliases: ["x", "store"] } }))
            .toBe("landfall:app.services.db.networkAliases has store, a name of landfall:app.services.web");
    });

    it("may be names of the stack's own parts that it doesn't have, or that no Service has", () => {
        const activator = { web: { ...web, networkAliases: ["database", "activator", "gateway", "tasks"] } };
        expect(first(activator)).toBe("");
        expect(first(activator, { sleepAfter: 30 })).toBe("landfall:app.services.web.networkAliases has activator, a name of what wakes an environment with landfall:environment.sleepAfter");
    });

    it("need a port", () => {
        expect(first({ web, job: { image: shop.image, networkAliases: ["worker"] } })).toBe("landfall:app.services.job.networkAliases has worker, which would lead to no port");
    });

    it("are accepted exactly if every name in the namespace leads to one service", () => {
        const name = fc.constantFrom("web", "db", "api", "store", "mysql", "database");
        fc.assert(fc.property(fc.record({ web: fc.array(name, { maxLength: 3 }), db: fc.array(name, { maxLength: 3 }) }), fc.boolean(), (aliases, database) => {
            const given = { web: { ...web, database, networkAliases: aliases.web }, db: { ...shop, networkAliases: aliases.db } };
            const all = ["web", "db", ...database ? ["database"] : [], ...aliases.web, ...aliases.db];
            expect(first(given) === "").toBe(new Set(all).size === all.length);
        }));
    });
});
