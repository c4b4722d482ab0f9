import { execFileSync } from "node:child_process";
import * as os from "node:os";
import * as path from "node:path";
import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { flag, parseOptions, place, quoted, stackOption, text } from "../../../../../infra/cli/terminal/options";

afterEach(() => vi.unstubAllEnvs());

describe("the options", () => {
    it("are read, and a mistake is answered with the usage", () => {
        expect({ ...parseOptions(["--stack", "prod", "--keep-data"], { stack: text, "keep-data": flag }, "Usage") })
            .toEqual({ "stack": "prod", "keep-data": true });
        expect(() => parseOptions(["--stac", "prod"], { stack: text }, "Usage: npm start")).toThrow("Usage: npm start");
        expect(() => parseOptions(["prod"], { stack: text }, "Usage: npm start")).toThrow("Usage: npm start");
        expect([parseOptions(["-h"], {}, "Usage").help, parseOptions(["--help"], {}, "Usage").help]).toEqual([true, true]);
    });

    // PowerShell 5.1 and the Command Prompt leave ~ to the program.
    it.each([["~", os.homedir()], ["~/site", path.join(os.homedir(), "site")], ["~\\site", `${os.homedir()}\\site`], ["a/~", "a/~"], ["~jane/a", "~jane/a"]])("that name a place begin at home with a ~: %s", (given, expected) => {
        const { seed, name } = parseOptions(["--seed", given, "--name", given], { seed: place, name: text }, "Usage");
        expect([seed && path.normalize(seed), name]).toEqual([path.normalize(expected), given]);
    });

    it("name no stack that would be another path", () => {
        expect(stackOption(undefined)).toBe("dev");
        expect(() => stackOption("../x")).toThrow("a stack's name");
    });

    // What npm makes of `npm run down --stack=uat`, and of `npm run down --stack uat`.
    it.each([["npm_config_stack", "uat", []], ["npm_config_stack", "true", ["uat"]], ["npm_config_keep_data", "true", []]])("that npm has kept aren't missed in silence: %s=%s", (name, value, args) => {
        vi.stubEnv(name, value);
        vi.stubEnv("npm_lifecycle_event", "down");
        const parse = (more: string[] = []) => parseOptions([...args, ...more], { stack: text, "keep-data": flag }, "Usage");
        expect(() => parse()).toThrow(/^--(stack|keep-data) didn't reach the command: .* npm run down -- --\1 …\nPowerShell .* npm\.cmd .*Nothing was changed\.$/s);
        if (args.length === 0) expect(parse(["--stack=uat", "--keep-data"])).toMatchObject({ stack: "uat", "keep-data": true });
    });

    it("may be options of npm too, which others set for npm", () => {
        vi.stubEnv("npm_config_yes", "true");
        vi.stubEnv("npm_config_email", "jane@example.com");
        vi.stubEnv("npm_config_json", "");
        vi.stubEnv("npm_config_dry_run", "false");
        expect({ ...parseOptions([], { yes: flag, email: text, json: flag, "dry-run": flag }, "Usage") }).toEqual({});
    });
});

describe("a word to copy", () => {
    it.skipIf(process.platform === "win32")("is one word for a POSIX shell, and the same", () => {
        fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", " ", "'", "\"", "$", "`", "\\", "&", "*", "~", "\n") }), word => {
            expect(execFileSync("sh", ["-c", `printf '%s|' ${quoted(word, "linux")}`], { encoding: "utf8" })).toBe(`${word}|`);
        }), { numRuns: 30, examples: [["~"], ["~/.kube/config"]] });
    });

    // cmd knows only double quotes. In PowerShell, $, `, @ and , have a meaning of their own.
    it.each<[string, string]>([
        ["C:\\Users\\Pat\\kubeconfig", "C:\\Users\\Pat\\kubeconfig"], ["C:\\Users\\RUNNER~1\\x", "C:\\Users\\RUNNER~1\\x"], ["--stack", "--stack"], ["feature/x", "feature/x"],
        ["C:\\Users\\Pat O'Neill\\kubeconfig", "\"C:\\Users\\Pat O'Neill\\kubeconfig\""], ["C:\\my dir\\", "\"C:\\my dir\\\\\""],
        ["a,b", "\"a,b\""], ["@next", "\"@next\""], ["a&b", "\"a&b\""], ["100%", "\"100%\""], ["", "\"\""],
        ["$(calc)", "'$(calc)'"], ["it`s $x's", "'it`s $x''s'"],
    ])("is one word for both shells of Windows, as far as they agree: %s", (word, expected) => {
        expect(quoted(word, "win32")).toBe(expected);
    });
});
