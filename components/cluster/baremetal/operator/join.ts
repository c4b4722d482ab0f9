// @ts-nocheck
// Makes a machine that is ready a member of the cluster; the first one begins it.
import { fail, main } from "../../scripts/process";
import {
    cluster as readCluster, firstAnswering, node as readNode, nodes as readNodes, ssh as readSsh,
} from "./settings";
import { describeFailure, withSsh } from "./ssh";
import { giveUpTasks } from "../machine/etcd";
import {
    cleanTask, emptyVolumesTasks, initTasks, joinTasks, mintTasks, rememberTasks, revokeTasks, scheduleTasks, spreadTasks,
    volumesTasks,
} from "../machine/join";
import { memberFile } from "../machine/kubeadm";
import { renderScript } from "../machine/script";

void main(async () => {
    const [cluster, node, controlPlanes, ssh] = [readCluster(), readNode(), readNodes(), readSsh()];
    const nodes = [node, ...controlPlanes.filter(({ name }) => name !== node.name)];
    await withSsh({ ssh, nodes }, async connection => {
        const member = await connection.run(node, `if [ -e ${memberFile} ]; then cat ${memberFile}; fi`);
        if (member.trim() !== node.incarnation) await become(connection);
        const host = await firstAnswering(connection, controlPlanes) ?? fail("No node of the control plane answers.");
        await connection.run(host, renderScript([...rememberTasks(node), ...spreadTasks]));
        const volumes = (await connection.run(host, renderScript(volumesTasks(cluster, node)))).split("\n").filter(Boolean);
        if (volumes.length > 0) await connection.run(node, renderScript(emptyVolumesTasks(volumes)));
        if (node.role === "control-plane") await connection.run(node, renderScript(scheduleTasks(cluster, node)));
    });

    async function become(connection) {
        const host = await firstAnswering(connection, controlPlanes, node.name);
        if (host) return joinThrough(connection, host);
        if (node.name !== controlPlanes[0].name) fail(`${node.name} can't join: no node of the control plane answers.`);
        await refuseSecond(connection);
        await connection.run(node, renderScript(initTasks(cluster, node)));
    }

    /** A cluster whose API doesn't answer for a moment is still one: another would take its address. */
    async function refuseSecond(connection) {
        const others = controlPlanes.filter(({ name }) => name !== node.name);
        const look = `if [ -e ${memberFile} ] && [ -e /etc/kubernetes/kubelet.conf ]; then echo member; fi`;
        const looked = await Promise.all(others.map(async other => ({ other, ...await connection.attempt(other, look) })));
        const problems = looked.flatMap(({ other, ...result }) => {
            if (!result.ok) return [describeFailure(other, result)];
            return result.stdout.trim() === "member" ? [`${other.name} is a node of a cluster whose API doesn't answer.`] : [];
        });
        if (problems.length > 0) {
            fail(`${node.name} does not begin a cluster, as there may be one. Run again once its API answers.\n\n` +
                problems.join("\n\n"));
        }
    }

    async function joinThrough(connection, host) {
        if (node.role === "control-plane") {
            const others = controlPlanes.filter(({ name }) => name !== node.name);
            await connection.run(host, renderScript(giveUpTasks(others.map(({ name }) => name), node)));
        }
        // Not before etcd has forgotten it: of two members, one alone can't.
        await connection.run(node, renderScript([cleanTask]));
        const minted = (await connection.run(host, renderScript(mintTasks(node)))).trim().split(" ");
        const [TOKEN, AUTHORITY, KEYS = ""] = minted;
        const result = await connection.attempt(node, renderScript(joinTasks(cluster, node), { TOKEN, AUTHORITY, KEYS }));
        await connection.attempt(host, renderScript(revokeTasks, { TOKEN }));
        if (!result.ok) fail(describeFailure(node, result));
    }
});
