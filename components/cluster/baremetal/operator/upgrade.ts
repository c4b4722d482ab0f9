// @ts-nocheck
// Brings a node to the version of Kubernetes that the settings name, and to the container runtime that goes with it, if it
// has another. The program calls it for one node after the other, the control plane's first.
import { fail, main } from "../../scripts/process";
import {
    cluster as readCluster, firstAnswering, node as readNode, nodes as readNodes, ssh as readSsh,
} from "./settings";
import { withSsh } from "./ssh";
import { staleTasks } from "../machine/container-runtime";
import { cordonTasks, drainTasks } from "../machine/drain";
import { renderScript } from "../machine/script";
import { backTasks, kubeletTasks, reason, upgradeTasks, versionTasks, waitTasks } from "../machine/upgrade";

void main(async () => {
    const [node, controlPlanes, ssh] = [readNode(), readNodes(), readSsh()];
    const cluster = { ...readCluster(), controlPlanes };
    const nodes = [node, ...controlPlanes.filter(({ name }) => name !== node.name)];
    await withSsh({ ssh, nodes }, async connection => {
        const host = await firstAnswering(connection, controlPlanes) ?? fail("No node of the control plane answers.");
        const onHost = tasks => connection.run(host, renderScript(tasks));
        const running = await onHost(versionTasks(node.name));
        const another = running !== cluster.version;
        const stale = (await connection.run(node, renderScript(staleTasks(cluster)))).trim() !== "";
        if (another || stale) {
            if (another) await connection.run(node, renderScript(upgradeTasks(cluster, node)));
            await onHost(cordonTasks(node.name, reason));
            // Pods go on under another kubelet of the same minor version; those of a single node have nowhere to go.
            if (cluster.size > 1 && (stale || minor(running) !== minor(cluster.version))) {
                await onHost(drainTasks(node.name, { answers: true, homebound: true }));
            }
            await connection.run(node, renderScript(kubeletTasks(cluster, node)));
            await onHost(waitTasks(node.name, cluster.version)); // a person may have cordoned it, too
        }
        await onHost(backTasks(node.name, cluster.version));
    });
});

function minor(version) {
    return version.split(".").slice(0, 2).join(".");
}
