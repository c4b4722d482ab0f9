// @ts-nocheck
// Makes a machine ready to become a node. Run again it changes nothing but what differs.
import { main } from "../../scripts/process";
import { sendBundle } from "./send-bundle";
import { cluster as readCluster, node as readNode, ssh as readSsh } from "./settings";
import { withSsh } from "./ssh";
import { installTasks } from "../machine/install";
import { renderScript } from "../machine/script";

void main(async () => {
    const [cluster, node, ssh] = [readCluster(), readNode(), readSsh()];
    await withSsh({ ssh, nodes: [node] }, async connection => {
        if (cluster.bundle) await sendBundle(connection, cluster, node);
        await connection.run(node, renderScript(installTasks(cluster, node)));
    });
});
