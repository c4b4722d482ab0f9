// Only for stacks that version 0.1.0 created: their state names this file. Today's state names delete.ts.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
require("tsx/cjs");
require("./delete.ts");
