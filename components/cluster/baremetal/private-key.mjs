// The private key where the settings hold it: a file for as long as ssh needs one.
import * as fs from "node:fs";
import * as path from "node:path";

import { fail } from "../scripts/process.mjs";
import { execute } from "./execute.mjs";

/** The settings of ssh with the private key in a file of the directory, for this user only, if they hold one. */
export async function withKeyFile({ privateKey, ...ssh }, directory) {
    if (privateKey === undefined) return ssh;
    const file = path.join(directory, "key");
    // ssh takes no key without a line's end, and none of Windows' in the middle.
    fs.writeFileSync(file, `${privateKey.replace(/\r\n?/g, "\n").trim()}\n`, { mode: 0o600 });
    const { code, stderr } = await execute("ssh-keygen", ["-y", "-P", "", "-f", file]);
    if (code !== 0) fail(`landfall:cluster.ssh.privateKey ${keyProblem(stderr)} Nothing was changed.`);
    return { ...ssh, key: file };
}

/** What ssh-keygen says names a file that is gone by then. */
function keyProblem(stderr) {
    return /passphrase/i.test(stderr)
        ? "has a passphrase, which nobody can type here. Give a key of its own without one (ssh-keygen -N \"\")."
        : "is no private key that ssh-keygen can read. Is it whole, from its first line to its last?";
}
