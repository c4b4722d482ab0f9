// @ts-nocheck
// Makes the directory that all nodes share, and marks it, so that no other directory is ever deleted.
import * as fs from "node:fs";
import * as path from "node:path";

import { resolvePath } from "../scripts/home";
import { fail, main, setting } from "../scripts/process";
import { markFile } from "./volumes";

void main(() => {
    const directory = resolvePath(setting("VOLUMES"));
    fs.mkdirSync(path.dirname(directory), { recursive: true, mode: 0o700 });
    fs.mkdirSync(directory, { recursive: true });
    const mark = path.join(directory, markFile);
    if (!fs.existsSync(mark) && fs.readdirSync(directory).length > 0) {
        fail(`${directory} can't hold the volumes, as it has other things in it. ` +
            "Name a new or empty directory by landfall:cluster, for example { target: kind, data: ./volumes }.");
    }
    // The nodes' root makes each volume's directory, for its pods' group; the computer's other users have no business here.
    fs.chmodSync(directory, 0o700);
    fs.writeFileSync(mark, "The volumes of a cluster that Landfall made.\n");
});
