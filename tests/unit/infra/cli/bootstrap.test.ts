import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { childEnvironment, isInstalled, nodeProblem, npmCommand } from "../../../../infra/cli/bootstrap.mjs";
import { Steps, Terminal } from "../../../../infra/cli/terminal";

const root = path.resolve(__dirname, "../../../..");
const bootstrap = path.join(root, "infra", "cli", "bootstrap.mjs");

describe("the version of Node", () => {
    it.each(["v20.19.0", "v20.20.2", "v22.0.0", "v100.1.0"])("%s will do", version => {
        expect(nodeProblem(version, ">=20.19")).toBeUndefined();
    });

    it.each(["v20.18.9", "v18.20.4", "v8.0.0"])("%s is refused, with the way out", version => {
        expect(nodeProblem(version, ">=20.19")).toBe(
            `Landfall needs Node 20.19 or newer; this is Node ${version.slice(1)}.\n` +
                "Install the current LTS version from https://nodejs.org/en/download and run the command again.");
    });

    it("is asked for by package.json in the form that is understood", () => {
        const { engines } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
            engines: { node: string };
        };
        expect(engines.node).toMatch(/^>=\d+\.\d+$/);
    });
});

describe("the dependencies", () => {
    const entry = { version: "1.0.0", integrity: "sha512-a" };
    const lock = { packages: { "": {}, "node_modules/a": entry, "node_modules/o": { ...entry, optional: true } } };

    it.each([
        ["all there", { packages: { "node_modules/a": entry } }, true],
        ["not there", undefined, false],
        ["partly there", { packages: {} }, false],
        ["of another version", { packages: { "node_modules/a": { ...entry, version: "0.9.0" } } }, false],
        ["of another content", { packages: { "node_modules/a": { ...entry, integrity: "sha512-b" } } }, false],
    ])("are %s", (_, installed, wanted) => {
        expect(isInstalled(lock, installed)).toBe(wanted);
    });

    it("are installed by npm's own JavaScript, without a shell", () => {
        const execPath = path.join(path.sep, "node dir", "bin", "node");
        const given = path.join(path.sep, "npm dir", "npm-cli.js");
        const npm = { npm_config_user_agent: "npm/11.0.0 node/v24", npm_execpath: given };
        expect(npmCommand(npm, execPath, () => true)).toEqual({ program: execPath, args: [given] });
        const beside = path.join(path.sep, "node dir", "lib", "node_modules", "npm", "bin", "npm-cli.js");
        const pnpm = { npm_config_user_agent: "pnpm/9", npm_execpath: "/pnpm.cjs" };
        expect(npmCommand(pnpm, execPath, file => file === beside)).toEqual({ program: execPath, args: [beside] });
        expect(npmCommand({}, execPath, () => false)).toEqual({ program: "npm", args: [] });
    });
});

describe("the children", () => {
    it("trust what the system trusts, unless the user says otherwise", () => {
        expect(childEnvironment({ A: "a" })).toEqual({ A: "a", NODE_USE_SYSTEM_CA: "1" });
        expect(childEnvironment({ NODE_USE_SYSTEM_CA: "0" })).toEqual({ NODE_USE_SYSTEM_CA: "0" });
    });
});

describe("a command", () => {
    const run = (...args: string[]) => spawnSync(process.execPath, [bootstrap, ...args], { encoding: "utf8" });

    it("that there is none is answered with those that there are", () => {
        const { status, stderr } = run("stop");
        expect(status).toBe(1);
        expect(stderr).toBe('There is no command "stop"; there are: start, down, status, logs, shell, open, preview, comment, drift, render, bench, cost, limits, admin, site, branch, promote, test, update-images.\n');
    });

    it("prints nothing but what was asked for where npm is silent, and else says how", () => {
        const npm = npmCommand(process.env, process.execPath, fs.existsSync);
        const { npm_config_loglevel: _, ...env } = process.env;
        const render = (...silent: string[]) => spawnSync(
            npm.program, [...npm.args, "run", ...silent, "render", "--", "--help"], { cwd: root, encoding: "utf8", env });
        const quiet = render("-s");
        expect([quiet.status, quiet.stdout, quiet.stderr]).toEqual([0, expect.stringMatching(/^Usage: npm run render/), ""]);
        const loud = render();
        expect(loud.stdout).toMatch(/^\n> landfall/);
        expect(loud.stderr).toContain("npm run -s render -- --help");
    });

    it("passes its exit code and its errors through, as where the stack that was asked for isn't there", () => {
        const { status, stderr } = run("start", "--stack", "nowhere");
        expect(status).toBe(1);
        expect(stderr).toMatch(/There is no stack "nowhere": .*Pulumi\.nowhere\.yaml.*The stacks are: .*dev/s);
    });

    // Windows ends a process for every signal that Node sends.
    it.skipIf(process.platform === "win32")("ends when it is interrupted, with all that it has started", async () => {
        const marker = `no-such-test-${process.pid}`;
        const running = () => spawnSync("ps", ["-A", "-o", "args="], { encoding: "utf8" }).stdout.split("\n")
            .filter(line => line.includes(marker));
        // vitest, which waits for a file of that name to appear.
        const args = [bootstrap, "test", "unit", "--standalone", "--watch", marker];
        const child = spawn(process.execPath, args, { stdio: "ignore" });
        const ended = new Promise<[number | null, string | null]>(resolve => {
            child.on("exit", (code, signal) => resolve([code, signal]));
        });
        await expect.poll(() => running().some(line => line.includes("vitest.mjs")), { timeout: 100_000 }).toBe(true);
        child.kill("SIGINT");
        expect((await ended)[1]).toBeNull(); // not by the signal, but by itself, after its child
        await expect.poll(running, { timeout: 60_000 }).toEqual([]);
    });
});

describe("the terminal", () => {
    it("numbers the steps, and says what comes next", async () => {
        const written: string[] = [];
        const steps = new Steps(new Terminal({ write: text => written.push(text) }, {}), ["Check", "Bring up", "Wait"]);
        expect(await steps.next(async () => 1)).toBe(1);
        await steps.next(async () => undefined);
        await steps.next(async () => undefined);
        expect(written.filter(line => line.includes("/3]"))).toEqual([
            "\n[1/3] Check  (next: bring up)\n", "\n[2/3] Bring up  (next: wait)\n", "\n[3/3] Wait\n",
        ]);
        expect(written.filter(line => / {6}\d+ s/.test(line))).toHaveLength(3);
    });

    it("writes plain lines to a pipe, and renews a status on a terminal", async () => {
        const show = async (isTTY: boolean): Promise<string> => {
            const written: string[] = [];
            const terminal = new Terminal({ write: text => written.push(text), isTTY, columns: 20 }, {});
            const stop = terminal.watch(() => "… still creating a long name");
            await new Promise(resolve => setTimeout(resolve, 1200));
            terminal.line("done");
            stop();
            return written.join("");
        };
        const [pipe, screen] = await Promise.all([show(false), show(true)]);
        expect(pipe).toBe("done\n");
        expect(screen).toBe("\r\u001b[2K… still creating a \r\u001b[2Kdone\n");
    });
});
