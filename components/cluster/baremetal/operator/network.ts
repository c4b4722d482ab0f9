// @ts-nocheck
// Applies the manifest of a pod network that the stack brings along.
import { fail, main, setting } from "../../scripts/process";
import { firstAnswering, nodes as readNodes, ssh as readSsh } from "./settings";
import { withSsh } from "./ssh";
import { renderScript, task } from "../machine/script";

const apply = task("Apply the pod network",
    'kubectl apply --server-side --force-conflicts --filename - <<<"$MANIFEST" >/dev/null');

void main(async () => {
    const [nodes, ssh] = [readNodes(), readSsh()];
    await withSsh({ ssh, nodes }, async connection => {
        const host = await firstAnswering(connection, nodes) ?? fail("No node of the control plane answers.");
        await connection.run(host, renderScript([apply], { MANIFEST: setting("MANIFEST") }));
    });
});
