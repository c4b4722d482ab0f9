import * as fs from "node:fs";
import { up, EngineOptions } from "../../../infra/offline/engine";

// A process that can be killed: `up` with the options in a file.
const options = JSON.parse(fs.readFileSync(process.argv[2], "utf8")) as EngineOptions;
up({ ...options, log: console.log }).then(() => process.exit(0), (error: Error) => {
    console.error(error.message);
    process.exit(1);
});
