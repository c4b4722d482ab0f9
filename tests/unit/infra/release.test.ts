import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, test, vi } from "vitest";
import lock from "../../../package-lock.json";
import { upgradesFrom, version } from "../../../package.json";
import { runProgram } from "../../../infra/cli/capture/program";
import { checkRelease, releaseProblem } from "../../../infra/release";

afterEach(() => {
    vi.unstubAllEnvs();
});

describe("a version", () => {
    const release = { version: "0.4.1", upgradesFrom: "0.2.0" };

    test.each(["0.2.0", "0.3.7", "0.4.0", "0.4.1", "0.4.2"])("carries on from %s", standing => {
        expect(releaseProblem(standing, release)).toBeUndefined();
    });

    test.each(["0.5.0", "1.0.0", "0.10.0"])("is too old for %s, and says which to use", standing => {
        const problem = releaseProblem(standing, release);
        expect(problem).toContain(`by Landfall ${standing}; this is 0.4.1`);
        expect(problem).toContain(`git switch --detach v${standing}`);
    });

    test.each(["0.1.0", "0.1.99"])("can't carry on from %s, and says from what it can", standing => {
        expect(releaseProblem(standing, release)).toMatch(/0\.2\.0 or newer\.\n.*CHANGELOG\.md/);
    });
});

describe("a run", () => {
    /** Runs a program that checks and then makes something, of a stack with these outputs. */
    async function run(outputs: Record<string, string>): Promise<{ made: string[]; message?: string }> {
        vi.stubEnv("LANDFALL_RENDER", "");
        vi.stubEnv("LANDFALL_PLACEHOLDERS", "");
        const made: string[] = [];
        const program = async () => {
            await checkRelease();
            new pulumi.ComponentResource("test:index:Made", "made");
        };
        const message = await runProgram({ stack: "prod", config: {}, preview: true, program }, {
            register: ({ name, inputs }) => {
                if (name === "made") made.push(name);
                return { id: name, outputs: inputs };
            },
            read: id => ({ id, outputs: {} }),
            invoke: () => ({ outputs }),
        }).then(() => undefined, (error: Error) => error.message);
        return { made, message };
    }

    test.each<[string, Record<string, string>]>([
        ["has never ended", {}],
        ["was applied by this version", { version, address: "https://www.example.com" }],
        ["was applied before stacks named their version", { address: "https://www.example.com" }],
    ])("of a stack that %s goes on", async (_, outputs) => {
        expect(await run(outputs)).toEqual({ made: ["made"] });
    });

    test("of a stack that a newer version has applied is refused in the preview, before anything is registered", async () => {
        const { made, message } = await run({ version: "99.0.0" });
        expect(made).toEqual([]);
        expect(message).toContain(`The stack "prod" was last applied by Landfall 99.0.0; this is ${version}`);
        expect(message).toContain("Nothing was changed.");
    });
});

test("the changelog begins with this version, and says of each what it carries on from", () => {
    const text = fs.readFileSync(path.resolve(__dirname, "../../../CHANGELOG.md"), "utf8").replaceAll("\r\n", "\n");
    const sections = text.split(/^## /m).slice(1);
    const described = sections.map(section => [
        /^\d+\.\d+\.\d+/.exec(section)?.[0], /^Carries on from (\d+\.\d+\.\d+)/m.exec(section)?.[1],
    ]);
    expect(described[0]).toEqual([version, upgradesFrom]);
    expect(described.slice(1, -1).flat()).not.toContain(undefined); // the first version has none before it
    expect([lock.version, lock.packages[""].version]).toEqual([version, version]);
});
