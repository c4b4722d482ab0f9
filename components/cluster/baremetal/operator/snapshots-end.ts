// Has no more snapshots taken; those that there are stay in the repository.
import { fail, main } from "../../scripts/process";
import { nodes as readNodes, ssh as readSsh } from "./settings";
import { describeFailure, isSilent, isStranger, withSsh } from "./ssh";
import { renderScript } from "../machine/script";
import { endTasks } from "../machine/snapshots";

void main(async () => {
    const [nodes, ssh] = [readNodes(), readSsh()];
    await withSsh({ ssh, nodes }, connection => Promise.all(nodes.map(async node => {
        const result = await connection.attempt(node, renderScript(endTasks));
        // One that doesn't answer, or is another by now, takes none, or is told when it joins again.
        if (!result.ok && !isSilent(result) && !isStranger(result)) fail(describeFailure(node, result));
    })));
});
