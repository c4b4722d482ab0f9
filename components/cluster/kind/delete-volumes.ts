// Deletes what an interrupted run left of the cluster, then the volumes' directory, unless it is to be kept.
// Containers' users own what is in it, so on Linux a container removes it.
import * as fs from "node:fs";
import * as path from "node:path";

import { removeIfEmpty, resolvePath } from "../scripts/home";
import { main, run, setting } from "../scripts/process";
import { deleteOwnCluster } from "./nodes";
import { markFile } from "./volumes";

void main(() => {
    deleteOwnCluster(setting("CLUSTER_NAME"), setting("CLUSTER_OWNER"));
    // `npm run down -- --keep-data` keeps what the settings would delete.
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

/** The mark goes last, so that an interrupted deletion can be taken up again. */
function empty(directory) {
    for (const name of fs.readdirSync(directory)) {
        if (name !== markFile) fs.rmSync(path.join(directory, name), { recursive: true });
    }
}

/** The nodes' image is on this computer already. */
function emptyInContainer(directory) {
    run("docker", [
        "run", "--rm", "--network", "none", "--mount", `type=bind,source=${directory},target=/volumes`,
        "--entrypoint", "find", setting("IMAGE"), "/volumes", "-mindepth", "1",
        "-not", "-path", `/volumes/${markFile}`, "-delete",
    ], { problem: `${directory} could not be deleted.` });
}
