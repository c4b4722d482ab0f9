// @ts-nocheck
// Brings an image of this computer onto all nodes; those that have it are skipped.
import { fail, main, run, setting } from "../../scripts/process";
import { architecture } from "./bundle";
import { nodes as readNodes, ssh as readSsh } from "./settings";
import { describeFailure, withSsh } from "./ssh";
import { pinned } from "../machine/bundle";

void main(async () => {
    const [nodes, ssh, image] = [readNodes(), readSsh(), setting("IMAGE")];
    const built = run("docker", ["image", "inspect", "--format", "{{.Architecture}}", image]).trim();
    const archive = { program: "docker", args: ["image", "save", image] };
    const failures = await withSsh({ ssh, nodes }, connection => Promise.all(nodes.map(async node => {
        const asked = await connection.attempt(node, `uname -m; ctr --namespace k8s.io images list --quiet name==${image}`);
        if (!asked.ok) return [describeFailure(node, asked)];
        const [machine, present] = asked.stdout.split("\n");
        if (present === image) return [];
        const needed = architecture(machine);
        if (needed !== built) {
            return [`It is built for ${built}, and ${node.name} (${node.host}) is ${needed}. Set landfall:cluster.platform: ` +
                `linux/${needed}; Docker Desktop builds for both.`];
        }
        const loaded = await connection.attempt(node, archive, "ctr --namespace k8s.io images import --digests -");
        if (!loaded.ok) return [describeFailure(node, loaded)];
        // No registry has it, should the kubelet remove it where disk is short.
        await connection.run(node, `ctr --namespace k8s.io images label ${image} ${pinned}`);
        return [];
    })));
    if (failures.flat().length > 0) fail(`The image ${image} could not be loaded.\n${failures.flat().join("\n\n")}`);
});
