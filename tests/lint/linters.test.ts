import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { libraryRoot } from "../../components/project";
import { exceptions, Linter } from "./exceptions";
import { Finding, linters, mistaken, Subjects } from "./linters";
import { renderedStacks, repositoryFiles } from "./subjects";
import { getTools } from "./tools";

let subjects: Subjects;
beforeAll(async () => {
    const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-lint-"));
    const files = await repositoryFiles();
    const [stacks] = await Promise.all([renderedStacks(files), getTools()]);
    subjects = { files, stacks, scratch };
});
afterAll(() => subjects && fs.rmSync(subjects.scratch, { recursive: true, force: true }));

test("a comment that silences a linter gives the reason", () => {
    const silencing = /(zizmor: ignore|shellcheck disable|checkov:skip)/;
    const reasoned = /zizmor: ignore\[[^\]]+\] \w|shellcheck disable=[\w,]+ # \w|checkov:skip=\w+:\s?\w/;
    const lines = subjects.files.filter(file => !file.startsWith("tests/lint/")).flatMap(file => {
        const text = fs.readFileSync(path.join(libraryRoot, file), "utf8");
        return text.split("\n").map((line, index) => `${file}:${index + 1}: ${line.trim()}`);
    });
    const comments = lines.filter(line => silencing.test(line));
    expect(comments.length).toBeGreaterThan(0);
    expect(comments.filter(line => !reasoned.test(line))).toEqual([]);
});

test.each(Object.keys(linters) as Linter[])("%s has nothing against it but what has a written reason", async name => {
    const result = await linters[name](subjects);
    const isOf = (planted: string) => ({ place }: Finding) => place.startsWith(planted);
    const findings = result.findings.filter(finding => !mistaken[name].some(planted => isOf(planted)(finding)));
    const excuses = exceptions[name].map(exception => ({
        ...exception,
        covers: (finding: Finding) => exception.rule === finding.rule && exception.places.test(finding.place),
    }));
    const open = findings.filter(finding => !excuses.some(({ covers }) => covers(finding)));
    const idle = excuses.filter(({ covers }) => !findings.some(covers));
    console.log(`${name}: ${result.looked}; ${open.length} findings, ${findings.length - open.length} with a reason`);

    const overlooked = mistaken[name].filter(planted => !result.findings.some(isOf(planted)));
    expect(overlooked, "files with mistakes in which it finds none").toEqual([]);
    const lines = open.map(({ rule, place, message }) => `${rule} ${place}: ${message}`);
    expect([...new Set(lines)], "fix these, or add them with the reason to tests/lint/exceptions.ts").toEqual([]);
    expect(idle.map(({ rule, places }) => `${rule} ${String(places)}`), "exceptions for what isn't found").toEqual([]);
});
