// Makes the directory that all nodes share, and marks it, so that no other directory is ever deleted.
import * as fs from "node:fs";
import * as path from "node:path";

import { resolvePath } from "../scripts/home.mjs";
import { fail, main, setting } from "../scripts/process.mjs";
import { markFile } from "./volumes.mjs";

main(() => {
    const directory = resolvePath(setting("VOLUMES"));
    // Pods of any user write here; what is above it keeps the computer's other users out.
    fs.mkdirSync(path.dirname(directory), { recursive: true, mode: 0o700 });
    fs.mkdirSync(directory, { recursive: true });
    const mark = path.join(directory, markFile);
    if (!fs.existsSync(mark) && fs.readdirSync(directory).length > 0) {
        fail(`${directory} can't hold the volumes, as it has other things in it. ` +
            "Name a new or empty directory by landfall:cluster, for example { target: kind, data: ./volumes }.");
    }
    fs.chmodSync(directory, 0o777);
    fs.writeFileSync(mark, "The volumes of a cluster that Landfall made.\n");
});
