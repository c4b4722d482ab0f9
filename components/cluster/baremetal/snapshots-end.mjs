// Stacks of version 0.2 name this file in their state, for deletion.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
require("tsx/cjs");
const { main } = require("../scripts/process.ts");
const { endSnapshots } = require("./operator/end-snapshots.ts");
void main(endSnapshots);
