import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { imageDate, type Kind, kinds, type Observed, observed } from "../../../../../infra/cli/status/objects";
import { judge, alarms } from "../../../fixtures/alarms";
import { wellStack } from "../../../fixtures/stack-objects";

/** Anything that JSON can hold in the place of what is expected. */
const oddValue = fc.oneof(fc.constantFrom(null, true, 0, -1, 1e308, "", "True", "x", "2026-11-29T11:00:00Z", [], {}, [null], [[]]), fc.jsonValue({ maxDepth: 2 }));

/** An object with some of its fields taken out or replaced. */
function damaged(value: unknown): fc.Arbitrary<unknown> {
    if (typeof value !== "object" || value === null) return fc.oneof({ weight: 5, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: oddValue });
    const inner = Array.isArray(value)
        ? fc.tuple(...value.map(damaged))
        : fc.record(Object.fromEntries(Object.entries(value).map(([key, each]) => [key, damaged(each)])), { requiredKeys: [] });
    return fc.oneof({ weight: 20, arbitrary: inner as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: oddValue });
}

describe("odd objects", () => {
    const seen = alarms.map(([, changed]): Observed => ("metadata" in changed ? { ...wellStack(), pods: [changed] } : { ...wellStack(), ...changed }));

    it("never keep the others from being judged", () => {
        const some = fc.constantFrom(...seen).chain(objects => damaged(objects));
        fc.assert(fc.property(some, objects => {
            const lists = Object.fromEntries(kinds.map(kind => {
                const found = (objects as Partial<Observed> | null)?.[kind];
                return [kind, Array.isArray(found) ? found.filter(each => typeof each === "object" && each !== null) : []];
            })) as unknown as Observed;
            for (const problem of judge(lists)) {
                expect(problem.matter).not.toMatch(/undefined|NaN|\[object/);
                expect(problem.action).not.toMatch(/undefined|\[object/);
            }
        }), { numRuns: 400 });
    });

    it.each(kinds)("of the kind %s may be anything", (kind: Kind) => {
        fc.assert(fc.property(fc.array(fc.dictionary(fc.constantFrom("metadata", "spec", "status", "type", "involvedObject"), oddValue)), objects => {
            expect(() => judge(observed({ [kind]: objects }))).not.toThrow();
        }), { numRuns: 100 });
    });
});

it.each([
    ["landfall.local/web:2026-11-29-63819a312c80", "2026-11-29"],
    [`registry.example:5000/team/web:2026-11-29-63819a312c80-arm64@sha256:${"0".repeat(64)}`, "2026-11-29"],
    ["registry.example/team/images:database-2026-11-29-63819a312c80", "2026-11-29"],
    ["docker.io/envoyproxy/envoy:v1.36.2", undefined],
    ["x", undefined],
])("the image %s is of %s", (image, date) => expect(imageDate(image)).toBe(date));
