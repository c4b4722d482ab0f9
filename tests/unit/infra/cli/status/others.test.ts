import { describe, expect, it } from "vitest";
import { type Observed, observed } from "../../../../../infra/cli/status/objects";
import { withoutOthers } from "../../../../../infra/cli/status/others";
import { problemsOf } from "../../../../../infra/cli/status/problems";
import { certificate, conditionOf, gateway, now } from "../../../fixtures/stack-objects";

const owner = { stack: "dev", hosts: ["wordpress.localhost"], shares: false };
const rules = (seen: Observed, stack = owner): string[] => problemsOf({
    observed: withoutOthers(seen, stack), now, environment: "development", gateway: "landfall-gateway",
    command: (...words: string[]) => words.join(" "),
}).map(({ rule }) => rule).filter(rule => ["gateway", "certificate"].includes(rule));

const listener = (name: string, works: boolean) => ({
    name, conditions: [conditionOf("Programmed", works ? "True" : "False", 900), conditionOf("Conflicted", "False", 900)],
});
const gatewayWith = (...listeners: object[]) => observed({ gateways: [gateway({
    status: { listeners, conditions: [conditionOf("Accepted", "True", 900), conditionOf("Programmed", "False", 900, { reason: "ListenersNotValid" })] },
})] });
const expired = (owner?: string) => observed({ certificates: [certificate({
    ...(owner && { metadata: { annotations: { "landfall.dev/stack": owner } } }), status: { notAfter: new Date(0).toISOString() },
})] });

describe("a problem of the platform", () => {
    it("isn't this stack's if it is about another stack's listener or certificate", () => {
        expect(rules(gatewayWith(listener("https", true), listener("https.uat.localhost", false)))).toEqual([]);
        expect(rules(expired("landfall/uat"))).toEqual([]);
    });

    it("isn't an environment's if it is about the platform's own listener", () => {
        const guest = { stack: "uat", hosts: ["uat.localhost"], shares: true };
        expect(rules(gatewayWith(listener("https", true), listener("https-example.com", false), listener("https.uat.localhost", true)), guest)).toEqual([]);
        expect(rules(gatewayWith(listener("https", true), listener("https.uat.localhost", false)), guest)).toEqual(["gateway"]);
    });

    it("is this stack's if it is about its own, or about one that says nothing", () => {
        expect(rules(gatewayWith(listener("https", false), listener("https.uat.localhost", true)))).toEqual(["gateway"]);
        expect(rules(gatewayWith(listener("https", true), listener("https.wordpress.localhost", false)))).toEqual(["gateway"]);
        expect(rules(expired("landfall/dev"))).toEqual(["certificate"]);
        expect(rules(expired())).toEqual(["certificate"]);
    });
});
