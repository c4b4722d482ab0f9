import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { command } from "../../infra/offline/engine/command";
import type { ResourceState } from "../../infra/offline/engine/state";
import type { Action } from "../../infra/offline/engine/types";
import { isSecret, secret, type Values } from "../../infra/offline/engine/values";

let directory: string;

beforeEach(() => {
    directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "landfall-command-")));
});

afterEach(() => fs.rmSync(directory, { recursive: true }));

const said: string[] = [];

function action(inputs: Values): Action {
    said.length = 0;
    return {
        type: "command:local:Command",
        name: "test",
        inputs: { interpreter: ["node", "-e"], ...inputs },
        provider: {},
        env: { PATH: process.env.PATH, OUTER: "outer" },
        resumed: false,
        progress: text => said.push(text),
    };
}

const create = (inputs: Values) => command.create(action(inputs));
const old = (outputs: Values) => ({ id: "test1", outputs }) as ResourceState;
const update = (inputs: Values, outputs: Values) => command.update(action(inputs), old(outputs));
const print = (expression: string) => `process.stdout.write(String(${expression}))`;
const before = { stdout: "out before", stderr: "err before" };

describe("a command's creation", () => {
    it.each<[string, Values, string]>([
        ["runs by the interpreter, without a shell", { create: print("'$HOME `id`'") }, "$HOME `id`"],
        ["has the outer environment", { create: print("process.env.OUTER") }, "outer"],
        ["has its environment", { create: print("process.env.INNER"), environment: { INNER: "inner" } }, "inner"],
        ["prefers its environment", { create: print("process.env.OUTER"), environment: { OUTER: "x" } }, "x"],
        ["has its input", { create: print("require('fs').readFileSync(0)"), stdin: "typed" }, "typed"],
        ["has no input by default", { create: print("require('fs').readFileSync(0).length") }, "0"],
        ["loses one newline at the end", { create: "console.log('a\\n')" }, "a\n"],
        ["may have nothing to run", {}, ""],
    ])("%s", async (_, inputs, stdout) => {
        const { outputs } = await create(inputs);
        expect(outputs.stdout).toBe(stdout);
    });

    it("has an id of its name and eight digits", async () => {
        expect((await create({})).id).toMatch(/^test[0-9a-f]{8}$/);
    });

    it("runs in its directory, or that of the program", async () => {
        expect((await create({ create: print("process.cwd()"), dir: directory })).outputs.stdout).toBe(directory);
        expect((await create({ create: print("process.cwd()") })).outputs.stdout).toBe(process.cwd());
    });

    it.skipIf(process.platform === "win32")("runs by /bin/sh where no interpreter is given", async () => {
        const { outputs } = await command.create({ ...action({}), inputs: { create: "echo $OUTER; echo no >&2" } });
        expect(outputs).toMatchObject({ stdout: "outer", stderr: "no" });
    });

    it("makes outputs secret if an input is", async () => {
        const { outputs } = await create({ create: print("1"), environment: { TOKEN: secret("hush") } });
        expect(isSecret(outputs.stdout) && isSecret(outputs.stderr)).toBe(true);
    });

    it("fails with the exit code and what was written", async () => {
        const failing = create({ create: "console.log('out'); console.error('err'); process.exit(7)" });
        await expect(failing).rejects.toThrow("node ended with exit code 7:\nout\nerr");
    });

    it("keeps standard output to itself where an input is secret", async () => {
        const failing = create({ create: "console.log('the token'); process.exit(7)", stdin: secret("hush") });
        await expect(failing).rejects.toThrow(/exit code 7$/);
    });

    it.each([[undefined, ["doing"]], ["none", []], ["stdout", []], ["stderr", ["doing"]]])(
        "with logging %s it says %j on the way",
        async (logging, lines) => {
            await create({ create: "console.error('doing'); console.log('hush')", ...(logging && { logging }) });
            expect(said).toEqual(lines);
        },
    );

    it("says what can't be run", async () => {
        const failing = create({ create: "x", interpreter: ["no-such-program"] });
        await expect(failing).rejects.toThrow("no-such-program can't be run");
    });
});

describe("a command's update", () => {
    it.each<[string, Values, string]>([
        ["runs `update`", { create: print("1"), update: print("2") }, "2"],
        ["runs `create` where there is no `update`", { create: print("1") }, "1"],
        ["runs nothing where there is neither, and keeps what was written", {}, "out before"],
        ["knows what was written", { update: print("process.env.PULUMI_COMMAND_STDOUT") }, "out before"],
        ["knows the errors", { update: print("process.env.PULUMI_COMMAND_STDERR") }, "err before"],
        [
            "knows neither if it does not want to",
            { update: print("process.env.PULUMI_COMMAND_STDOUT"), addPreviousOutputInEnv: false },
            "undefined",
        ],
    ])("%s", async (_, inputs, stdout) => {
        const { id, outputs } = await update(inputs, before);
        expect(outputs.stdout).toBe(stdout);
        expect(id).toBe("test1");
    });
});

describe("a command's deletion", () => {
    it("runs `delete` with the inputs it was made with and what was written", async () => {
        const file = path.join(directory, "deleted");
        const script = "require('fs').writeFileSync(process.env.FILE, process.env.PULUMI_COMMAND_STDOUT)";
        const made = action({ create: "x", delete: script, environment: { FILE: file } });
        await command.delete(made, old(before), undefined);
        expect(fs.readFileSync(file, "utf8")).toBe("out before");
    });

    it("runs nothing where there is no `delete`", async () => {
        await command.delete(action({ create: "process.exit(1)" }), old({}), undefined);
    });
});
