// Makes a machine ready to become a node. Run again it changes nothing but what differs.
import { resolvePath } from "../scripts/home.mjs";
import { main } from "../scripts/process.mjs";
import { architecture, partsFor } from "./bundle.mjs";
import { cluster as readCluster, node as readNode, ssh as readSsh } from "./settings.mjs";
import { withSsh } from "./ssh.mjs";
import { acceptTasks, lackingTasks, receiveCommand } from "./tasks/bundle.mjs";
import { installTasks } from "./tasks/install.mjs";
import { renderScript } from "./tasks/script.mjs";

await main(async () => {
    const [cluster, node, ssh] = [readCluster(), readNode(), readSsh()];
    await withSsh({ ssh, nodes: [node] }, async connection => {
        if (cluster.bundle) await sendBundle(connection, cluster, node);
        await connection.run(node, renderScript(installTasks(cluster, node)));
    });
});

async function sendBundle(connection, { bundle, tainted }, node) {
    const said = await connection.run(node, '. /etc/os-release; echo "$ID-$VERSION_ID $(uname -m)"');
    const [os, machine] = said.trim().split(" ");
    const parts = partsFor(bundle, `${os}-${architecture(machine)}`, { ...node, tainted });
    const lacking = (await connection.run(node, renderScript(lackingTasks(parts)))).split("\n").filter(Boolean);
    if (lacking.length > 0) {
        const archive = { program: "tar", args: ["-c", "-f", "-", "-C", resolvePath(bundle), ...lacking] };
        await connection.run(node, archive, receiveCommand);
    }
    await connection.run(node, renderScript(acceptTasks(parts)));
}
