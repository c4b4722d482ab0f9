import * as fs from "node:fs";
import { describe, expect, it } from "vitest";
import { pageProblem } from "../../../../../infra/cli/promote/page";

const page = (text: string, status = 200) => ({ status, text });
const well = page(`<!DOCTYPE html><html><head><title>Landfall</title></head><body><h1>Hello</h1>${"word ".repeat(5000)}</body></html>\n`);

describe("a page", () => {
    it.each([
        ["as it was before", well, well], ["with another text", page(well.text.replace("Hello", "Hi")), well], ["without a page to compare", well, undefined],
        ["that tells about an error in a long article", page(well.text.replace("</body>", "Fatal error: how to read it</body>")), well],
        ["with a comment of a cache at its end", page(`${well.text}<!-- cached -->`), well], ["that redirects, as it did before", page("", 302), page("", 301)],
    ])("is good %s", (_, now, before) => expect(pageProblem(now, { before })).toBeUndefined());

    it.each([
        ["WordPress's without its database, with 200", page('<!DOCTYPE html><html><head><title>Database Error</title></head><body><h1>Error establishing a database connection</h1></body></html>'), /Error establishing/],
        ["WordPress's critical error", page("<html><head><title>WordPress &rsaquo; Error</title></head><body><p>There has been a critical error on this website.</p></body></html>"), /critical error/],
        ["one that PHP has ended in the middle", page(well.text.slice(0, 9000)), /breaks off/],
        ["one that begins with PHP's message", page(`<br /><b>Fatal error</b>: Uncaught Error: x\n${well.text.replace("Landfall", "Fatal error: x")}`), /Fatal error/],
        ["an empty one", page(" \n"), /breaks off|empty/],
        ["one that leads elsewhere, for example to an installation", page("", 302), /redirects/],
        ["one with a failing status", page(well.text, 503), /503/],
    ])("is bad: %s", (_, now, message) => expect(pageProblem(now, { before: well })).toMatch(message));

    it("of ours for a failing database is known as an error page, whatever its status", () => {
        const own = fs.readFileSync("infra/images/web/wordpress/db-error.php", "utf8");
        expect(pageProblem(page(own), { before: well })).toBeDefined();
    });

    it("has what it is expected to have", () => {
        expect(pageProblem(well, { expected: "Hello" })).toBeUndefined();
        expect(pageProblem(well, { expected: "Good bye" })).toMatch(/doesn't contain "Good bye"/);
    });
});
