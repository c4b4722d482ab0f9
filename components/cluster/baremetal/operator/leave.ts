// Takes a node out of the cluster: drains it, hands over its part of the data, and forgets it.
import { fail, main } from "../../scripts/process";
import { firstAnswering, node as readNode, nodes as readNodes, ssh as readSsh } from "./settings";
import { withSsh } from "./ssh";
import { drainTasks } from "../machine/drain";
import { forgetTasks } from "../machine/etcd";
import { quitTasks } from "../machine/keepalived";
import { renderScript } from "../machine/script";

void main(async () => {
    const [node, controlPlanes, ssh] = [readNode(), readNodes(), readSsh()];
    const nodes = [node, ...controlPlanes.filter(({ name }) => name !== node.name)];
    await withSsh({ ssh, nodes }, async connection => {
        const [host, { ok: answers }] = await Promise.all([
            firstAnswering(connection, controlPlanes, node.name), connection.attempt(node, "systemctl is-active kubelet"),
        ]);
        if (!host) fail(`${node.name} can't leave the cluster: no other node of the control plane answers.`);
        await connection.run(host, renderScript(drainTasks(node.name, { answers })));
        // Its virtual addresses go to others while it can still tell them.
        if (answers) await connection.attempt(node, renderScript(quitTasks));
        await connection.run(host, renderScript(forgetTasks(node.name)));
    });
});
