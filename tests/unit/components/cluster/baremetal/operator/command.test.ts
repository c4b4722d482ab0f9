import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { execute, framed } from "../../../../../../components/cluster/baremetal/operator/command";
import type { NodeFacts } from "../../../../../../components/cluster/baremetal/program/facts";
import { describeFailure } from "../../../../../../components/cluster/baremetal/operator/ssh-failure";
import { renderScript } from "../../../../../../components/cluster/baremetal/machine/script";

const node: NodeFacts = { name: "one", host: "198.18.40.11", address: "198.18.40.11", port: 22, user: "admin", role: "control-plane" };
const home = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-home-"));
afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

/** Runs a script, or a command with its input, as sshd does it: by a login shell that reads `bashrc` first. */
function login(bashrc: string, input: string, command?: string) {
    fs.writeFileSync(path.join(home, ".bashrc"), `${bashrc}\n`);
    const run = framed(command);
    const { status, stdout, stderr } = spawnSync("bash", ["-c", run.command], {
        encoding: "utf8",
        input: command === undefined ? run.script(input) : input,
        env: { HOME: home, USER: "admin", PATH: process.env.PATH, SSH_CLIENT: "198.18.40.1 40000 22", SSH_CONNECTION: "x" },
    });
    return run.read({ code: status ?? 1, stdout, stderr });
}

const script = (...lines: string[]) => renderScript([{ name: "Look around", script: lines.join("\n") }]).replaceAll("/run/landfall.lock", path.join(home, "lock"));
const environment = path.join(home, "environment");
fs.writeFileSync(environment, "echo from BASH_ENV\ncat() { echo another; }\n");

describe.skipIf(process.platform === "win32")("an answer", () => {
    test.each<[string, string]>([
        ["prints lines", 'echo "Welcome to $(hostname), 3 updates can be applied"; echo "*** maintenance ***" >&2'],
        ["prints no line's end", "printf 'member'"],
        ["has another locale", "export LC_ALL=xx_YY.UTF-8 LANG=tr_TR.UTF-8 LANGUAGE=tr"],
        ["has errors end it", "set -euo pipefail"],
        ["traces what it does", "set -xv"],
        ["shows commands in the title", `trap 'echo "[$BASH_COMMAND]"' DEBUG`],
        ["speaks when it ends", "trap 'echo bye; exit 7' EXIT"],
        ["names a file to read", `export BASH_ENV=${environment} ENV=${environment}`],
        ["has functions for programs", "cat() { echo mine; }; base64() { echo mine; }; export -f cat base64"],
        ["has a PATH of its own", "export PATH=/nowhere:/usr/bin:/bin POSIXLY_CORRECT=1"],
        ["prints on in the background", "(for i in 1 2 3 4 5 6; do echo noise $i; sleep 0.02; done) &"],
        ["is as most are", ""],
    ])("is what the script prints, where the login shell %s", (_, bashrc) => {
        const answer = login(bashrc, script("locale | sed -n 's/^LC_ALL=//p'", "bash -c 'echo member'", "printf 'last\\n\\nwithout an end'"));
        expect(answer).toMatchObject({ ok: true, code: 0, stdout: "C\nmember\nlast\n\nwithout an end" });
        expect(login(bashrc, script("echo before", "false", "echo after"))).toMatchObject({ ok: false, code: 1, stdout: "before\n", whole: true });
        expect(login(bashrc, "", "exit 3")).toMatchObject({ ok: false, code: 3, stdout: "" });
        expect(login(bashrc, "sent\nwhole", "cat")).toMatchObject({ ok: true, stdout: "sent\nwhole" });
    });

    test.each<[string, string]>([
        ["exits", "echo member; exit 0"], ["is another program's", "exec cat"], ["runs nothing", "set -n"],
        ["reads a line", "read -r line"], ["reads all", "cat >/dev/null"], ["reads nothing that comes", "exec </dev/null"],
    ])("is none, and an error, where the login shell %s; then nothing has begun", (_, bashrc) => {
        const touched = path.join(home, "touched");
        const answer = login(bashrc, script(`touch ${touched}`));
        expect(answer).toMatchObject({ ok: false, stdout: "" });
        expect(fs.existsSync(touched)).toBe(false);
        expect(describeFailure(node, answer)).toMatch(/one \(admin@198\.18\.40\.11:22\).*(must not exit|must not read standard input)/s);
        expect(describeFailure(node, answer)).not.toMatch(/become root/);
    });

    test("that goes nowhere is an error too, whatever the script's end", () => {
        const answer = login("echo member; exec >/dev/null", script("echo member"));
        expect(answer).toMatchObject({ ok: false, stdout: "" });
        expect(describeFailure(node, answer)).toContain("its answer can't be read. It printed:\nmember");
    });

    test("that is missing shows what was printed instead, and nothing of what was sent", () => {
        expect(describeFailure(node, login("echo Only for people; exit 0", script("true")))).toMatch(/It printed:\nOnly for people$/);
        const echoed = login("exec cat", renderScript([{ name: "Join", script: "true" }], { TOKEN: "abcdef.0123456789abcdef" }));
        expect(describeFailure(node, echoed)).not.toContain("abcdef");
    });

    test("is the same whatever noise stands around it, and noise inside it makes it an error", () => {
        const noise = fc.string({ unit: "binary", maxLength: 80 });
        fc.assert(fc.property(noise, noise, noise, noise, fc.nat(255), fc.string({ unit: "binary" }), fc.nat(), noise,
            (before, after, errors, moreErrors, code, text, at, inside) => {
                const run = framed("true");
                const [, one, two] = /landfall ([0-9a-f]+) ([0-9a-f]+) /.exec(run.command) ?? [];
                const encoded = Buffer.from(text).toString("base64");
                const frame = `${one}${two} ${code} ${encoded.length} ${encoded} ${two}${one}`;
                const stderr = `${errors}${one}${two}\nsaid\n${two}${one}\n${moreErrors}`;
                const answer = run.read({ code: 0, stdout: `${before}${frame}\n${after}`, stderr });
                expect(answer).toMatchObject({ ok: code === 0, code, stdout: Buffer.from(text).toString(), began: true, whole: true });
                expect(answer.stderr.trim()).toBe("said");
                const place = 1 + at % (frame.length - 1);
                const stdout = before + frame.slice(0, place) + inside + frame.slice(place) + after;
                fc.pre(!stdout.includes(frame)); // nothing, or what only moves the frame
                expect(run.read({ code: 0, stdout, stderr })).toMatchObject({ ok: false, stdout: "", whole: false });
                // One of another run is none.
                expect(framed("true").read({ code: 0, stdout: frame, stderr })).toMatchObject({ ok: false, whole: false, began: false });
            }), { numRuns: 500 });
    });

    test("is over as soon as it is there, whoever keeps the connection open", () => {
        const run = framed("echo member");
        const { stdout, stderr } = spawnSync("bash", ["-c", run.command], { encoding: "utf8" });
        expect(run.isOver({ stdout, stderr })).toBe(true);
        for (let length = 0; length < stdout.trimEnd().length; length++) {
            expect(run.isOver({ stdout: stdout.slice(0, length), stderr })).toBe(false);
        }
        expect(run.isOver({ stdout, stderr: "" })).toBe(false);
    });
});

