// @ts-nocheck
// Replaces the key that encrypts secrets at rest, once for every text that the settings name. Keys are seen by the nodes
// of the control plane and by the memory of this script: they come and go on standard input and output of ssh.
import { fail, main } from "../../scripts/process";
import { encryptionConfig, keyName, parseKeys, phases } from "./keys";
import { askAll } from "./rotation";
import { cluster as readCluster, nodes as readNodes, ssh as readSsh } from "./settings";
import { withSsh } from "./ssh";
import { healthTasks, restartTasks } from "../machine/control-plane";
import { makeKeyTasks, readKeysTasks, rewriteTasks, useKeysTasks } from "../machine/encryption";
import { renderScript } from "../machine/script";

void main(async () => {
    const [{ rotation, virtualAddress }, nodes, ssh] = [readCluster(), readNodes(), readSsh()];
    const name = keyName(rotation);
    await withSsh({ ssh, nodes }, async connection => {
        const files = await askAll(connection, nodes, readKeysTasks, "Rotating the encryption key");
        const rings = new Map(nodes.map((node, index) => [node, parseKeys(files[index]) ?? refuse(node)]));
        if ([...rings.values()].every(keys => keys.length === 1 && keys[0].name === name)) return advance(keys => keys);
        await askAll(connection, nodes, healthTasks(), "Rotating the encryption key");

        const key = onlyKey(name, [...rings.values()]) ??
            { name, secret: await connection.run(nodes[0], renderScript(makeKeyTasks)) };
        const { known, first, alone } = phases(key);
        await advance(known);
        await advance(first);
        await connection.run(nodes[0], renderScript(rewriteTasks(name)));
        await advance(alone);

        /** One API server after the other uses the keys of the phase. */
        async function advance(phase) {
            for (const [node, keys] of rings) {
                const next = phase(keys);
                const CONFIG = JSON.stringify(encryptionConfig(next), undefined, 2);
                const tasks = [...restartTasks({ virtualAddress, controlPlanes: nodes }), ...useKeysTasks];
                await connection.run(node, renderScript(tasks, { CONFIG }));
                rings.set(node, next);
            }
        }
    });
});

function refuse({ name, host }) {
    fail(`${name} (${host}) has an /etc/kubernetes/landfall/encryption.json that was changed by hand: which of its keys ` +
        "are still needed can't be told. Nothing was changed.");
}

/** The key of this name, which an interrupted run has made. */
function onlyKey(name, rings) {
    const found = rings.flat().filter(key => key.name === name);
    if (found.some(({ secret }) => secret !== found[0].secret)) {
        fail(`The nodes of the control plane have different keys that are called ${name}. Nothing was changed.`);
    }
    return found[0];
}
