// Removes images from all nodes.
import { listImages, referencesTo, removeImages } from "../../scripts/images";
import { fail, main, setting } from "../../scripts/process";
import type { NodeFacts } from "../program/facts";
import { readFacts } from "./settings";
import { type Connection, withSsh } from "./ssh";
import { describeFailure } from "./ssh-failure";

async function unloadImages(): Promise<void> {
    const { nodes, ssh } = readFacts<"unload-images">();
    const images = JSON.parse(setting("IMAGES")) as string[];
    const failures = await withSsh({ ssh, nodes }, connection => Promise.all(nodes.map(node => removeFrom(connection, node, images))));
    if (failures.flat().length > 0) fail(`The images could not be removed.\n${failures.flat().join("\n\n")}`);
}

/** Returns why not, if they can't be removed. */
async function removeFrom(connection: Connection, node: NodeFacts, images: string[]): Promise<string[]> {
    const listed = await connection.attempt(node, ["ctr", ...listImages].join(" "));
    if (!listed.ok) return [describeFailure(node, listed)];
    const found = referencesTo(images, listed.stdout);
    if (found.length === 0) return [];
    const removed = await connection.attempt(node, ["ctr", ...removeImages, ...found].join(" "));
    return removed.ok ? [] : [describeFailure(node, removed)];
}

if (require.main === module) void main(unloadImages);
