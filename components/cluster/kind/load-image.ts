// Loads an image of this computer into those nodes of the cluster that don't have it yet.
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { attempt, lastLines, main, run, setting } from "../scripts/process";
import { listNodes } from "./nodes";

void main(() => {
    const [cluster, image] = [setting("CLUSTER_NAME"), setting("IMAGE")];
    const loaded = attempt("kind", ["load", "docker-image", image, "--name", cluster]);
    if (!loaded.ok) importImage(cluster, image, lastLines(loaded));
});

/**
 * kind requires all platforms that an image's index lists, but with containerd's image store Docker only has this
 * computer's (kind#3795). So this imports that one platform.
 */
function importImage(cluster: string, image: string, reason: string): void {
    const problem = `The image ${image} could not be loaded into the cluster ${cluster}.\n${reason}`;
    const inspect = ["image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", image];
    const platform = run("docker", inspect, { problem }).trim();
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-"));
    const archive = path.join(directory, "image.tar");
    try {
        run("docker", ["image", "save", "--output", archive, image], { problem });
        for (const { name } of listNodes(cluster)) importInto(name, archive, platform, problem);
    } finally {
        fs.rmSync(directory, { recursive: true, force: true });
    }
}

function importInto(node: string, archive: string, platform: string, problem: string): void {
    const stdin = fs.openSync(archive, "r");
    const ctr = ["ctr", "--namespace", "k8s.io", "images", "import", "--digests", "--platform", platform, "-"];
    try {
        run("docker", ["exec", "--interactive", node, ...ctr], { stdin, problem });
    } finally {
        fs.closeSync(stdin);
    }
}
