// Creates the directory that all nodes share, and marks it: only a marked directory is ever deleted.
import * as fs from "node:fs";
import * as path from "node:path";

import { resolvePath } from "../scripts/home";
import { fail, main, setting } from "../scripts/process";
import { markFile } from "./config";

void main(() => {
    const directory = resolvePath(setting("VOLUMES"));
    fs.mkdirSync(path.dirname(directory), { recursive: true, mode: 0o700 });
    fs.mkdirSync(directory, { recursive: true });
    const mark = path.join(directory, markFile);
    if (!fs.existsSync(mark) && fs.readdirSync(directory).length > 0) {
        fail(`${directory} can't hold the volumes because it already contains other files. ` +
            "Name a new or empty directory in landfall:cluster, for example { target: kind, data: ./volumes }.");
    }
    // Root on the nodes creates each volume's directory for the group of its pods. Other users of this computer need no access.
    fs.chmodSync(directory, 0o700);
    fs.writeFileSync(mark, "The volumes of a cluster that Landfall made.\n");
});
