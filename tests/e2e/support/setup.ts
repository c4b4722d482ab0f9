import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { TestProject } from "vitest/node";
import { removeConfig, writeConfig } from "./config";
import { added, holdings, holdingsAtRest, remove, removeLeftovers } from "./docker";
import { removeMachines } from "./machines";
import { names } from "./names";
import { npm } from "./npm";
import { endCommandsWith } from "./processes";
import { commandEnvironment, forgetFirstStart, keepBefore, readBefore, readFirstStart, markOver, type Order, Suite } from "./suite";

declare module "vitest" {
    export interface ProvidedContext {
        suite: Suite;
        order: Order;
    }
}

/**
 * Prepares a stack of the suite's own, which the first file that needs it starts, and leaves the computer as it was.
 * With LANDFALL_E2E_DIR, the stack is kept in that directory from one run to the next, for work on the tests.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
    const kept = process.env.LANDFALL_E2E_DIR;
    if (!kept) await removeLeftovers();
    const directory = kept ?? fs.mkdtempSync(path.join(os.tmpdir(), "landfall-e2e-"));
    fs.mkdirSync(path.join(directory, "backend"), { recursive: true });
    const suite = { directory, before: await holdingsAtRest() };
    if (hasStarted(suite)) {
        suite.before = readBefore(suite);
    } else {
        keepBefore(suite);
        writeConfig(directory);
    }
    project.provide("suite", suite);
    const stop = markEnds(project, suite);
    return async () => {
        stop();
        if (kept) return;
        await takeDown(suite);
        removeConfig();
        fs.rmSync(directory, { recursive: true, force: true });
    };
}

/** Reports which files have ended, also skipped ones, until the returned function is called. */
function markEnds({ vitest }: TestProject, suite: Suite): () => void {
    for (const name of fs.readdirSync(suite.directory)) {
        if (name.endsWith(".over")) fs.rmSync(path.join(suite.directory, name)); // an earlier run's
    }
    const timer = setInterval(() => {
        const over = vitest.state.getFiles().filter(({ mode, result }) => mode === "skip" || /pass|fail|skip/.test(result?.state ?? ""));
        for (const { filepath } of over) markOver(suite, filepath);
    }, 500);
    return () => clearInterval(timer);
}

/** Whether a run before has started the stack that is kept; a start that failed is tried again. */
function hasStarted(suite: Suite): boolean {
    const first = readFirstStart(suite);
    if (first?.code !== 0) forgetFirstStart(suite);
    return first?.code === 0;
}

/** What the last file has not taken down, because one before it failed or only some were run. */
async function takeDown(suite: Suite): Promise<void> {
    const environment = commandEnvironment(suite);
    await endCommandsWith(`LANDFALL_HOME=${environment.LANDFALL_HOME}`);
    if (fs.existsSync(environment.LANDFALL_HOME)) {
        await npm(["run", "down", "--", "--stack", names.stack, "--yes"], environment);
    }
    await removeMachines();
    const left = added(await holdings(), suite.before);
    await remove({ ...left, containers: left.containers.filter(name => name.startsWith(names.cluster)) });
}
