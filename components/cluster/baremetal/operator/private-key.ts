// @ts-nocheck
// The private key: a file for as long as ssh needs one, where the settings hold it; else a file that ssh can use.
import * as fs from "node:fs";
import * as path from "node:path";

import { resolvePath } from "../../scripts/home";
import { fail } from "../../scripts/process";
import { execute } from "./execute";

/** The settings of ssh with the private key in a file of the directory, for this user only, if they hold one. */
export async function withKeyFile({ privateKey, ...ssh }, directory) {
    if (privateKey === undefined) {
        if (ssh.key) await checkKeyFile(resolvePath(ssh.key));
        return ssh;
    }
    const file = path.join(directory, "key");
    // ssh takes no key without a line's end, and none of Windows' in the middle.
    fs.writeFileSync(file, `${privateKey.replace(/\r\n?/g, "\n").trim()}\n`, { mode: 0o600 });
    const { code, stderr } = await readPublic(file);
    if (code !== 0) fail(`landfall:cluster.ssh.privateKey ${keyProblem(stderr)} Nothing was changed.`);
    return { ...ssh, key: file };
}

/**
 * ssh says of a file that it can't use no more than that the machine refuses the key. A key with a passphrase is fine if
 * the agent holds it, and so is its public half alone.
 */
async function checkKeyFile(file) {
    const refuse = problem => fail(`landfall:cluster.ssh.key: ${file} ${problem} Nothing was changed.`);
    if (!fs.existsSync(file)) return fs.existsSync(`${file}.pub`) ? undefined : refuse("is not there.");
    const { code, stderr } = await readPublic(file);
    if (code === 0 || /bad permissions/.test(stderr)) return undefined;
    const [shown, held] = await Promise.all([
        execute("ssh-keygen", ["-l", "-f", file]), execute("ssh-add", ["-l"]),
    ]);
    const fingerprint = shown.stdout.split(" ")[1];
    if (fingerprint && held.stdout.split("\n").some(line => line.split(" ")[1] === fingerprint)) return undefined;
    return refuse(keyProblem(stderr, "Load it into the agent (ssh-add), or give"));
}

function readPublic(file) {
    return execute("ssh-keygen", ["-y", "-P", "", "-f", file]);
}

/** What ssh-keygen says names a file that may be gone by then. */
function keyProblem(stderr, advice = "Give") {
    if (/Permission denied/i.test(stderr)) return "can't be read by this user.";
    return /passphrase/i.test(stderr)
        ? `has a passphrase, which nobody can type here. ${advice} a key of its own without one (ssh-keygen -N "").`
        : "is no private key that ssh-keygen can read. Is it whole, from its first line to its last?";
}
