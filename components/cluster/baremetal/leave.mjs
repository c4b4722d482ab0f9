// Only for stacks that version 0.1.0 created: their state names this file. Today's state names operator/leave.ts.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
require("tsx/cjs");
const { main } = require("../scripts/process.ts");
const { leave } = require("./operator/leave.ts");
void main(leave);
