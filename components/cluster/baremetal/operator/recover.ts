// @ts-nocheck
// Brings a snapshot of etcd, and with it the cluster that it was taken of: where the control plane stands all of its nodes
// get its data, and where there is none the first machine begins from it.
import { main } from "../../scripts/process";
import { askAll } from "./rotation";
import { cluster as readCluster, nodes as readNodes, secret, ssh as readSsh } from "./settings";
import { chooseSnapshot } from "./snapshot-list";
import { withSsh } from "./ssh";
import { uncordonTasks } from "../machine/drain";
import { rememberTasks, scheduleTasks } from "../machine/join";
import { reason as patching } from "../machine/patch";
import {
    bringTasks, forgetOthersTasks, memberTasks as lookTasks, registerTasks as kubeletTasks, replaceTasks, startTasks, stopTasks,
} from "../machine/restore";
import { renderScript } from "../machine/script";
import { listTasks } from "../machine/snapshots";
import { reason as upgrading } from "../machine/upgrade";

void main(async () => {
    // A change of what the script is told is no reason to restore again.
    if (process.env.PULUMI_COMMAND_STDOUT) return process.env.PULUMI_COMMAND_STDOUT;

    const [cluster, nodes, ssh, settings] = [readCluster(), readNodes(), readSsh(), JSON.parse(secret("SNAPSHOTS"))];
    const controlPlanes = nodes.filter(({ role }) => role === "control-plane");
    return withSsh({ ssh, nodes }, async connection => {
        const said = await askAll(connection, controlPlanes, lookTasks, "Restoring a snapshot");
        const members = controlPlanes.filter((_, index) => said[index] === "member");
        const standing = members.length > 0;
        const on = standing ? members : controlPlanes.slice(0, 1);
        const listed = await connection.run(on[0], renderScript(listTasks(settings)));
        const { id, time } = chooseSnapshot(listed, cluster);

        const onAll = tasksFor => Promise.all(on.map(node => connection.run(node, renderScript(tasksFor(node)))));
        await onAll(() => bringTasks(settings, id, { version: cluster.version, standing }));
        if (standing) {
            await onAll(() => stopTasks);
            const revision = Date.now();
            await onAll(node => replaceTasks(node, members, { id, revision }));
            await onAll(() => startTasks);
            const started = await Promise.all(nodes.map(node => connection.attempt(node, renderScript(kubeletTasks))));
            const known = nodes.filter((_, index) => started[index].stdout.trim() === "member");
            const onFirst = tasks => connection.run(on[0], renderScript(tasks));
            await onFirst([
                ...known.flatMap(rememberTasks), ...forgetOthersTasks(nodes, members),
                ...members.flatMap(node => scheduleTasks(cluster, node)),
            ]);
            // What the nodes were cordoned for when the snapshot was taken is over.
            for (const { name } of known) {
                for (const reason of [patching, upgrading]) await onFirst(uncordonTasks(name, reason));
            }
        }
        return `${id} of ${time}`;
    });
});
