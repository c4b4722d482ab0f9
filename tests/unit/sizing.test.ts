import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bufferPool, webWorkers } from "../../infra/sizing";

describe("sizing", () => {
    it("fits what was measured", () => {
        expect(webWorkers("512Mi")).toBe(12);
        expect(bufferPool("512Mi")).toBe("192M");
    });

    it("never asks for more than the limit, nor for nothing, and grows with it", () => {
        fc.assert(fc.property(fc.integer({ min: 161, max: 100_000 }), mebibytes => {
            expect(webWorkers(`${mebibytes}Mi`) * 32 + 128).toBeLessThanOrEqual(mebibytes);
            expect(parseInt(bufferPool(`${mebibytes}Mi`), 10)).toBeLessThan(mebibytes);
            expect(webWorkers(`${mebibytes + 32}Mi`)).toBe(webWorkers(`${mebibytes}Mi`) + 1);
        }));
        expect([webWorkers("16Mi"), bufferPool("16Mi")]).toEqual([1, "8M"]);
    });
});
