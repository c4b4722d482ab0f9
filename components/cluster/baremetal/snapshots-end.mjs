// Only for stacks that version 0.1.0 created: their state names this file. Today's state names operator/end-snapshots.ts.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
require("tsx/cjs");
const { main } = require("../scripts/process.ts");
const { endSnapshots } = require("./operator/end-snapshots.ts");
void main(endSnapshots);
