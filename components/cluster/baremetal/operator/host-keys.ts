// @ts-nocheck
// Host keys that the settings name, as a file that ssh reads.
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

import { execute } from "./execute";

/** What is said of a machine that is another than the one that the settings name. */
export const otherKey = "has another host key than landfall:cluster names";

/** The name under which a node's pinned key is looked up. */
export function pinnedAlias(name) {
    return `landfall-pinned-${name}`;
}

/**
 * Writes the pinned keys to files; returns node → file, and of nodes that are others by their keys, why. A fingerprint
 * needs the key itself, which any place may be asked for, since it only counts if it has the fingerprint. Machines behind
 * a bastion are not to be asked from here.
 */
export async function knownHostsFiles(nodes, directory) {
    const [files, strangers] = [{}, {}];
    await Promise.all(nodes.filter(({ hostKey }) => hostKey).map(async machine => {
        const { name, hostKey } = machine;
        const { key, stranger } = hostKey.startsWith("SHA256:") ? await findKey(machine) : { key: hostKey };
        if (stranger) strangers[name] = stranger;
        if (!key) return; // one that doesn't answer is dialled, which will say so
        files[name] = path.join(directory, `known-hosts-${name}`);
        fs.writeFileSync(files[name], `${pinnedAlias(name)} ${key}\n`, { mode: 0o600 });
    }));
    return { files, strangers };
}

async function findKey({ name, host, port, hostKey }) {
    const scan = async () => {
        const { stdout } = await execute("ssh-keyscan", ["-T", "10", "-p", String(port), host]);
        return stdout.split("\n").filter(line => line && !line.startsWith("#")).map(line => line.split(" ").slice(1).join(" "));
    };
    const isIt = key => fingerprint(key) === hostKey;
    const keys = await scan();
    // A machine that is busy may answer with some of its keys only.
    const found = keys.find(isIt) ?? (keys.length > 0 ? (await scan()).find(isIt) : undefined);
    if (found || keys.length === 0) return { key: found };
    return {
        stranger: `${name} (${host}:${port}) ${otherKey}: expected ${hostKey}, ` +
            `found ${keys.map(fingerprint).join(", ")}. Nothing was changed. If the machine is the right one, ` +
            "correct hostKey.",
    };
}

/** As `ssh-keygen -l` shows it. */
export function fingerprint(key) {
    const digest = createHash("sha256").update(Buffer.from(key.split(" ")[1] ?? "", "base64")).digest("base64");
    return `SHA256:${digest.replace(/=+$/, "")}`;
}
