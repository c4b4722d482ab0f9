import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withAddress } from "../../../../../infra/cli/comment";
import { verdictOf } from "../../../../../infra/cli/preview";
import { label, limits, renderComments } from "../../../../../infra/cli/preview/comment";
import type { Change, Plan } from "../../../../../infra/cli/preview/plan";
import { lengthOf, readable } from "../../../../../infra/cli/preview/text";

/** What could end a block, a row, a tag or a span, have an effect, or be cut in two. */
const hostile = [
    "```", "````", "~~~", "`", "</details>", "<!-- landfall:preview -->", "<script>", "@everyone", "@org/team", "|", "\n", "\r\n", "\n\n# Heading", "\n- item",
    "![](http://x/y.png)", "[a](javascript:b)", "\u202e", "\u200b", "\u001b[31m", "\u0000", "😀", "\ud83d", "\ude00", "é", "漢", "&amp;", "\\", "/close", "::error::", "$x$",
];
const text = fc.array(fc.oneof(fc.constantFrom(...hostile), fc.string({ maxLength: 20 }), fc.constantFrom("web", "database")), { maxLength: 12 }).map(parts => parts.join(""));
const change: fc.Arbitrary<Change> = fc.record({
    operation: fc.constantFrom("create", "update", "replace", "delete"),
    urn: text.map(name => `urn:pulumi:test::landfall::kubernetes:apps/v1:Deployment::${name}`),
    type: fc.constant("kubernetes:apps/v1:Deployment"),
    properties: fc.array(fc.record({ path: text, replaces: fc.boolean(), from: text, to: text }), { maxLength: 3 }),
}).chain(base => fc.boolean().map(data => ({ ...base, ...data && /replace|delete/.test(base.operation) && { data: "a volume with its files" } })));
const counts = fc.record({ create: fc.nat(9999), update: fc.nat(9999), replace: fc.nat(9999), delete: fc.nat(9999), same: fc.nat(9999) });
const plan: fc.Arbitrary<Plan> = fc.record({
    stack: fc.oneof(fc.constantFrom("dev", "prod"), text), counts, changes: fc.array(change, { maxLength: 60 }),
    warnings: fc.array(text, { maxLength: 4 }), errors: fc.array(text, { maxLength: 3 }), notes: fc.array(text, { maxLength: 2 }),
});
const limit = fc.constantFrom(6_000, 12_000, limits.github);

