// Applies the stack's own manifest of a pod network.
import { main, setting } from "../../scripts/process";
import { renderScript, task } from "../machine/script";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { answeringNode } from "./steps";

const apply = task("Apply the pod network",
    'kubectl apply --server-side --force-conflicts --filename - <<<"$MANIFEST" >/dev/null');

async function network(): Promise<void> {
    const { nodes, ssh } = readFacts<"network">();
    await withSsh({ ssh, nodes }, async connection => {
        await connection.run(await answeringNode(connection, nodes), renderScript([apply], { MANIFEST: setting("MANIFEST") }));
    });
}

if (require.main === module) void main(network);
