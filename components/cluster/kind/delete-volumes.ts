// Deletes what an interrupted run left of the cluster, then the directory for volumes unless it is to be kept.
// Its files belong to the containers' users, so on Linux a container removes them.
import * as fs from "node:fs";
import * as path from "node:path";

import { removeIfEmpty, resolvePath } from "../scripts/home";
import { main, run, setting } from "../scripts/process";
import { markFile } from "./config";
import { deleteOwnCluster } from "./nodes";

void main(() => {
    deleteOwnCluster(setting("CLUSTER_NAME"), setting("CLUSTER_OWNER"));
    // `npm run down -- --keep-data` overrides the settings.
    if (setting("ON_DELETE") === "retain" || process.env.LANDFALL_KEEP_DATA === "true") return;
    const directory = resolvePath(setting("VOLUMES"));
    if (!fs.existsSync(path.join(directory, markFile))) return;
    try {
        empty(directory);
    } catch {
        emptyInContainer(directory);
    }
    fs.rmSync(directory, { recursive: true });
    removeIfEmpty(path.dirname(directory));
});

/** Leaves the mark until the end, so that an interrupted deletion can be repeated. */
function empty(directory: string): void {
    for (const name of fs.readdirSync(directory)) {
        if (name !== markFile) fs.rmSync(path.join(directory, name), { recursive: true });
    }
}

/** Uses the nodes' image because this computer already has it. */
function emptyInContainer(directory: string): void {
    run("docker", [
        "run", "--rm", "--network", "none", "--mount", `type=bind,source=${directory},target=/volumes`,
        "--entrypoint", "find", setting("IMAGE"), "/volumes", "-mindepth", "1",
        "-not", "-path", `/volumes/${markFile}`, "-delete",
    ], { problem: `${directory} could not be deleted.` });
}
