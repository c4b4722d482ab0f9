// Loads an image from this computer onto all nodes, except those that have it.
import { fail, main, run, setting } from "../../scripts/process";
import { pinned } from "../machine/bundle";
import type { NodeFacts } from "../program/facts";
import { architecture } from "./bundle";
import { readFacts } from "./settings";
import { type Connection, withSsh } from "./ssh";
import { describeFailure } from "./ssh-failure";

async function loadImage(): Promise<void> {
    const { nodes, ssh } = readFacts<"load-image">();
    const image = setting("IMAGE");
    const built = run("docker", ["image", "inspect", "--format", "{{.Architecture}}", image]).trim();
    const failures = await withSsh({ ssh, nodes }, connection =>
        Promise.all(nodes.map(node => loadOnto(connection, node, image, built))));
    if (failures.flat().length > 0) fail(`The image ${image} could not be loaded.\n${failures.flat().join("\n\n")}`);
}

/** Returns why not, if it can't be loaded. */
async function loadOnto(connection: Connection, node: NodeFacts, image: string, built: string): Promise<string[]> {
    const asked = await connection.attempt(node, `uname -m; ctr --namespace k8s.io images list --quiet name==${image}`);
    if (!asked.ok) return [describeFailure(node, asked)];
    const [machine, present] = asked.stdout.split("\n");
    if (present === image) return [];
    const needed = architecture(machine);
    if (needed !== built) {
        return [`It is built for ${built}, and ${node.name} (${node.host}) is ${needed}. Set landfall:cluster.platform: ` +
            `linux/${needed}; Docker Desktop builds for both.`];
    }
    const archive = { program: "docker", args: ["image", "save", image] };
    const loaded = await connection.attempt(node, archive, "ctr --namespace k8s.io images import --digests -");
    if (!loaded.ok) return [describeFailure(node, loaded)];
    // No registry has it, so the kubelet must not remove it when disk space is low.
    await connection.run(node, `ctr --namespace k8s.io images label ${image} ${pinned}`);
    return [];
}

if (require.main === module) void main(loadImage);
