// @ts-nocheck
// Has the nodes of the control plane take snapshots on a schedule, and the first one now, so that it is known to work.
import { fail, main } from "../../scripts/process";
import { cluster as readCluster, nodes as readNodes, secret, ssh as readSsh } from "./settings";
import { withSsh } from "./ssh";
import { renderScript } from "../machine/script";
import { snapshotTasks, takeTasks } from "../machine/snapshots";

void main(async () => {
    const [cluster, nodes, ssh, settings] = [readCluster(), readNodes(), readSsh(), JSON.parse(secret("SNAPSHOTS"))];
    await withSsh({ ssh, nodes }, async connection => {
        // One after the other: the first makes the repository.
        for (const node of nodes) await connection.run(node, renderScript(snapshotTasks(cluster, settings)));
        for (const node of [...nodes, ...nodes]) {
            if (await connection.run(node, renderScript(takeTasks)) !== "") return;
        }
        fail("No snapshot was taken: none of the nodes leads etcd. Run again when all of them are well.");
    });
});