test("a program that feeds another has variables of its own", async () => {
    const node = (script: string): [string, string[]] => [process.execPath, ["-e", script]];
    const [program, args] = node("process.stdout.write(process.env.COPYFILE_DISABLE + (process.env.PATH ? ' and PATH' : ''))");
    const { stdout } = await execute(...node("process.stdin.pipe(process.stdout)"), { program, args, env: { COPYFILE_DISABLE: "1" } });
    expect(stdout).toBe("1 and PATH");
});

describe("a failure is reported from the step that failed", () => {
    const failed = (stderr: string, more: object = {}) => describeFailure(node, { code: 1, stderr, began: true, whole: true, ...more });

    test("and not from what sudo says besides", () => {
        const text = failed("sudo: unable to resolve host one: Name or service not known\nE: Unable to locate package socat\nlandfall: failed: Install packages\n");
        expect(text).toMatch(/^one \(admin@198\.18\.40\.11:22\): Install packages failed\./);
        expect(text).toContain("E: Unable to locate package socat");
        expect(text).not.toContain("become root");
    });

    test.each<[string, RegExp]>([
        ["sudo: a password is required", /admin can't become root without a password/],
        ["sudo: sorry, you must have a tty to run sudo", /admin can't become root/],
        ["admin is not in the sudoers file.", /admin can't become root/],
        ["Sorry, user admin is not allowed to execute '/usr/bin/bash' as root on one.", /admin can't become root/],
        ["bash: line 1: sudo: command not found", /there is no sudo, by which admin would become root/],
        ["This account is currently not available.", /ended before it ran what it was sent.*It printed:\nThis account is currently not available\.$/s],
    ])("where nothing began since it says: %s", (stderr, message) => {
        expect(failed(`${stderr}\n`, { began: false, whole: false })).toMatch(message);
    });

    test("where the connection breaks meanwhile, which is not the machine's silence", () => {
        const text = failed("curl: (7) Connection refused\n", { code: 255, whole: false });
        expect(text).toMatch(/^one \(admin@198\.18\.40\.11:22\): the connection was lost meanwhile\.\ncurl/);
    });

    test("where the key is refused, naming the user's own file", () => {
        const text = failed("admin@198.18.40.11: Permission denied (publickey).", { code: 255, began: false });
        expect(text).toContain("refuses the key for admin. Is it in ~admin/.ssh/authorized_keys there");
        expect(failed("WARNING: UNPROTECTED PRIVATE KEY FILE!\nPermission denied (publickey).", { code: 255, began: false }))
            .toMatch(/private key that others may read. chmod 600/);
    });
});
