import "tsx/cjs"; // createCluster loads the target by `require`
import { execFileSync, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { withKeyFile, withSsh } from "../../../../../../components/cluster/baremetal/operator/ssh";
import { renderJson } from "../../../../../../infra/cli/render";
import { loadSettings } from "../../../../../../infra/config";
import { captureProgram } from "../../../../../../infra/cli/capture";

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-key-test-"));
let key: string;
let locked: string;

beforeAll(() => {
    const make = (name: string, passphrase: string) => {
        execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-f", path.join(directory, name)]);
        return fs.readFileSync(path.join(directory, name), "utf8");
    };
    [key, locked] = [make("id", ""), make("locked", "correct horse")];
});
afterAll(() => fs.rmSync(directory, { recursive: true }));
afterEach(() => void vi.unstubAllEnvs());

/** The lines of a key that are its own. */
const linesOf = (text: string) => text.split("\n").filter(line => line && !line.startsWith("-----"));
const settings = (ssh: object) => JSON.stringify({
    target: "baremetal", nodes: { server: { host: "203.0.113.11" } }, ssh,
});

describe("a private key in the settings", () => {
    const load = async (cluster: string, secretKeys: string[] = ["landfall:cluster"]) => {
        await pulumi.runtime.setMocks({
            newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }), call: ({ inputs }) => inputs as object,
        }, "landfall", "server");
        pulumi.runtime.setAllConfig({ "landfall:cluster": cluster, "landfall:environment": '{"host":"a.example.com"}' }, secretKeys);
        try {
            loadSettings();
        } catch (error) {
            return (error as Error).message;
        }
        return "";
    };

    test("is taken if it is a secret, also with the line ends of Windows", async () => {
        expect(await load(settings({ privateKey: key }))).toBe("");
        expect(await load(settings({ privateKey: key.replaceAll("\n", "\r\n").trim() }))).toBe("");
    });

    test.each<[string, () => string, string[], RegExp]>([
        ["in plain text", () => settings({ privateKey: key }), [],
            /ssh\.privateKey is not a secret[\s\S]*pulumi config set --secret --path landfall:cluster\.ssh\.privateKey < ~\/\.ssh/],
        ["beside a file", () => settings({ privateKey: key, key: "~/.ssh/id" }), ["landfall:cluster"], /is a second key/],
        ["beside a file, in plain text", () => settings({ privateKey: key, key: "~/.ssh/id" }), [], /is a second key/],
        ["cut short", () => settings({ privateKey: key.slice(0, 200) }), ["landfall:cluster"], /ssh\.privateKey is not valid/],
        ["of the public half", () => settings({ privateKey: "ssh-ed25519 AAAA" }), [], /ssh\.privateKey is not valid/],
        ["beside another mistake", () => settings({ privateKey: key, bastion: "b.example.com", user: "a b" }), [], /ssh\.user has a space/],
        ["under a name with a slip", () => settings({ privatKey: key }), [], /did you mean privateKey/],
    ])("is refused %s, and never shown", async (_, cluster, secretKeys, message) => {
        const text = await load(cluster(), secretKeys);
        expect(text).toMatch(message);
        for (const line of linesOf(key)) expect(text).not.toContain(line.slice(0, 20));
    });

    test("is shown by no render, and is a secret in the environment of every script that reaches a machine", async () => {
        const { resources } = await captureProgram({
            stack: "server", secretKeys: ["landfall:cluster"],
            config: { "landfall:cluster": settings({ privateKey: key }), "landfall:environment": '{"host":"a.example.com"}' },
        });
        const rendered = renderJson(resources);
        for (const line of linesOf(key)) expect(rendered).not.toContain(line);
        const commands = (JSON.parse(rendered) as { type: string; inputs: { environment: Record<string, string> } }[])
            .filter(({ type, inputs }) => type === "command:local:Command" && inputs.environment.SSH);
        expect(commands.length).toBeGreaterThan(5);
        for (const { inputs } of commands) expect(inputs.environment.SSH_PRIVATE_KEY).toBe("[secret]");
    });
});

