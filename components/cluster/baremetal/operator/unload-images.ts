// Removes a repository's images from all nodes.
import { listImages, referencesTo, removeImages, removing } from "../../scripts/images";
import { fail } from "../../scripts/process";
import type { NodeFacts } from "../program/facts";
import { readFacts } from "./settings";
import { type Connection, withSsh } from "./ssh";
import { describeFailure } from "./ssh-failure";

async function unloadImages(repository: string): Promise<void> {
    const { nodes, ssh } = readFacts<"unload-images">();
    const failures = await withSsh({ ssh, nodes }, connection => Promise.all(nodes.map(node => removeFrom(connection, node, repository))));
    if (failures.flat().length > 0) fail(failures.flat().join("\n"));
}

/** Returns why not, if they can't be removed. */
async function removeFrom(connection: Connection, node: NodeFacts, repository: string): Promise<string[]> {
    const listed = await connection.attempt(node, ["ctr", ...listImages].join(" "));
    if (!listed.ok) return [describeFailure(node, listed)];
    const found = referencesTo(repository, listed.stdout);
    if (found.length === 0) return [];
    const removed = await connection.attempt(node, ["ctr", ...removeImages, ...found].join(" "));
    return removed.ok ? [] : [describeFailure(node, removed)];
}

if (require.main === module) void removing("on the nodes", unloadImages);
