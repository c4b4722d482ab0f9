// Host keys that the settings name, as a file that ssh reads.
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

import { fail } from "../scripts/process.mjs";
import { execute } from "./execute.mjs";

/** The name under which a node's pinned key is looked up. */
export function pinnedAlias(name) {
    return `landfall-pinned-${name}`;
}

/**
 * Writes the pinned keys to files; returns node → file. A fingerprint needs the key itself, which any place may be
 * asked for, since it only counts if it has the fingerprint. Machines behind a bastion are not to be asked from here.
 */
export async function knownHostsFile(nodes, directory) {
    const pinned = nodes.filter(({ hostKey }) => hostKey);
    const entries = await Promise.all(pinned.map(async machine => {
        const key = machine.hostKey.startsWith("SHA256:") ? await findKey(machine) : machine.hostKey;
        if (key === undefined) return []; // it doesn't answer: dialling it will say so
        const file = path.join(directory, `known-hosts-${machine.name}`);
        fs.writeFileSync(file, `${pinnedAlias(machine.name)} ${key}\n`, { mode: 0o600 });
        return [[machine.name, file]];
    }));
    return Object.fromEntries(entries.flat());
}

async function findKey({ name, host, port, hostKey }) {
    const { stdout } = await execute("ssh-keyscan", ["-T", "10", "-p", String(port), host]);
    const keys = stdout.split("\n").filter(line => line && !line.startsWith("#"))
        .map(line => line.split(" ").slice(1).join(" "));
    const found = keys.find(key => fingerprint(key) === hostKey);
    if (found || keys.length === 0) return found;
    return fail(`${name} (${host}:${port}) has another host key than landfall:cluster names: expected ${hostKey}, ` +
        `found ${keys.map(fingerprint).join(", ")}. Nothing was changed. If the machine is the right one, ` +
        "correct hostKey.");
}

/** As `ssh-keygen -l` shows it. */
export function fingerprint(key) {
    const digest = createHash("sha256").update(Buffer.from(key.split(" ")[1] ?? "", "base64")).digest("base64");
    return `SHA256:${digest.replace(/=+$/, "")}`;
}
