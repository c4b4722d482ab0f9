import { describe, expect, it } from "vitest";
import type { PlainSettings } from "../../../../../infra/config";
import { visitedServices } from "../../../../../infra/cli/promote/place";

const settings = (app: object, environment: object = {}) => ({ app, environment }) as unknown as PlainSettings;
const services = { type: "services", services: { shop: { exposed: { path: "/" } }, worker: {}, api: { exposed: { path: "/api" } } } };

describe("requests of an environment", () => {
    it.each<[string, PlainSettings, string[]]>([
        ["WordPress's", settings({ type: "wordpress" }), ["web"]],
        ["services' own", settings(services), ["shop", "api"]],
        ["those of WordPress that sleeps", settings({ type: "wordpress" }, { sleepAfter: 60 }), ["activator"]],
        ["those of services that sleep", settings(services, { sleepAfter: 60 }), ["activator"]],
    ])("are counted where the gateway sends them: %s", (_, given, expected) => expect(visitedServices(given)).toEqual(expected));
});
