// @ts-nocheck
// Renews the certificates of the control plane node by node, once for every text that the settings name.
import { main } from "../../scripts/process";
import { askAll } from "./rotation";
import { cluster as readCluster, nodes as readNodes, ssh as readSsh } from "./settings";
import { withSsh } from "./ssh";
import { lastRotationTasks as lookTasks, rotateTasks } from "../machine/certificates";
import { healthTasks } from "../machine/control-plane";
import { renderScript } from "../machine/script";

void main(async () => {
    const [{ rotation, virtualAddress }, nodes, ssh] = [readCluster(), readNodes(), readSsh()];
    const script = renderScript(rotateTasks({ virtualAddress, controlPlanes: nodes }, rotation));
    await withSsh({ ssh, nodes }, async connection => {
        const said = await askAll(connection, nodes, lookTasks, "Rotating the certificates");
        if (said.every(text => text === rotation)) return;
        await askAll(connection, nodes, healthTasks(), "Rotating the certificates");
        for (const node of nodes) await connection.run(node, script);
    });
});
