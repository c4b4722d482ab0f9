import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { parseSettings } from "../../../../../infra/config";
import { allKeys, allowedText, describeKey, describeSettings, describeTargets } from "../../../../../infra/config/schema/describe";
import type { Context } from "../../../../../infra/config/schema/defaults";
import { exampleValue } from "../../../../../infra/config/errors/example";
import { renderReference, wholeExamples } from "../../../../../infra/cli/reference/settings";
import { settingsSchema } from "../../../../../infra/config/schema";

const file = path.resolve(__dirname, "../../../../../infra/config/REFERENCE.md");
const settings = describeSettings({ stack: "dev" });

const contexts: Context[] = [
    ...Object.keys(describeTargets(settings)).map(target => ({ stack: "dev", target })), { stack: "dev", target: "kind", app: "services" },
];

/** Every key of every target and type of application, below the section that it is in. */
const keys = contexts.flatMap(context => {
    const { target = "", app = "" } = context;
    const described = describeSettings(context);
    return allKeys(described)
        .filter(key => describeKey(described, key, target) !== undefined)
        .map(key => ({ name: `${target} ${app}: ${key.join(".")}`, key, context, described }));
});

describe("the reference", () => {
    it("is what `npm run reference` writes", () => {
        expect(fs.readFileSync(file, "utf8").replaceAll("\r\n", "\n")).toBe(renderReference());
    });

    it("has a row for every key", () => {
        const reference = renderReference();
        expect(keys.length).toBeGreaterThan(100);
        for (const { key } of keys) {
            expect(reference).toMatch(new RegExp(`^\\| \`(landfall:)?${key[key.length - 1]}\``, "m"));
        }
    });

    it.each(Object.entries(wholeExamples))("shows settings for %s that are accepted", (_, example) => {
        expect(() => parseSettings(example, "dev")).not.toThrow();
    });
});

describe("every key", () => {
    it.each(keys)("$name says what it is, what is allowed and an example that is accepted", entry => {
        const { key, context, described } = entry;
        const description = describeKey(described, key, context.target);
        expect(description?.description).toMatch(/\.$/);
        if (description?.secret) {
            return;
        }
        if (!description?.properties && !description?.oneOf) {
            expect(allowedText(described, description ?? {})).toBeTruthy();
        }
        expect(description?.example).toBeDefined();
        const section = settingsSchema(context).shape[key[0] as "app"];
        const example = exampleValue(described, key, context);
        const result = section.safeParse(example);
        // A secret that is required is set by a command, never as text.
        const issues = (result.error?.issues ?? []).filter(({ path: at }) =>
            !describeKey(described, [key[0], ...at.map(String)], context.target)?.secret);
        expect(issues).toEqual([]);
        const at = key.slice(1).reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], example);
        const own = description?.oneOf ? describeTargets(described)[context.target ?? ""] : description;
        expect({ at }).toMatchObject({ at: own?.example });
    });
});