/** Lines outside fenced blocks; fails if a block doesn't end, or a line inside one could end it. */
function outsideFences(comment: string): string[] {
    const outside: string[] = [];
    let inside = false;
    for (const line of comment.split("\n")) {
        if (/^ {0,3}(`{3,}|~{3,})/.test(line)) {
            expect(line).toMatch(inside ? /^```$/ : /^```(diff|text)$/);
            inside = !inside;
        } else if (!inside) outside.push(line);
        else expect(line).toMatch(/^(?: {4}|[+!-] (create|update|replace|delete) )/);
    }
    expect(inside).toBe(false);
    return outside;
}

const withoutCode = (line: string): string => line.replace(/(?<!`)(`+)(?!`)(.*?[^`])\1(?!`)/g, "");

function expectSound(comment: string, limit: number): void {
    expect(lengthOf(comment)).toBeLessThanOrEqual(limit);
    expect(comment).not.toMatch(/\p{Surrogate}/u);
    const outside = outsideFences(comment);
    expect(outside[0]).toMatch(/^<!-- landfall:preview( \d+)? -->$/);
    let open = 0;
    for (const line of outside.slice(1)) {
        const plain = withoutCode(line).replace(/^<details( open)?><summary><code>(.*)<\/code>: [\w ]+<\/summary>$/, (_, __, name: string) => {
            open++;
            return name;
        }).replace(/^<\/details>$/, () => {
            open--;
            return "";
        });
        expect(plain, "HTML or a mention that would have an effect").not.toMatch(/[<@]/);
        if (line.startsWith("| ")) expect(line.replaceAll("\\|", "").split("|"), "cells").toHaveLength(9);
    }
    expect(open, "open <details>").toBe(0);
}

const holding = (plans: Plan[]): Change[] => plans.flatMap(({ changes }) => changes.filter(({ data }) => data !== undefined));

describe("a comment", () => {
    it("fits, is whole and names all that loses data, whatever the change is called and however much it is", () => {
        fc.assert(fc.property(fc.array(plan, { maxLength: 6 }), limit, (plans, limit) => {
            const comments = renderComments(plans, limit);
            for (const comment of comments) expectSound(comment, limit);
            const lines = comments.flatMap(outsideFences).filter(line => /: a volume with its files/.test(line));
            expect(lines).toHaveLength(holding(plans).length);
        }), { numRuns: 150 });
    });

    const big = (n: number, make: (index: number) => Partial<Change>): Plan => ({
        stack: "prod", counts: { create: 0, update: n, replace: 0, delete: 0, same: 0 }, warnings: [], errors: [], notes: [],
        changes: Array.from({ length: n }, (_, index) => ({
            operation: "update", urn: `urn:pulumi:p::landfall::kubernetes:apps/v1:Deployment::web-${index}`, type: "kubernetes:apps/v1:Deployment", properties: [], ...make(index),
        })),
    });

    it("of 200 KB is cut between two changes, and says how many are left out", () => {
        const value = "😀漢".repeat(25);
        const plan = big(1000, () => ({ properties: [{ path: "spec.note", replaces: false, from: `"${value}"`, to: `"${value}${value}"` }] }));
        const whole = renderComments([plan], limits.gitlab)[0];
        expect(Buffer.byteLength(whole)).toBeGreaterThan(200_000);
        const [comment, ...others] = renderComments([plan], limits.github);
        expect(others).toEqual([]);
        expectSound(comment, limits.github);
        expect(lengthOf(comment)).toBeGreaterThan(limits.github * 0.95);
        const shown = comment.match(/^! update /gm)?.length ?? 0;
        expect(comment).toContain(`${1000 - shown} more changes are left out. \`npm run preview -- --stack prod\` shows them.`);
    });

    it("has others follow it if what loses data alone is longer than one", () => {
        const plan = big(2000, index => ({ operation: "delete", urn: `urn:pulumi:p::landfall::kubernetes:core/v1:PersistentVolumeClaim::claim-${index}`, data: "a volume with its files" }));
        const comments = renderComments([plan], limits.github);
        expect(comments.length).toBeGreaterThan(1);
        comments.forEach(comment => expectSound(comment, limits.github));
        const all = comments.join("");
        for (let index = 0; index < 2000; index++) expect(all).toContain(`\`PersistentVolumeClaim claim-${index}\``);
    });

    it("gives each stack its share of the room, and failures come first", () => {
        const noisy = big(3000, () => ({}));
        const failed: Plan = { ...big(0, () => ({})), stack: "broken", errors: ["It broke.\n".repeat(5000)] };
        const [comment] = renderComments([noisy, failed], 12_000);
        expectSound(comment, 12_000);
        expect(comment.indexOf("the preview failed")).toBeLessThan(comment.indexOf("3000 changes"));
        expect(comment).toMatch(/^\| `broken` .*\*\*failed\*\* \|\n\| `prod` /m);
        expect(comment).toContain("… 4941 more lines");
    });

    it("has the environment's address under its heading, if it is one", () => {
        const [comment] = renderComments([], limits.github);
        expect(withAddress(comment, "https://a-branch.example.com")).toContain("## Preview\n\nThe branch's environment: https://a-branch.example.com/\n");
        for (const wrong of [undefined, "", "javascript:alert(1)", "no address", "https://a/ <img>`@x"]) {
            expectSound(withAddress(comment, wrong), limits.github + 1000);
        }
        expect(withAddress(comment, "javascript:alert(1)")).toBe(comment);
    });

    it.each(["\u3164", "\u2800", "\u034f", "\ufe0f", "\u{e0041}", "\u2066", "\u00ad"])("has nothing that a reader can't see: %j", unseen => {
        expect(readable(`web${unseen}-1`)).toBe("web-1");
    });

    it("says which label accepts the loss", () => {
        expect(renderComments([big(1, () => ({ operation: "delete", data: "x" }))], limits.github)[0]).toContain(`\`${label}\``);
    });

    it("about drift says what is missing, and how to see the rest", () => {
        const lost = big(400, index => ({ operation: "delete", ...index === 0 && { data: "a volume with its files" } }));
        const [comment] = renderComments([{ ...lost, errors: ["no"] }], 6_000, "drift");
        expect(comment).toContain("- `prod` has lost `Deployment web-0`: a volume with its files");
        expect(comment).toContain("`npm run drift -- --stack prod` shows them");
        expect(comment).not.toMatch(/preview|would|loses/);
    });

    it("is judged: a failure before a loss, because it hides losses", () => {
        const lost = big(1, () => ({ data: "x" }));
        expect(verdictOf([])).toBe("fine");
        expect(verdictOf([big(3, () => ({}))])).toBe("fine");
        expect(verdictOf([big(3, () => ({})), lost])).toBe("losesData");
        expect(verdictOf([lost, { ...lost, errors: ["no"] }])).toBe("failed");
    });
});
