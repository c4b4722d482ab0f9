// Applies the manifest of a pod network that the stack brings along.
import { fail, main, setting } from "../scripts/process.mjs";
import { firstAnswering, nodes as readNodes, ssh as readSsh } from "./settings.mjs";
import { withSsh } from "./ssh.mjs";
import { renderScript, task } from "./tasks/script.mjs";

const apply = task("Apply the pod network",
    'kubectl apply --server-side --force-conflicts --filename - <<<"$MANIFEST" >/dev/null');

await main(async () => {
    const [nodes, ssh] = [readNodes(), readSsh()];
    await withSsh({ ssh, nodes }, async connection => {
        const host = await firstAnswering(connection, nodes) ?? fail("No node of the control plane answers.");
        await connection.run(host, renderScript([apply], { MANIFEST: setting("MANIFEST") }));
    });
});
