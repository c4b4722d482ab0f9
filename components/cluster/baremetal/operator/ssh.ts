// Runs scripts and commands on the nodes by the system's own ssh, which gets only the settings given here: the user's ssh
// config is ignored. A host key must be known before the connection is made.
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { resolvePath } from "../../scripts/home";
import { fail } from "../../scripts/process";
import type { NodeFacts, SshFacts } from "../program/facts";
import { execute, framed, type Producer } from "./command";
import { describeFailure, isSilent, otherKey, type Result } from "./ssh-failure";

/** How often to try an address that doesn't answer, and how many seconds each attempt and the pause after it take. */
const dial = { times: 3, seconds: 10, pause: 5 };

/** Begins a line on a script's standard error that people should see at once. */
const note = "landfall: note: ";

/** After these, too, no key is left on this computer. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** How machines are reached: with the private key in the settings, or one in a file. */
export type Ssh = SshFacts & { privateKey?: string };

/** Runs scripts on machines as root. Where `command` is given, it runs instead, with `input` as its standard input. */
export interface Connection {
    /** Tells how it ended; `stdout` is its answer. */
    attempt(node: NodeFacts, input: string | Producer, command?: string): Promise<Result>;
    /** Returns the answer, or fails. */
    run(node: NodeFacts, input: string | Producer, command?: string): Promise<string>;
}

/** Connects to `nodes` for as long as `work` takes. With `quick`, an address that doesn't answer is tried once. */
export async function withSsh<T>(
    { ssh, nodes }: { ssh: Ssh; nodes: NodeFacts[] }, work: (connection: Connection) => Promise<T>, { quick = false } = {},
): Promise<T> {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-ssh-"));
    const remove = () => fs.rmSync(directory, { recursive: true, force: true });
    const stop = () => process.exit(1);
    process.once("exit", remove);
    // Handled until the end: a second signal must not end the script before the key is removed.
    for (const signal of signals) process.on(signal, stop);
    try {
        const config = path.join(directory, "config");
        const own = await withKeyFile(ssh, directory);
        const { files, strangers } = await knownHostsFiles(nodes, directory);
        fs.writeFileSync(config, renderSshConfig(own, nodes, files), { mode: 0o600 });
        const times = quick ? 1 : dial.times;
        const attempt: Connection["attempt"] = async (node, input, command) => {
            const stranger = strangers[node.name];
            if (stranger) return { ok: false, code: 255, stdout: "", stderr: stranger };
            return attemptOn(config, node, input, command, times);
        };
        const run: Connection["run"] = async (node, input, command) => {
            const result = await attempt(node, input, command);
            return result.ok ? result.stdout : fail(describeFailure(node, result));
        };
        return await work({ attempt, run });
    } finally {
        remove();
        process.removeListener("exit", remove);
        for (const signal of signals) process.removeListener(signal, stop);
    }
}

/** The config file for ssh, which takes the first value that it finds for an option. */
export function renderSshConfig(ssh: SshFacts, nodes: NodeFacts[], known: Record<string, string> = {}): string {
    const hosts = nodes.map(node => section(node.name, node, known[node.name], ssh.bastion && "landfall-bastion"));
    const bastion = ssh.bastion ? [section("landfall-bastion", ssh.bastion)] : [];
    const common = [
        "Host *",
        "    BatchMode yes",
        "    StrictHostKeyChecking yes",
        ...(ssh.knownHosts ? [`    UserKnownHostsFile ${quote(resolvePath(ssh.knownHosts))}`] : []),
        ...(ssh.key ? [`    IdentityFile ${quote(resolvePath(ssh.key))}`, "    IdentitiesOnly yes"] : []),
        `    ConnectTimeout ${dial.seconds}`,
        "    ServerAliveInterval 10",
        "    ServerAliveCountMax 3",
        "    LogLevel ERROR",
    ];
    return `${[...hosts, ...bastion].map(lines => `${lines.join("\n")}\n`).join("")}${common.join("\n")}\n`;
}

function section(
    name: string, { host, port, user }: { host: string; port: number; user: string }, known?: string, jump?: string,
): string[] {
    return [
        `Host ${name}`,
        `    HostName ${host}`,
        `    Port ${port}`,
        `    User ${user}`,
        ...(jump ? [`    ProxyJump ${jump}`] : []),
        ...(known ? [`    HostKeyAlias ${pinnedAlias(name)}`, `    UserKnownHostsFile ${quote(known)}`] : []),
    ];
}

/** ssh takes a backslash in quotes as an escape, so Windows paths get slashes. */
function quote(file: string): string {
    return `"${file.split("\\").join("/")}"`;
}

async function attemptOn(
    config: string, node: NodeFacts, input: string | Producer, command: string | undefined, times: number,
): Promise<Result> {
    const run = framed(command);
    const words = node.user === "root" ? run.command : `sudo -n ${run.command}`;
    const output = await execute("ssh", ["-F", config, "-T", node.name, words],
        command === undefined ? run.script(String(input)) : input, { isOver: run.isOver, onError: relay(node) });
    const result = run.read(output);
    if (result.ok && output.producer?.code) return { ...result, ...output.producer, ok: false };
    if (times <= 1 || result.code !== 255 || !isSilent(result)) return result;
    await new Promise(resolve => setTimeout(resolve, dial.pause * 1000));
    return attemptOn(config, node, input, command, times - 1);
}

