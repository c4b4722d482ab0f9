import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { expect, test } from "vitest";

const root = path.resolve(__dirname, "../../..");

/** What a script prints that is started as the program is. */
function started(script: string): string {
    const { stdout, stderr } = spawnSync(process.execPath, ["--require", "./infra/preload.cjs", "--eval", script], {
        cwd: root, encoding: "utf8",
    });
    if (!stdout) throw new Error(stderr);
    return stdout;
}

test("a program starts without the compiler and npm", () => {
    const loaded = started(`
        require("./components/workload");
        console.log(Object.keys(require.cache).join("\\n"));
    `).split("\n").map(file => path.relative(root, file).split(path.sep).join("/"));
    expect(loaded).toContain("components/workload/index.ts");
    expect(loaded).toContain("node_modules/@pulumi/pulumi/index.js");
    expect(loaded.filter(file => /^node_modules\/(typescript|@npmcli)\//.test(file))).toEqual([]);
});

test("they are there when the SDK turns a function into text", () => {
    expect(started(`
        const { runtime } = require("@pulumi/pulumi");
        const eleven = 11;
        runtime.serializeFunction(() => eleven + 31).then(({ text }) => console.log(text));
    `)).toContain("() => eleven + 31");
    expect(started(`
        require("@pulumi/pulumi").runtime.computeCodePaths().then(paths => console.log([...paths.keys()].join("\\n")));
    `)).toContain("node_modules/yaml");
});