describe("the file of a private key", () => {
    const at = () => fs.mkdtempSync(path.join(directory, "at-"));

    test.each<[string, (text: string) => string]>([
        ["as it is", text => text], ["without its last line end", text => text.trimEnd()],
        ["with the line ends of Windows", text => text.replaceAll("\n", "\r\n")],
    ])("is one that ssh takes: given %s", async (_, change) => {
        const ssh = await withKeyFile({ privateKey: change(key), knownHosts: "k" }, at());
        expect(Object.keys(ssh).sort()).toEqual(["key", "knownHosts"]);
        const file = ssh.key ?? "";
        expect(fs.readFileSync(file, "utf8")).toBe(key);
        if (process.platform !== "win32") expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    });

    test("is not made where the settings hold none", async () => {
        const empty = at();
        const given = { key: path.join(directory, "id") };
        expect(await withKeyFile(given, empty)).toEqual(given);
        expect(await withKeyFile({}, empty)).toEqual({});
        expect(fs.readdirSync(empty)).toEqual([]);
    });

    test("that the settings name has an error of its own if ssh can't use it: ssh would only say that it is refused", async () => {
        const named = (name: string) => withKeyFile({ key: path.join(directory, name) }, at()).then(() => "taken", (error: Error) => error.message);
        expect(await named("gone")).toMatch(/ssh\.key: .*gone is not there\. Nothing was changed/);
        expect(await named("locked")).toMatch(/ssh\.key: .*locked has a passphrase.*ssh-add.*Nothing was changed/);
        fs.writeFileSync(path.join(directory, "none"), "not a key\n", { mode: 0o600 });
        expect(await named("none")).toMatch(/ssh\.key: .*none is no private key/);
    });

    test.skipIf(process.platform === "win32")("with a passphrase, or its public half alone, is taken where the agent holds it", async () => {
        const [socket, onlyPublic] = [path.join(at(), "agent"), path.join(directory, "elsewhere")];
        fs.copyFileSync(path.join(directory, "id.pub"), `${onlyPublic}.pub`);
        const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
        try {
            await vi.waitFor(() => expect(fs.existsSync(socket)).toBe(true), { timeout: 60_000 });
            vi.stubEnv("SSH_AUTH_SOCK", socket);
            const askpass = path.join(directory, "askpass");
            fs.writeFileSync(askpass, "#!/bin/sh\necho correct horse\n", { mode: 0o700 });
            execFileSync("ssh-add", ["-q", path.join(directory, "locked")], {
                env: { ...process.env, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force" }, stdio: ["ignore", "pipe", "ignore"],
            });
            for (const key of [path.join(directory, "locked"), onlyPublic]) expect(await withKeyFile({ key }, at())).toEqual({ key });
        } finally {
            agent.kill();
        }
    });

    test("with a passphrase, or that is none, is refused with the reason", async () => {
        await expect(withKeyFile({ privateKey: locked }, at())).rejects.toThrow(/has a passphrase.*Nothing was changed/);
        const broken = key.replace(linesOf(key)[0], "A".repeat(70));
        await expect(withKeyFile({ privateKey: broken }, at())).rejects.toThrow(/is no private key.*Nothing was changed/);
    });

    test("of a host is pinned without the carriage return that ssh-keyscan ends lines with on Windows", async () => {
        const bin = at();
        const [type, text] = fs.readFileSync(path.join(directory, "id.pub"), "utf8").trim().split(" ");
        const hostKey = execFileSync("ssh-keygen", ["-lf", path.join(directory, "id.pub")], { encoding: "utf8" }).split(" ")[1];
        const write = (name: string, script: string) => fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
        write("ssh-keyscan", `printf '# a comment\\r\\n127.0.0.1 ${type} ${text}\\r\\n\\r\\n'`);
        write("ssh", `cp "$(dirname "$2")/known-hosts-one" ${bin}/known; exit 1`);
        vi.stubEnv("PATH", `${bin}:${process.env.PATH}`);
        const node = { name: "one", host: "127.0.0.1", address: "127.0.0.1", port: 1, user: "root", role: "worker" as const, hostKey };
        await withSsh({ ssh: {}, nodes: [node] }, ({ attempt }) => attempt(node, ""), { quick: true });
        expect(fs.readFileSync(path.join(bin, "known"), "utf8")).toBe(`landfall-pinned-one ${type} ${text}\n`);
    });

    test.skipIf(process.platform === "win32")("is inherited by no program that a script starts, nor is any other secret", () => {
        const [bin, seen] = [at(), at()];
        for (const name of ["ssh", "ssh-keygen", "ssh-keyscan", "docker"]) {
            fs.writeFileSync(path.join(bin, name), `#!/bin/sh\nenv >> ${seen}/${name}\necho arch\n`, { mode: 0o755 });
        }
        const secrets = {
            SSH_PRIVATE_KEY: key, PULUMI_CONFIG_PASSPHRASE: "hunter2", PULUMI_ACCESS_TOKEN: "hunter2", AWS_SECRET_ACCESS_KEY: "hunter2",
            RESTIC_PASSWORD: "hunter2", GITHUB_TOKEN: "hunter2", SNAPSHOTS: '{"repository":"/mnt/x","password":"hunter2"}',
        };
        const one = { name: "one", host: "127.0.0.1", port: 1, user: "root", role: "worker", hostKey: `SHA256:${"a".repeat(43)}` };
        for (const script of ["status", "load-image", "snapshot", "end-snapshots"]) {
            spawnSync(process.execPath, ["--require", "tsx/cjs", `components/cluster/baremetal/operator/${script}.ts`], {
                env: {
                    PATH: `${bin}:${process.env.PATH}`, SSH_AUTH_SOCK: "/agent", HOME: "/home/user", SSH: "{}", IMAGE: "web:1",
                    CLUSTER: '{"owner":"landfall/test"}', NODES: JSON.stringify([{ ...one, hostKey: script === "status" ? one.hostKey : undefined }]), ...secrets,
                },
            });
        }
        expect(fs.readdirSync(seen).sort()).toEqual(["docker", "ssh", "ssh-keygen", "ssh-keyscan"]);
        for (const name of fs.readdirSync(seen)) {
            const inherited = fs.readFileSync(path.join(seen, name), "utf8");
            expect(inherited).not.toMatch(/hunter2|PRIVATE KEY|PASSPHRASE/);
            expect(inherited).toContain("SSH_AUTH_SOCK=/agent");
        }
    });

    test.skipIf(process.platform === "win32")("is gone after a script that was interrupted, however often", async () => {
        const [bin, temporary] = [at(), at()];
        fs.writeFileSync(path.join(bin, "ssh"), "#!/bin/sh\nexec sleep 30\n", { mode: 0o755 });
        const left = () => fs.readdirSync(temporary).filter(name => !/^tsx-/.test(name));
        const script = spawn(process.execPath, ["--require", "tsx/cjs", "components/cluster/baremetal/operator/end-snapshots.ts"], {
            env: {
                PATH: `${bin}:${process.env.PATH}`, TMPDIR: temporary, SSH: "{}", SSH_PRIVATE_KEY: key,
                NODES: JSON.stringify([{ name: "one", host: "127.0.0.1", port: 1, user: "root", role: "control-plane" }]),
            }, stdio: "ignore",
        });
        const ended = new Promise(resolve => script.once("exit", resolve));
        await vi.waitFor(() => expect(left().flatMap(name => fs.readdirSync(path.join(temporary, name)))).toContain("config"), { timeout: 60_000 });
        // As a terminal, npm and the engine all pass it on. The process can't be noticed to have ended before the loop has.
        for (const begin = Date.now(); Date.now() < begin + 300;) process.kill(script.pid ?? 0, "SIGTERM");
        await ended;
        expect(left()).toEqual([]);
    });

    test("is gone after a script that failed, which shows nothing of it", () => {
        const temporary = at();
        const environment = {
            CLUSTER: '{"owner":"landfall/test"}', SSH: "{}", SSH_PRIVATE_KEY: key,
            NODES: JSON.stringify([{ name: "one", host: "127.0.0.1", port: 1, user: "root", role: "control-plane" }]),
        };
        const { status, stdout, stderr } = spawnSync(process.execPath, ["--require", "tsx/cjs", "components/cluster/baremetal/operator/status.ts"], {
            env: { PATH: process.env.PATH, ...environment, TMPDIR: temporary, TEMP: temporary }, encoding: "utf8",
        });
        expect(status).toBe(1);
        expect(stderr).toMatch(/one \(root@127\.0\.0\.1:1\) refuses connections/);
        for (const line of linesOf(key)) expect(stdout + stderr).not.toContain(line);
        expect(fs.readdirSync(temporary).filter(name => !/^tsx-/.test(name))).toEqual([]); // the compiler keeps its results
    });
});
