import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { TestProject } from "vitest/node";
import { removeConfig, writeConfig } from "./config";
import { added, Holdings, holdings, remove } from "./docker";
import { names } from "./names";
import { npm } from "./npm";
import { commandEnvironment, Suite } from "./suite";

declare module "vitest" {
    export interface ProvidedContext {
        suite: Suite;
    }
}

/**
 * Prepares a stack of the suite's own, which the first file that needs it starts, and leaves the computer as it was.
 * With LANDFALL_E2E_DIR, the stack is kept in that directory from one run to the next, for work on the tests.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
    const kept = process.env.LANDFALL_E2E_DIR;
    const directory = kept ?? fs.mkdtempSync(path.join(os.tmpdir(), "landfall-e2e-"));
    fs.mkdirSync(path.join(directory, "backend"), { recursive: true });
    const before = await holdings();
    const suite = { directory, before };
    project.provide("suite", suite);
    writeConfig();
    return async () => {
        if (kept) return;
        await takeDown(suite, before);
        removeConfig();
        fs.rmSync(directory, { recursive: true, force: true });
    };
}

/** What the last file has not taken down, because one before it failed or only some were run. */
async function takeDown(suite: Suite, before: Holdings): Promise<void> {
    if (fs.existsSync(path.join(suite.directory, "home"))) {
        await npm(["run", "down", "--", "--stack", names.stack], commandEnvironment(suite));
    }
    const left = added(await holdings(), before);
    await remove({ ...left, containers: left.containers.filter(name => name.startsWith(names.cluster)) });
}
