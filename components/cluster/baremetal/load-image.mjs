// Brings an image of this computer onto all nodes; those that have it are skipped.
import { fail, main, setting } from "../scripts/process.mjs";
import { nodes as readNodes, ssh as readSsh } from "./settings.mjs";
import { describeFailure, withSsh } from "./ssh.mjs";
import { pinned } from "./tasks/install.mjs";

await main(async () => {
    const [nodes, ssh, image] = [readNodes(), readSsh(), setting("IMAGE")];
    const archive = { program: "docker", args: ["image", "save", image] };
    const failures = await withSsh({ ssh, nodes }, connection => Promise.all(nodes.map(async node => {
        const has = await connection.attempt(node, "", `ctr --namespace k8s.io images list --quiet name==${image}`);
        if (has.ok && has.stdout.trim() === image) return [];
        const loaded = await connection.attempt(node, archive, "ctr --namespace k8s.io images import --digests -");
        if (!loaded.ok) return [describeFailure(node, loaded)];
        // No registry has it, should the kubelet remove it where disk is short.
        await connection.run(node, "", `ctr --namespace k8s.io images label ${image} ${pinned}`);
        return [];
    })));
    if (failures.flat().length > 0) fail(`The image ${image} could not be loaded.\n${failures.flat().join("\n\n")}`);
});
