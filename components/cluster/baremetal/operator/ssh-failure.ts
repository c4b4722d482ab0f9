// Why a machine can't be reached, or why a script on it failed, in words for people.
import type { NodeFacts } from "../program/facts";
import type { Answer } from "./command";

/** How a run on a machine ended; without a connection there is neither `began` nor `whole`. */
export type Result = Pick<Answer, "ok" | "code" | "stdout" | "stderr"> & Partial<Answer>;
type Failure = Pick<Answer, "code" | "stderr"> & Partial<Answer>;
type Reached = Pick<Answer, "stderr"> & Partial<Answer>;

/** In the message about a machine whose host key isn't the one in the settings. */
export const otherKey = "has another host key than landfall:cluster names";

/** Whether nobody answered at the address, so nothing can have been done there. */
export function isSilent({ began, stderr }: Reached): boolean {
    const silence = /timed out|Connection refused|No route to host|Network is unreachable|Could not resolve|banner exchange|kex_exchange/i;
    return !began && silence.test(stderr);
}

/** Whether the machine has proved to be another one. If no key of it is known, nothing is proved. */
export function isStranger({ began, stderr }: Reached): boolean {
    return !began && (stderr.includes(otherKey) || stderr.includes("REMOTE HOST IDENTIFICATION HAS CHANGED"));
}

/** What went wrong on a node, for people. */
export function describeFailure(
    { name, host, port, user }: NodeFacts, { code, stderr, began, whole, noise = "" }: Failure,
): string {
    if (code === 255 && !began && stderr.includes(otherKey)) return stderr;
    const at = `${name} (${user}@${host}:${port})`;
    if (!began) {
        return code === 255 ? `${at} ${connectionProblem(stderr, { host, user })}` : `${at}: ${loginProblem(stderr, noise, user)}`;
    }
    const step = /^landfall: failed: (.*)$/m.exec(stderr)?.[1];
    const said = lastLines(stderr.split("\n").filter(line => !line.startsWith("landfall: ")));
    if (whole || step) return `${at}${step ? `: ${step}` : ""} failed.\n${said}`.trimEnd();
    return code === 255 ? `${at}: the connection was lost meanwhile.\n${said}`.trimEnd()
        : `${at}: its answer can't be read. ${printed(noise, said)}`;
}

function connectionProblem(stderr: string, { host, user }: { host: string; user: string }): string {
    const jump = bastionProblem(stderr, host);
    if (jump) return `can't be reached: the bastion ${jump.host} ${connectionProblem(jump.said, jump)}`;
    if (/stdio forwarding failed/.test(stderr)) {
        const [said] = /^channel \d+: open failed: .*$/m.exec(stderr) ?? [stderr];
        return `can't be reached from the bastion, which may have no way to it or be forbidden to forward.\n${lastLine(said)}`;
    }
    const [pattern, text] = problems.find(([known]) => known.test(stderr)) ?? [undefined, "can't be reached."];
    return `${text.replaceAll("USER", user)}${pattern === problems[0][0] ? "" : `\n${lastLine(stderr)}`}`;
}

/** What ssh says about the bastion on the way to the node. */
function bastionProblem(stderr: string, node: string): { host: string; user: string; said: string } | undefined {
    for (const line of stderr.split("\n")) {
        const denied = /^(\S+)@(\S+): Permission denied/.exec(line);
        const host = denied?.[2] ?? /^ssh: connect to host (\S+) port \d+: /.exec(line)?.[1];
        if (host !== undefined && host !== node) return { host, user: denied?.[1] ?? "", said: line };
    }
    return undefined;
}

/** Why nothing was started although the login succeeded. */
function loginProblem(stderr: string, noise: string, user: string): string {
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

function printed(...texts: string[]): string {
    const lines = lastLines(texts.join("\n").split("\n"));
    return lines ? `It printed:\n${lines}` : "It printed nothing.";
}

function lastLines(lines: string[]): string {
    return lines.filter(line => line.trim()).slice(-25).join("\n");
}

const problems: [RegExp, string][] = [
    [/REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed|No \S+ host key is known/i,
        "has another host key than is known, or none is known. If the machine is the right one, name its key by " +
        "landfall:cluster.nodes.<name>.hostKey (on the machine: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), or " +
        "put it into known_hosts."],
    // ssh goes on without the key, and is denied.
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

function lastLine(stderr: string): string {
    return stderr.trim().split("\n").pop() ?? "";
}
