// Brings machines back to how they were found; one that no longer answers, or is another by now, keeps nobody waiting.
import { fail, main } from "../../scripts/process";
import { cluster as readCluster, nodes as readNodes, ssh as readSsh } from "./settings";
import { describeFailure, isSilent, isStranger, withSsh } from "./ssh";
import { resetTasks as restoreTasks } from "../machine/reset";
import { renderScript } from "../machine/script";

void main(async () => {
    const [cluster, nodes, ssh] = [readCluster(), readNodes(), readSsh()];
    // `npm run down -- --keep-data` keeps what the settings would delete.
    const volumes = process.env.LANDFALL_KEEP_DATA === "true" ? undefined : cluster.volumes;
    const failures = await withSsh({ ssh, nodes }, connection => Promise.all(nodes.map(async node => {
        const result = await connection.attempt(node, renderScript(restoreTasks({ ...cluster, volumes }, node)));
        if (result.ok) return [];
        const gone = isSilent(result) ? "does not answer" : isStranger(result) && "has another host key by now";
        if (result.code !== 255 || !gone) return [describeFailure(node, result)];
        process.stderr.write(`${node.name} (${node.host}) ${gone}; it is left as it is.\n`);
        return [];
    })));
    if (failures.flat().length > 0) fail(failures.flat().join("\n\n"));
});
