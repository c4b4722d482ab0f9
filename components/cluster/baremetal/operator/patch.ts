// @ts-nocheck
// Patches a node and reboots it where that is needed. The program calls it for one node after the other: each is back
// before the next is touched, and one that doesn't come back ends the run.
import { fail, main } from "../../scripts/process";
import { reboot } from "./reboot";
import { sendBundle } from "./send-bundle";
import {
    cluster as readCluster, firstAnswering, node as readNode, nodes as readNodes, ssh as readSsh,
} from "./settings";
import { withSsh } from "./ssh";
import { controlPlaneTasks } from "../machine/control-plane";
import { cordonTasks, drainTasks, readyTasks, uncordonTasks } from "../machine/drain";
import { quorumTasks } from "../machine/etcd";
import { patchedTasks, patchTasks, reason, rebootReasonTasks, rememberPatchedTasks } from "../machine/patch";
import { renderScript } from "../machine/script";

void main(async () => {
    const [cluster, node, controlPlanes, ssh] = [readCluster(), readNode(), readNodes(), readSsh()];
    const others = controlPlanes.filter(({ name }) => name !== node.name);
    await withSsh({ ssh, nodes: [node, ...others] }, async connection => {
        const host = others.length > 0 ? await firstAnswering(connection, others) : node;
        if (!host) fail(`No other node of the control plane answers. ${node.name} was not touched.`);
        const onNode = tasks => connection.run(node, renderScript(tasks));
        const onHost = tasks => connection.run(host, renderScript(tasks));

        if (await onNode(patchedTasks(cluster)) === "") {
            await prepare(onHost);
            if (cluster.bundle) await sendBundle(connection, cluster, node);
            await onNode(patchTasks(cluster));
            const [since, ...reasons] = (await onNode(rebootReasonTasks(cluster))).trim().split("\n");
            if (reasons.length > 0) await reboot(connection, node, since, reasons);
            if (node.role === "control-plane") await onNode(controlPlaneTasks);
            await onHost(readyTasks(node.name));
            await onNode(rememberPatchedTasks(cluster));
        }
        await onHost(uncordonTasks(node.name, reason));
    });

    /** The pods of a single node have nowhere to go. */
    async function prepare(onHost) {
        if (node.role === "control-plane") await onHost(quorumTasks);
        if (cluster.size === 1) return;
        await onHost(cordonTasks(node.name, reason));
        await onHost(drainTasks(node.name, { answers: true }));
    }
});
