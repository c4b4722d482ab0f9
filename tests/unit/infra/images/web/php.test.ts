import * as fs from "node:fs";
import * as path from "node:path";
import { expect, it } from "vitest";

const web = path.resolve(__dirname, "../../../../../infra/images/web");

/** A comment, a text, HTML between two blocks of PHP, or one character. */
const token = /\/\/.*|#(?!\[).*|\/\*[^]*?\*\/|'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"|<<<\s*(['"]?)(\w+)\1\n[^]*?\n\s*\2\b|\?>[^]*?(?:<\?(?:php|=)|$)|[^]/g;

/** The line on which a text or a bracket ends too early or not at all; undefined if none does. */
function brokenLine(script: string): number | undefined {
    const open: { bracket: string; line: number }[] = [];
    const begin = script.indexOf("<?php");
    for (const { 0: found, index } of script.slice(begin).matchAll(token)) {
        const at = begin + index;
        const line = script.slice(0, at).split("\n").length;
        // After a text comes an operator or a bracket, never a word.
        if (/^['"]/.test(found) && (found.length === 1 || /\w/.test(script[at + found.length] ?? ""))) return line;
        if (/^[([{]$/.test(found)) open.push({ bracket: { "(": ")", "[": "]", "{": "}" }[found]!, line });
        if (/^[)\]}]$/.test(found) && open.pop()?.bracket !== found) return line;
    }
    return open.at(-1)?.line;
}

const scripts = fs.readdirSync(web, { recursive: true, encoding: "utf8" }).filter(name => fs.statSync(path.join(web, name)).isFile())
    .map(name => [name.replaceAll(path.sep, "/"), fs.readFileSync(path.join(web, name), "utf8")] as const).filter(([, text]) => /^(#!.*\n)?<\?php/.test(text));

it("the image's PHP is found", () => {
    expect(scripts.map(([name]) => name)).toEqual(expect.arrayContaining(["bin/import-site", "bin/manage-users", "wordpress/wp-config.php"]));
});

it.each(scripts)("an apostrophe or a bracket doesn't break %s", (_, text) => {
    expect(brokenLine(text)).toBeUndefined();
});

it.each([
    ["fail('The dump's tables');", 2], ["fail('It can't be so');", 2], ["fail(\"the \"old\" one\");", 2], ["if ($a) {\n  f();", 2], ["f($a[0)];", 2], ["echo 'a;", 2],
])("a script with one of these would be noticed: %s", (line, at) => {
    expect(brokenLine(`<?php\n${line}\n`)).toBe(at);
});
