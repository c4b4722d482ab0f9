import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSettings, readStackConfig } from "../../../../../infra/cli/stack/config";
import { configText, parseStackFile, readStackFile, refuseFindings, refuseMisreadings } from "../../../../../infra/config/stack-file";
import recorded from "./stack-files.json";
import { wordPress } from "../../../support/application";

/** What `pulumi config --json` (3.276.0) said of a file; a secret by itself, for it shows none. */
interface Recording {
    text: string;
    config?: Record<string, string | { secret: true } | null>;
    refused?: string;
}

let directory: string;

beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-file-"));
});

afterEach(() => fs.rmSync(directory, { recursive: true }));

function write(text: string): string {
    const file = path.join(directory, "Pulumi.dev.yaml");
    fs.writeFileSync(file, text);
    return file;
}

function isSecret(value: unknown): boolean {
    if (typeof value !== "object" || value === null) return false;
    const entries = Object.entries(value);
    return (entries.length === 1 && entries[0][0] === "secure" && typeof entries[0][1] === "string")
        || entries.some(([, below]) => isSecret(below));
}

/** As Pulumi hands it over; the order of keys says nothing. */
function parsed(value: unknown): unknown {
    try {
        const json: unknown = JSON.parse(value as string);
        return typeof json === "object" ? json : value;
    } catch {
        return value;
    }
}

