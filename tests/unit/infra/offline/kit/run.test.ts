import { describe, expect, it } from "vitest";
import { run } from "../../../../../infra/offline/kit/run";

describe("what a program prints", () => {
    it("keeps a letter whose bytes arrive apart", async () => {
        const script = `
            const bytes = Buffer.from("Bücher – 日本");
            let i = 0;
            const timer = setInterval(() => {
                if (i === bytes.length) return clearInterval(timer);
                process.stdout.write(bytes.subarray(i, ++i));
            }, 5);`;
        expect(await run(process.execPath, ["-e", script])).toBe("Bücher – 日本");
    });

    it("goes from one program into another, byte for byte", async () => {
        const text = "é".repeat(200_000);
        expect(await run(process.execPath, ["-e", "process.stdin.pipe(process.stdout)"], { input: text })).toBe(text);
    });
});
