import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { sortedFiles } from "../../../../components/project";
import { ignoredBy, readIgnored } from "../../../../components/workload/docker-ignore";
import { directoryDigest } from "../../../../components/workload/image";

describe(".dockerignore", () => {
    it.each<[string, string[], string[]]>([
        ["", [], ["a", "b/c"]],
        ["# no\n\nnode_modules\n", ["node_modules", "node_modules/a/b"], ["a/node_modules/b", "# no"]],
        ["*\n!src\n!a.txt", ["b", "c/d"], ["src/x", "a.txt", "Dockerfile", ".dockerignore"]],
        ["**/*.log", ["a.log", "b/c/d.log"], ["a.logs", "log"]],
        ["*.md\n!README.md", ["CHANGES.md"], ["README.md", "a/b.md"]],
        ["/temp?\nfoo/*/bar", ["tempa", "tempb/x", "foo/a/bar", "foo/a/bar/b"], ["temp", "tempab", "foo/bar", "foo/a/b/bar"]],
        ["docs/**\n!docs/keep", ["docs/a", "docs/b/c"], ["docs/keep"]],
        ["[a-c].txt\na\\*b", ["b.txt", "a*b"], ["d.txt", "axb"]],
        ["./build/", ["build/x"], ["other/build/x"]],
        ["!.git", [".git/HEAD"], [".github/x", ".gitignore"]],
    ])("%j excludes what Docker excludes", (text, excluded, included) => {
        const ignored = ignoredBy(text);
        expect(excluded.filter(file => !ignored(file))).toEqual([]);
        expect(included.filter(file => ignored(file))).toEqual([]);
    });

    it.each(["infra/images/web", "components/workload/images/database"])("of %s leaves out what file managers write", directory => {
        const context = path.resolve(__dirname, "../../../..", directory);
        const ignored = readIgnored(context);
        const entries = fs.readFileSync(path.join(context, ".dockerignore"), "utf8").split("\n").flatMap(line => /^!([\w-]+)$/.exec(line)?.[1] ?? []);
        for (const name of [".DS_Store", "Thumbs.db", "desktop.ini"]) {
            expect([name, ...entries.map(entry => `${entry}/a/${name}`)].filter(file => !ignored(file))).toEqual([]);
        }
        const files = fs.readdirSync(context, { recursive: true, encoding: "utf8" }).filter(file => fs.statSync(path.join(context, file)).isFile());
        expect(sortedFiles(files).filter(file => !ignored(file)).length).toBeGreaterThan(2);
    });

    it("keeps an image's name as it is when an excluded file changes, and no other", () => {
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-context-"));
        const write = (name: string, text: string): string => {
            fs.mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
            fs.writeFileSync(path.join(directory, name), text);
            return directoryDigest(directory);
        };
        write(".dockerignore", "node_modules\n");
        const first = write("app.js", "1");
        fs.symlinkSync("nowhere", path.join(directory, "broken"));
        expect([write("node_modules/x.js", "1"), write(".git/HEAD", "1")]).toEqual([first, first]);
        expect(write("app.js", "2")).not.toBe(first);
        fs.rmSync(directory, { recursive: true });
    });

    it("names an image alike on every system: its files have one order", () => {
        const files = ["lib/a.js", "lib2.js", "libB/c.js", "lib-d.js", "lib.js"];
        const onWindows = [...files].map(file => file.replaceAll("/", "\\"));
        expect(sortedFiles(onWindows, "\\")).toEqual(["lib-d.js", "lib.js", "lib/a.js", "lib2.js", "libB/c.js"]);
        expect(sortedFiles(onWindows, "\\")).toEqual(sortedFiles(files, "/"));
        // A name may have a backslash elsewhere.
        expect(sortedFiles(["a\\b"], "/")).toEqual(["a\\b"]);
    });
});