describe("a stack's file", () => {
    it.each((recorded as Recording[]).map(({ text, ...rest }) => [text, rest] as const))("%j is read as Pulumi reads it", (text, { config }) => {
        if (!config) {
            expect(() => parseStackFile(text, "Pulumi.dev.yaml")).toThrow(/^Pulumi\.dev\.yaml, line \d+: .+ Nothing was changed\.$/s);
            return;
        }
        const entries = Object.entries(parseStackFile(text, "Pulumi.dev.yaml").entries);
        expect(Object.fromEntries(entries.map(([key, value]) => [key, isSecret(value) ? { secret: true } : parsed(configText(value))])))
            .toEqual(Object.fromEntries(Object.entries(config).map(([key, value]) => [key, parsed(value)])));
    });

    it("has any text in quotes", () => {
        fc.assert(fc.property(fc.string({ unit: "binary" }), text => {
            const file = `config:\n  landfall:app: { title: ${JSON.stringify(text)} }\n`;
            expect(parseStackFile(file, "f").entries).toEqual({ "landfall:app": { title: text } });
        }));
    });

    const digits = fc.stringMatching(/^[0-7]{1,6}$/).map(text => `0${text}`);
    const date = fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
        .map(time => time.toISOString());
    it("may have neither dates nor octal numbers without quotes", () => {
        const value = fc.oneof(digits, digits.map(text => `-${text}`), digits.map(text => text.replace(/^0/, "0o")),
            date, date.map(text => text.slice(0, 10)));
        fc.assert(fc.property(value, fc.constantFrom("", "landfall:"), (text, namespace) => {
            const file = parseStackFile(`# mine\nconfig:\n  ${namespace}app: { web: { list: [1, ${text}] } }\n`, "Pulumi.dev.yaml");
            expect(() => refuseFindings(file)).toThrow(`Pulumi.dev.yaml, line 3: landfall:app.web.list.1 is ${text}, which Pulumi reads as`);
            expect(() => refuseFindings(file)).toThrow(`Put it in quotes: "${text}"`);
            const quoted = parseStackFile(`config:\n  app: { web: "${text}" }\n`, "f");
            expect(() => refuseFindings(quoted)).not.toThrow();
            expect(quoted.entries).toEqual({ "landfall:app": { web: text } });
        }));
    });

    it("may not have what Pulumi makes of such a date, where it has rewritten the file", () => {
        const file = parseStackFile("config:\n  app: { title: '2026-11-26 00:00:00 +0000 UTC' }\n", "f");
        expect(() => refuseFindings(file)).toThrow(/landfall:app\.title is .* makes of a date without quotes. Put it in quotes: "2026-11-26"/);
    });

    it("names all of them at once, with what they would be", () => {
        const file = write("config:\n  cluster: { target: kind, http: 0100 }\n  app: { title: 2026-11-26 }\n");
        expect(() => readStackConfig(file)).toThrow([
            'Pulumi.dev.yaml, line 2: landfall:cluster.http is 0100, which Pulumi reads as 64. Put it in quotes: "0100"; or write '
                + "the number without a leading zero.",
            'Pulumi.dev.yaml, line 3: landfall:app.title is 2026-11-26, which Pulumi reads as a time. Put it in quotes: "2026-11-26".',
            "Nothing was changed.",
        ].join("\n"));
    });

    it.each([
        ["config:\n  landfall:app: { title: a, title: b }\n", "line 2: title is there twice; the first is in line 2"],
        ["config:\n  landfall:app: {}\n  app: {}\n", "line 3: landfall:app is there twice, with its namespace and without it"],
        ["Config:\n  landfall:app: {}\n", "line 1: Config is ignored: write config, in lower case"],
        ["config:\n  landfall:app: { title: a\n", "line 3: is not valid YAML: Flow map in block collection must be"],
        ["config:\n  landfall:app: { web: .inf }\n", "line 2: .inf is not a number to Pulumi"],
        ["config:\n  5: {}\n", "line 2: the key 5 is not text. Put it in quotes"],
    ])("%j is refused by line", (text, message) => {
        expect(() => readStackFile(write(text))).toThrow(`Pulumi.dev.yaml, ${message}`);
    });

    it("that isn't there, or holds more than it seems, is refused by name", () => {
        expect(() => readStackFile(path.join(directory, "Pulumi.x.yaml"))).toThrow(/Pulumi\.x\.yaml can't be read: ENOENT/);
        const bomb = Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`).join("\n");
        expect(() => readStackFile(write(`a0: &a0 x\n${bomb}\nconfig: {}\n`))).toThrow(/too many aliases/);
    });

    it("gives npm start what it gives the program", () => {
        const file = write("base: &web { replicas: { min: 1, max: 3 } }\nconfig:\n  cluster: { target: kind, nodes: 0x2 }\n"
            + "  landfall:environment:\n  landfall:config:app: { web: *web, title: yes }\n  kubernetes:context: x\n");
        const settings = readSettings("dev", file);
        const { cluster } = settings;
        const app = wordPress(settings);
        expect([cluster.target === "kind" && cluster.nodes, app.web.replicas, app.title]).toEqual([2, { min: 1, max: 3 }, "yes"]);
        expect(Object.keys(readStackConfig(file).config))
            .toEqual(["landfall:cluster", "landfall:environment", "landfall:app", "kubernetes:context"]);
    });
});

describe("a configuration that Pulumi has read", () => {
    const text = "config:\n  landfall:cluster: { target: kind, http: 0100 }\n  landfall:app: { title: 2026-11-26 }\n";

    it("is refused by the line of the stack's file that it comes from", () => {
        write(text);
        const config = {
            "landfall:cluster": '{"http":64,"target":"kind"}', "landfall:app": '{"title":"2026-11-26 00:00:00 +0000 UTC"}',
        };
        expect(() => refuseMisreadings("dev", config, directory)).toThrow(/line 2: landfall:cluster\.http[^]*line 3: landfall:app\.title/);
    });

    it("is let through where it comes from another file, or there is none", () => {
        expect(() => refuseMisreadings("dev", {}, directory)).not.toThrow();
        write(text);
        expect(() => refuseMisreadings("dev", { "landfall:cluster": '{"http":100,"target":"kind"}' }, directory)).not.toThrow();
        write("config: [");
        expect(() => refuseMisreadings("dev", {}, directory)).not.toThrow();
    });

    it("shows by itself that a date had no quotes", () => {
        const config = { "landfall:app": '{"images":{"date":"2026-11-26 00:00:00 +0000 UTC"}}' };
        expect(() => refuseMisreadings("dev", config, directory))
            .toThrow('landfall:app.images.date is a date without quotes. Put it in quotes: "2026-11-26".');
    });
});
