import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseNetwork, rangesOverlap, splitNetwork } from "../../../../components/cluster/ipv4";

describe("a network", () => {
    const dotted = (address: number) => [24, 16, 8, 0].map(shift => Math.floor(address / 2 ** shift) % 256).join(".");
    const parent = fc.record({ address: fc.nat({ max: 2 ** 32 - 1 }), prefix: fc.integer({ min: 8, max: 18 }) })
        .map(({ address, prefix }) => `${dotted(address - address % 2 ** (32 - prefix))}/${prefix}`);

    it("is cut into networks within it, apart from each other", () => {
        fc.assert(fc.property(parent, fc.integer({ min: 20, max: 28 }), fc.integer({ min: 1, max: 4 }),
            (network, prefix, count) => {
                const whole = parseNetwork(network);
                const parts = splitNetwork(network, prefix, count).map(part => {
                    const parsed = parseNetwork(part);
                    if (!parsed || !whole) throw new Error(`${part} is no network`);
                    expect(rangesOverlap(parsed, whole)).toBe(true);
                    expect(parsed.prefix).toBe(prefix);
                    return parsed;
                });
                expect(parts).toHaveLength(count);
                parts.forEach((left, i) => parts.slice(i + 1).forEach(right =>
                    expect(rangesOverlap(left, right)).toBe(false)));
            }));
    });

    it("that is too small is refused", () => {
        expect(() => splitNetwork("10.0.0.0/18", 19, 3)).toThrow("10.0.0.0/18 has no room for 3 networks of /19.");
    });
});
