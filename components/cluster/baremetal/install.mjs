// Makes a machine ready to become a node. Run again it changes nothing but what differs.
import { main } from "../scripts/process.mjs";
import { sendBundle } from "./send-bundle.mjs";
import { cluster as readCluster, node as readNode, ssh as readSsh } from "./settings.mjs";
import { withSsh } from "./ssh.mjs";
import { installTasks } from "./tasks/install.mjs";
import { renderScript } from "./tasks/script.mjs";

await main(async () => {
    const [cluster, node, ssh] = [readCluster(), readNode(), readSsh()];
    await withSsh({ ssh, nodes: [node] }, async connection => {
        if (cluster.bundle) await sendBundle(connection, cluster, node);
        await connection.run(node, renderScript(installTasks(cluster, node)));
    });
});
