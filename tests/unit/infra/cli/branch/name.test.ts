import fc from "fast-check";
import * as fs from "node:fs";
import { describe, expect, it } from "vitest";
import { environmentName } from "../../../../../infra/cli/branch/name";
import { root } from "../../../../../infra/cli/stack/home";

const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const stacks = fs.readdirSync(root).flatMap(name => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);

/** Names as people and programs give them, and what only git accepts. */
const words = fc.constantFrom(
    "feature", "Feature", "fix", "login", "LOGIN", "dev", "prod", "uat", "main", "branch", "dependabot", "npm_and_yarn", "1.2.x", "-", "--", "_",
    "ä", "a\u0308", "İ", "ß", "日本語", "🚀", "release", "0123abcd", "deadbeef", "x".repeat(60),
);
const branches = fc.oneof(
    fc.array(words, { minLength: 1, maxLength: 5 }).chain(parts => fc.constantFrom("/", "-", ".", "").map(between => parts.join(between))),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 250 }),
    fc.string({ unit: fc.constantFrom(..."ab01-/_.A"), minLength: 1, maxLength: 30 }),
);
const prefixes = fc.constantFrom("branch", "shop", "x", "a-b", "p".repeat(20));

describe("the name of a branch's environment", () => {
    it.each([
        ["fix-login", "branch-fix-login"],
        ["main", "branch-main"],
        ["dev", "branch-dev"],
        ["2026", "branch-2026"],
        ["branch-main", "branch-branch-main"],
    ])("is the branch's own if that is a label: %s", (branch, name) => expect(environmentName(branch)).toBe(name));

    it.each([
        ["feature/shop", /^branch-feature-shop-[0-9a-f]{8}$/],
        ["Fix-Login", /^branch-fix-login-[0-9a-f]{8}$/],
        ["-fix-", /^branch-fix-[0-9a-f]{8}$/],
        ["für/straße", /^branch-fur-stra-e-[0-9a-f]{8}$/],
        ["日本語", /^branch-[0-9a-f]{8}$/],
        ["x".repeat(250), /^branch-x{34}-[0-9a-f]{8}$/],
        // It could be the name of another.
        ["fix-login-0123abcd", /^branch-fix-login-0123abcd-[0-9a-f]{8}$/],
        ["deadbeef", /^branch-deadbeef-[0-9a-f]{8}$/],
    ])("is readable and ends with a hash otherwise: %s", (branch, name) => expect(environmentName(branch)).toMatch(name));

    it("is a DNS label, and has room for what the program adds", () => {
        fc.assert(fc.property(branches, prefixes, (branch, prefix) => {
            const name = environmentName(branch, prefix);
            expect(name).toMatch(label);
            expect(`Landfall ${name} CA`.length).toBeLessThanOrEqual(63);
            expect(`landfall-${name}`.length).toBeLessThanOrEqual(63);
        }));
    });

    it("is another for another branch", () => {
        fc.assert(fc.property(branches, branches, prefixes, (one, other, prefix) => {
            fc.pre(one !== other);
            expect(environmentName(one, prefix)).not.toBe(environmentName(other, prefix));
        }), { numRuns: 2000 });
    });

    it("is not the name of a branch that was called so on purpose", () => {
        fc.assert(fc.property(branches, branch => {
            const name = environmentName(branch).slice("branch-".length);
            fc.pre(name !== branch);
            expect(environmentName(name)).not.toBe(environmentName(branch));
        }));
    });

    it("never changes: environments stand under it", () => {
        expect(["feature/shop", "Fix-Login", "ä", "a\u0308", "release/1.2.x"].map(branch => environmentName(branch))).toMatchInlineSnapshot(`
          [
            "branch-feature-shop-fd054896",
            "branch-fix-login-6381d1d0",
            "branch-a-33e6d73f",
            "branch-a-25135d20",
            "branch-release-1-2-x-bff8068d",
          ]
        `);
    });

    it("is never that of a stack which isn't a branch's", () => {
        expect(stacks).toEqual(expect.arrayContaining(["dev", "prod", "uat", "branch"]));
        const others = stacks.filter(stack => !/^branch-/.test(stack));
        fc.assert(fc.property(fc.oneof(branches, fc.constantFrom(...others)), branch => {
            expect(others).not.toContain(environmentName(branch));
        }));
    });

    it.each(["", "Shop", "shop_", "-shop", "s.hop", "p".repeat(21)])("refuses a prefix that can't be one: %s", prefix => {
        expect(() => environmentName("main", prefix)).toThrow(/landfall:environment\.name in Pulumi\.branch\.yaml .* Nothing was changed/);
    });
});
