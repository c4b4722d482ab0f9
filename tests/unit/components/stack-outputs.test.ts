import { describe, expect, it } from "vitest";
import { onceSaved } from "../../../components/stack-outputs";

/** Answers after these failures. */
function failing(...messages: string[]): () => Promise<string> {
    const left = [...messages];
    return async () => {
        const message = left.shift();
        if (message !== undefined) throw new Error(message);
        return "1.2.3";
    };
}

const beingSaved = "invocation of pulumi:pulumi:readStackOutputs returned an error: failed to load checkpoint: EOF";

describe("the state of a stack that runs", () => {
    it("is read again if the engine is saving it", async () => {
        expect(await onceSaved(failing(beingSaved, beingSaved))).toBe("1.2.3");
    });

    it("can't be read if its file stays empty", async () => {
        await expect(onceSaved(failing(...Array<string>(20).fill(beingSaved)))).rejects.toThrow(/failed to load checkpoint: EOF/);
    });

    it("isn't read again after another failure", async () => {
        await expect(onceSaved(failing("the backend is away"))).rejects.toThrow("the backend is away");
    });
});