/** Shows notes from a script while it is still running. */
function relay({ name, host }: NodeFacts): (text: string) => void {
    let rest = "";
    return text => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines.filter(text => text.startsWith(note))) {
            process.stderr.write(`${name} (${host}): ${line.slice(note.length)}\n`);
        }
    };
}

/** The name under which a node's pinned key is looked up. */
function pinnedAlias(name: string): string {
    return `landfall-pinned-${name}`;
}

/**
 * Writes the pinned host keys to files. Returns node → file, and for nodes that turn out to be other machines, why. To pin a
 * fingerprint ssh needs the key itself. It can be asked from anywhere, because it only counts if it has the fingerprint.
 * Machines behind a bastion can't be asked from here.
 */
async function knownHostsFiles(
    nodes: NodeFacts[], directory: string,
): Promise<{ files: Record<string, string>; strangers: Record<string, string> }> {
    const files: Record<string, string> = {};
    const strangers: Record<string, string> = {};
    await Promise.all(nodes.map(async node => {
        const { name, hostKey } = node;
        if (!hostKey) return;
        const { key, stranger } = hostKey.startsWith("SHA256:") ? await findKey(node, hostKey) : { key: hostKey };
        if (stranger) strangers[name] = stranger;
        if (!key) return; // if it doesn't answer, connecting to it will say so
        files[name] = path.join(directory, `known-hosts-${name}`);
        fs.writeFileSync(files[name], `${pinnedAlias(name)} ${key}\n`, { mode: 0o600 });
    }));
    return { files, strangers };
}

async function findKey({ name, host, port }: NodeFacts, hostKey: string): Promise<{ key?: string; stranger?: string }> {
    const scan = async () => {
        const { stdout } = await execute("ssh-keyscan", ["-T", "10", "-p", String(port), host]);
        return stdout.split(/\r?\n/).filter(line => line && !line.startsWith("#")).map(line => line.split(" ").slice(1).join(" "));
    };
    const isIt = (key: string) => fingerprint(key) === hostKey;
    const keys = await scan();
    // A machine that is busy may answer with only some of its keys.
    const found = keys.find(isIt) ?? (keys.length > 0 ? (await scan()).find(isIt) : undefined);
    if (found || keys.length === 0) return { key: found };
    return {
        stranger: `${name} (${host}:${port}) ${otherKey}: expected ${hostKey}, ` +
            `found ${keys.map(fingerprint).join(", ")}. Nothing was changed. If the machine is the right one, ` +
            "correct hostKey.",
    };
}

/** As `ssh-keygen -l` shows it. */
function fingerprint(key: string): string {
    const digest = createHash("sha256").update(Buffer.from(key.split(" ")[1] ?? "", "base64")).digest("base64");
    return `SHA256:${digest.replace(/=+$/, "")}`;
}

/** Writes a private key that the settings contain to a file of the directory, readable by this user only. */
export async function withKeyFile({ privateKey, ...ssh }: Ssh, directory: string): Promise<SshFacts> {
    if (privateKey === undefined) {
        if (ssh.key) await checkKeyFile(resolvePath(ssh.key));
        return ssh;
    }
    const file = path.join(directory, "key");
    // ssh wants a line feed at the end of the key, and no carriage returns in it.
    fs.writeFileSync(file, `${privateKey.replace(/\r\n?/g, "\n").trim()}\n`, { mode: 0o600 });
    const { code, stderr } = await readPublic(file);
    if (code !== 0) fail(`landfall:cluster.ssh.privateKey ${keyProblem(stderr)} Nothing was changed.`);
    return { ...ssh, key: file };
}

/**
 * For a file that it can't use, ssh only says that the machine refuses the key. A key with a passphrase is fine if the agent
 * holds it, and so is its public half alone.
 */
async function checkKeyFile(file: string): Promise<void> {
    const refuse = (problem: string) => fail(`landfall:cluster.ssh.key: ${file} ${problem} Nothing was changed.`);
    if (!fs.existsSync(file)) return fs.existsSync(`${file}.pub`) ? undefined : refuse("is not there.");
    const { code, stderr } = await readPublic(file);
    if (code === 0 || /bad permissions/.test(stderr)) return;
    const [shown, held] = await Promise.all([
        execute("ssh-keygen", ["-l", "-f", file]), execute("ssh-add", ["-l"]),
    ]);
    const wanted = shown.stdout.split(" ")[1];
    if (wanted && held.stdout.split("\n").some(line => line.split(" ")[1] === wanted)) return;
    refuse(keyProblem(stderr, "Load it into the agent (ssh-add), or give"));
}

function readPublic(file: string): ReturnType<typeof execute> {
    return execute("ssh-keygen", ["-y", "-P", "", "-f", file]);
}

/** ssh-keygen's own message names a file that may be gone by then. */
function keyProblem(stderr: string, advice = "Give"): string {
    if (/Permission denied/i.test(stderr)) return "can't be read by this user.";
    return /passphrase/i.test(stderr)
        ? `has a passphrase, which nobody can type here. ${advice} a key of its own without one (ssh-keygen -N "").`
        : "is no private key that ssh-keygen can read. Is it whole, from its first line to its last?";
}
