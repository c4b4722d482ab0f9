// Applies the stack's own manifest of a pod network.
import * as fs from "node:fs";
import * as path from "node:path";

import { fromHome } from "../../../files";
import { main, setting } from "../../scripts/process";
import { renderScript, task } from "../machine/script";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { answeringNode } from "./steps";

const apply = task("Apply the pod network",
    'kubectl apply --server-side --force-conflicts --filename - <<<"$MANIFEST" >/dev/null');

/** The script that applies a manifest, which is a file of this computer. */
export function applyScript(file: string): string {
    return renderScript([apply], { MANIFEST: fs.readFileSync(path.resolve(fromHome(file)), "utf8") });
}

async function network(): Promise<void> {
    const { nodes, ssh } = readFacts<"network">();
    await withSsh({ ssh, nodes }, async connection => {
        await connection.run(await answeringNode(connection, nodes), applyScript(setting("MANIFEST")));
    });
}

if (require.main === module) void main(network);
