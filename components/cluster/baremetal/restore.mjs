// Only for stacks that version 0.1.0 created: their state names this file for deleting a machine. Today's state names
// operator/reset.ts. Snapshots are restored by operator/restore.ts.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
require("tsx/cjs");
const { main } = require("../scripts/process.ts");
const { reset } = require("./operator/reset.ts");
void main(reset);
