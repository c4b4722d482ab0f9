import * as path from "node:path";
import type { Holdings } from "./docker";

/** What the suite's set-up tells its files. */
export interface Suite {
    /** Temporary directory of all that the stack keeps. */
    directory: string;
    /** What Docker held before. */
    before: Holdings;
}

/** Environment of the commands: nothing of the user's own home or Pulumi state is touched. */
export function commandEnvironment({ directory }: Suite): Record<string, string> {
    return {
        LANDFALL_HOME: path.join(directory, "home"),
        PULUMI_BACKEND_URL: `file://${path.join(directory, "backend").split(path.sep).join("/")}`,
    };
}
