import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { home, knownStacks, readRecord, rememberImages, removeEmpty, writeRecord } from "../../../../../infra/cli/stack/home";
import {
    hasSalt, hasSecrets, keepLayout, passphraseEnvironment, passphraseFile, removeSalt,
} from "../../../../../infra/cli/stack/passphrase";

let directory: string;

beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
    vi.stubEnv("LANDFALL_HOME", path.join(directory, "my home"));
});
afterEach(() => {
    vi.unstubAllEnvs();
    fs.rmSync(directory, { recursive: true });
});

describe("the passphrase", () => {
    it("is made once, random, for this user alone", () => {
        const environment = passphraseEnvironment({});
        expect(environment).toEqual({ PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile() });
        const passphrase = fs.readFileSync(passphraseFile(), "utf8");
        expect(passphrase).toMatch(/^[\w-]{43}$/);
        if (process.platform !== "win32") {
            expect(fs.statSync(passphraseFile()).mode & 0o777).toBe(0o600);
            expect(fs.statSync(home()).mode & 0o777).toBe(0o700);
        }
        passphraseEnvironment({});
        expect(fs.readFileSync(passphraseFile(), "utf8")).toBe(passphrase);
        fs.rmSync(passphraseFile());
        passphraseEnvironment({});
        expect(fs.readFileSync(passphraseFile(), "utf8")).not.toBe(passphrase);
    });

    it.each(["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"])("is the user's own by %s", name => {
        expect(passphraseEnvironment({ [name]: "" })).toEqual({});
        expect(fs.existsSync(passphraseFile())).toBe(false);
    });
});

describe("the salt in a stack's file", () => {
    const original = "# mine\nconfig:\n  landfall:cluster: { target: kind } # laptop\n";
    const salt = "encryptionsalt: v1:fQjw:v1:Jz7/R2+Y:pPE/BQ==";
    const write = (text: string): string => {
        const file = path.join(directory, "Pulumi.dev.yaml");
        fs.writeFileSync(file, text);
        return file;
    };

    it.each([
        ["at its end", `${original}${salt}\n`, original],
        ["at its beginning", `${salt}\n${original}`, original],
        ["without an end of line", `${original}${salt}`, original],
        ["with Windows' ends of line", `a: 1\r\n${salt}\r\nb: 2\r\n`, "a: 1\r\nb: 2\r\n"],
        ["with what the user has changed since", `${original}${salt}\n\n# to do\n`, `${original}\n# to do\n`],
    ])("is taken away %s, and all else stays", (_, given, wanted) => {
        const file = write(given);
        expect(hasSalt(file)).toBe(true);
        removeSalt(file);
        expect(fs.readFileSync(file, "utf8")).toBe(wanted);
    });

    it("is no reason to touch a file that has none", () => {
        const file = write(original);
        const before = fs.statSync(file).mtimeMs;
        removeSalt(file);
        removeSalt(path.join(directory, "absent"));
        expect(fs.statSync(file).mtimeMs).toBe(before);
        expect(fs.readFileSync(file, "utf8")).toBe(original);
    });

    it("comes without Pulumi's layout", () => {
        const file = write(`# mine\nconfig:\n  landfall:cluster: {target: kind} # laptop\n${salt}\n`);
        keepLayout(file, original);
        expect(fs.readFileSync(file, "utf8")).toBe(`${original}${salt}\n`);
    });

    it("stays with the secrets that need it", () => {
        expect(hasSecrets(write(`config:\n  landfall:adminPassword:\n    secure: v1:abc\n${salt}\n`))).toBe(true);
        expect(hasSecrets(write(original))).toBe(false);
    });
});

describe("what is remembered of a stack", () => {
    it("is read as it was written, and images add up, except another's", () => {
        expect(readRecord("dev")).toBeUndefined();
        rememberImages("dev", ["a:1"]);
        expect(readRecord("dev")).toBeUndefined();
        writeRecord("dev", { kit: true, network: true, images: ["a:1"], foreignImages: ["c:1"] });
        rememberImages("dev", ["a:1", "b:1", "c:1"]);
        expect(readRecord("dev")?.images).toEqual(["a:1", "b:1"]);
        fs.mkdirSync(path.join(home(), "landfall-dev"));
        expect(knownStacks()).toEqual(["dev"]);
    });

    it("leaves directories that others have put something into", () => {
        const [full, empty] = ["full", "empty"].map(name => path.join(directory, name));
        fs.mkdirSync(path.join(full, "volumes"), { recursive: true });
        fs.mkdirSync(empty);
        removeEmpty(full, empty, path.join(directory, "absent"));
        expect([fs.existsSync(full), fs.existsSync(empty)]).toEqual([true, false]);
    });
});
