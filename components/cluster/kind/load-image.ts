// @ts-nocheck
// Loads an image of this computer into the cluster's nodes; those that have it are skipped.
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
 * kind wants all platforms that an image's index lists, but Docker with containerd's image store only has this
 * computer's (kind#3795): import that one.
 */
function importImage(cluster, image, reason) {
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

function importInto(node, archive, platform, problem) {
    const stdin = fs.openSync(archive, "r");
    const ctr = ["ctr", "--namespace", "k8s.io", "images", "import", "--digests", "--platform", platform, "-"];
    try {
        run("docker", ["exec", "--interactive", node, ...ctr], { stdin, problem });
    } finally {
        fs.closeSync(stdin);
    }
}
