// Renews the certificates of the control plane node by node, once for every text that the settings name.
import { main } from "../scripts/process.mjs";
import { askAll } from "./rotation.mjs";
import { cluster as readCluster, nodes as readNodes, ssh as readSsh } from "./settings.mjs";
import { withSsh } from "./ssh.mjs";
import { lookTasks, rotateTasks } from "./tasks/certificates.mjs";
import { healthTasks } from "./tasks/restart.mjs";
import { renderScript } from "./tasks/script.mjs";

await main(async () => {
    const [{ rotation, virtualAddress }, nodes, ssh] = [readCluster(), readNodes(), readSsh()];
    const script = renderScript(rotateTasks({ virtualAddress, controlPlanes: nodes }, rotation));
    await withSsh({ ssh, nodes }, async connection => {
        const said = await askAll(connection, nodes, lookTasks, "Rotating the certificates");
        if (said.every(text => text === rotation)) return;
        await askAll(connection, nodes, healthTasks(), "Rotating the certificates");
        for (const node of nodes) await connection.run(node, script);
    });
});
