import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { expect, test } from "vitest";

const root = path.resolve(__dirname, "../../..");

/** What a script prints that is started as the program is. */
function started(script: string, env: Record<string, string> = {}): string {
    const { stdout, stderr } = spawnSync(process.execPath, ["--require", "./infra/preload.cjs", "--eval", script], {
        cwd: root, encoding: "utf8", env: { ...process.env, ...env },
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

test.each<[string, Record<string, string>, boolean]>([
    ["is traced where people ask for that", { PULUMI_DEBUG_PROMISE_LEAKS: "true" }, true],
    ["costs no stack trace else", {}, false],
])("a promise %s", (_, env, traced) => {
    const printed = started(`
        console.error = console.log;
        const debuggable = require("@pulumi/pulumi/runtime/debuggable");
        debuggable.debuggablePromise(new Promise(() => undefined), "what is awaited");
        debuggable.debugPromiseLeaks = true; // so that it prints what it has
        console.log(debuggable.leakedPromises()[0].size + " left");
        console.log(new Error("after").stack);
    `, env);
    expect(printed).toContain(`CONTEXT(0): what is awaited\nSTACK_TRACE:\nError\n${traced ? "    at " : "1 left"}`);
    expect(printed).toContain("1 left");
    expect(printed).toMatch(/Error: after\n    at /);
});

test.each<[string, Record<string, string>, string]>([
    ["goes to the engine if people ask for that", { PULUMI_DEBUG_PROMISE_LEAKS: "true" }, "a detail\na warning\n"],
    ["otherwise doesn't keep the program waiting", {}, "a warning\n"],
])("a debug message %s", (_, env, sent) => {
    expect(started(`
        const { log } = require("@pulumi/pulumi");
        const settings = require("@pulumi/pulumi/runtime/settings");
        settings.getEngine = () => ({ log(message, done) { console.log(message.getMessage()); done(); } });
        log.debug("a detail");
        log.warn("a warning");
    `, env)).toBe(sent);
});
