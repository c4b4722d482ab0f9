// @ts-nocheck
// Reaches the nodes by the system's own ssh, which reads nothing but the settings given here: no user's ssh config plays
// a part. Host keys are known before a connection is made, or there is none.
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { resolvePath } from "../../scripts/home";
import { fail } from "../../scripts/process";
import { framed } from "./answer";
import { execute } from "./execute";
import { knownHostsFiles, otherKey, pinnedAlias } from "./host-keys";
import { withKeyFile } from "./private-key";

/** How often an address that doesn't answer is dialled, and the seconds that a dial and the pause after it take. */
const dial = { times: 3, seconds: 10, pause: 5 };

/** How a line on a script's standard error begins that people are to see at once. */
const note = "landfall: note: ";

/** What ends a script before its time; nothing of its connection is left behind then, either. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Gives work a connection to the machines of `nodes`. `attempt(node, script)` tells how the script ended and, as `stdout`,
 * what it has answered; `run` returns the answer, or fails. Both take a command instead, with its standard input as
 * `script`. Of a connection that is `quick` an address is dialled once.
 */
export async function withSsh({ ssh, nodes }, work, { quick = false } = {}) {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-ssh-"));
    const remove = () => fs.rmSync(directory, { recursive: true, force: true });
    const stop = () => process.exit(1);
    process.once("exit", remove);
    for (const signal of signals) process.once(signal, stop);
    try {
        const config = path.join(directory, "config");
        const own = await withKeyFile(ssh, directory);
        const { files, strangers } = await knownHostsFiles(nodes, directory);
        fs.writeFileSync(config, renderSshConfig(own, nodes, files), { mode: 0o600 });
        const times = quick ? 1 : dial.times;
        const attempt = async (node, input, command) => {
            const stranger = strangers[node.name];
            if (stranger) return { ok: false, code: 255, stdout: "", stderr: stranger };
            return attemptOn(config, node, input, command, times);
        };
        const run = async (node, input, command) => {
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

/** All that ssh is told, in the order in which its first value of each option counts. */
export function renderSshConfig(ssh, nodes, known = {}) {
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

function section(name, { host, port, user }, known, jump) {
    return [
        `Host ${name}`,
        `    HostName ${host}`,
        `    Port ${port}`,
        `    User ${user}`,
        ...(jump ? [`    ProxyJump ${jump}`] : []),
        ...(known ? [`    HostKeyAlias ${pinnedAlias(name)}`, `    UserKnownHostsFile ${quote(known)}`] : []),
    ];
}

/** Windows' paths too: ssh reads a backslash within quotes as an escape. */
function quote(file) {
    return `"${file.split("\\").join("/")}"`;
}

/** Runs a command as root on a node, or a script where none is given. */
async function attemptOn(config, node, input, command, times) {
    const run = framed(command);
    const words = node.user === "root" ? run.command : `sudo -n ${run.command}`;
    const output = await execute("ssh", ["-F", config, "-T", node.name, words],
        command === undefined ? run.script(input) : input, { isOver: run.isOver, onError: relay(node) });
    const result = run.read(output);
    if (result.ok && output.producer?.code) return { ...result, ...output.producer, ok: false };
    if (times <= 1 || result.code !== 255 || !isSilent(result)) return result;
    await new Promise(resolve => setTimeout(resolve, dial.pause * 1000));
    return attemptOn(config, node, input, command, times - 1);
}

/** Passes on at once what a script has people know while it goes on. */
function relay({ name, host }) {
    let rest = "";
    return text => {
        const lines = (rest + text).split("\n");
        rest = lines.pop();
        for (const line of lines.filter(line => line.startsWith(note))) {
            process.stderr.write(`${name} (${host}): ${line.slice(note.length)}\n`);
        }
    };
}

/** Whether nobody answered at the address, so that nothing can have been done there yet. */
export function isSilent({ began, stderr }) {
    const silence = /timed out|Connection refused|No route to host|Network is unreachable|Could not resolve|banner exchange|kex_exchange/i;
    return !began && silence.test(stderr);
}

/** Whether something answers that has proven to be another machine; where no key is known, nothing is proven. */
export function isStranger({ began, stderr }) {
    return !began && (stderr.includes(otherKey) || stderr.includes("REMOTE HOST IDENTIFICATION HAS CHANGED"));
}

/** What went wrong on a node, in words for people. */
export function describeFailure({ name, host, port, user }, { code, stderr, began, whole, noise = "" }) {
    if (code === 255 && !began && stderr.includes(otherKey)) return stderr;
    const at = `${name} (${user}@${host}:${port})`;
    if (!began) {
        return code === 255 ? `${at} ${connectionProblem(stderr, { host, user })}` : `${at}: ${beginningProblem({ stderr, noise }, user)}`;
    }
    const step = /^landfall: failed: (.*)$/m.exec(stderr)?.[1];
    const said = lastLines(stderr.split("\n").filter(line => !line.startsWith("landfall: ")));
    if (whole || step) return `${at}${step ? `: ${step}` : ""} failed.\n${said}`.trimEnd();
    return code === 255 ? `${at}: the connection was lost meanwhile.\n${said}`.trimEnd()
        : `${at}: its answer can't be read. ${printed(noise, said)}`;
}

function connectionProblem(stderr, { host, user }) {
    const jump = stepBefore(stderr, host);
    if (jump) return `can't be reached: the bastion ${jump.host} ${connectionProblem(jump.said, jump)}`;
    if (/stdio forwarding failed/.test(stderr)) {
        const [said] = /^channel \d+: open failed: .*$/m.exec(stderr) ?? [stderr];
        return `can't be reached from the bastion, which may have no way to it or be forbidden to forward.\n${lastLine(said)}`;
    }
    const [pattern, text] = problems.find(([pattern]) => pattern.test(stderr)) ?? [undefined, "can't be reached."];
    return `${text.replaceAll("USER", user)}${pattern === problems[0][0] ? "" : `\n${lastLine(stderr)}`}`;
}

/** What ssh says of another host than the node: on the way to it there is a bastion. */
function stepBefore(stderr, node) {
    for (const line of stderr.split("\n")) {
        const denied = /^(\S+)@(\S+): Permission denied/.exec(line);
        const host = denied?.[2] ?? /^ssh: connect to host (\S+) port \d+: /.exec(line)?.[1];
        if (host !== undefined && host !== node) return { host, user: denied?.[1] ?? "", said: line };
    }
    return undefined;
}

/** Why nothing of what was sent has begun, although somebody logged in. */
function beginningProblem({ stderr, noise }, user) {
    if (/^sudo: (a password is required|a terminal is required|sorry)|is not in the sudoers file|is not allowed to (run|execute)/m.test(stderr)) {
        return `${user} can't become root without a password. Allow it in /etc/sudoers.d on the machine: ` +
            `"${user} ALL=(ALL) NOPASSWD: ALL"; or log in as root.`;
    }
    if (/sudo: (command )?not found|Unknown command: sudo/.test(stderr)) {
        return `there is no sudo, by which ${user} would become root. Install it on the machine, or log in as root.`;
    }
    return `the login shell of ${user} ended before it ran what it was sent. A file that it reads at its start ` +
        `(such as ~/.bashrc) must not exit, or run another program in its place. ${printed(noise, stderr)}`;
}

function printed(...texts) {
    const lines = lastLines(texts.join("\n").split("\n"));
    return lines ? `It printed:\n${lines}` : "It printed nothing.";
}

function lastLines(lines) {
    return lines.filter(line => line.trim()).slice(-25).join("\n");
}

const problems = [
    [/REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed|No \S+ host key is known/i,
        "has another host key than is known, or none is known. If the machine is the right one, name its key by " +
        "landfall:cluster.nodes.<name>.hostKey (on the machine: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), or " +
        "put it into known_hosts."],
    // ssh goes on without such a key, and is denied.
    [/UNPROTECTED PRIVATE KEY|bad permissions/i,
        "can't be logged in to: ssh doesn't use a private key that others may read. chmod 600 it."],
    [/Permission denied/i,
        "refuses the key for USER. Is it in ~USER/.ssh/authorized_keys there, and is the right one offered " +
        "(landfall:cluster.ssh.key or .privateKey, else the agent's: ssh-add -l)?"],
    [/kex_exchange/i, "hangs up: sshd there is too busy, or holds failed logins against this computer for a while."],
    [/timed out|banner exchange/i, "does not answer: no connection within the time. Is it on, and is the port open?"],
    [/Connection refused/i, "refuses connections. Does sshd run there, on that port?"],
    [/Could not resolve/i, "has a name that does not resolve."],
];

function lastLine(stderr) {
    return stderr.trim().split("\n").pop() ?? "";
}
