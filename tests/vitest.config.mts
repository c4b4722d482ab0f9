import * as fs from "node:fs";
import { availableParallelism } from "node:os";
import * as path from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, TestSpecification } from "vitest/node";
import { skipped } from "./unit/support/posix.mjs";

const minute = 60_000;

/** Test files that can't run on this system, each with its reason in the output. */
const notHere = fs.readdirSync(path.resolve("tests/unit"), { recursive: true, encoding: "utf8" }).flatMap(file => {
    const reason = file.endsWith(".test.ts") ? skipped(file) : undefined;
    if (reason) console.log(`Skipped on ${process.platform}: tests/unit/${file}: ${reason}`);
    return reason ? [`tests/unit/${file.split(path.sep).join("/")}`] : [];
});

/** Files with a cluster of their own, or none: those of each list run one after another. */
const apart = [["80-baremetal"], ["71-render", "74-library", "66-others", "70-policies", "72-minikube"]];

/** A file that takes its time and disturbs nothing: those after it don't wait for it, except for the first that replaces pods. */
const meanwhile = { file: "11-meanwhile", until: "36-site" };

/** Each file apart holds a worker while it waits for its turn; one is for the story, one for the file beside it. */
const e2eWorkers = apart.flat().length + 2;

/**
 * The files of the end-to-end suite tell one story, in the order of their names, except those that need nothing of it:
 * they run beside the others (tests/e2e/support/turn.ts). Workers take them as they stand here, one by one.
 */
class ByName extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
        const sorted = [...files].sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
        const named = (name: string): string | undefined => sorted.map(({ moduleId }) => moduleId).find(file => path.basename(file, ".test.ts") === name);
        const beside = apart.map(names => names.map(named).filter(file => file !== undefined));
        const inTurn = sorted.map(({ moduleId }) => moduleId).filter(file => !beside.flat().includes(file));
        const order = { inTurn, beside, meanwhile: named(meanwhile.file), until: named(meanwhile.until) };
        for (const { project } of files) project.provide("order", order);
        return [...beside.flat(), ...inTurn].map(file => sorted.find(({ moduleId }) => moduleId === file)!);
    }
}

export default defineConfig({
    test: {
        sequence: { sequencer: ByName },
        projects: [
            {
                test: {
                    name: "unit",
                    include: ["tests/unit/**/*.test.ts"],
                    exclude: notHere,
                    globalSetup: ["tests/unit/setup.ts"],
                    setupFiles: ["tests/unit/support/environment.ts"],
                    isolate: false,
                    // The program makes much that is short-lived.
                    execArgv: ["--max-semi-space-size=64", "--require", "./infra/preload.cjs"],
                    // Some tests wait for what they have started: one more than there are processors.
                    maxWorkers: availableParallelism() + 1,
                    testTimeout: 3 * minute,
                    hookTimeout: 3 * minute,
                    sequence: { groupOrder: 0 },
                },
            },
            {
                test: {
                    name: "lint",
                    include: ["tests/lint/**/*.test.ts"],
                    globalSetup: ["tests/unit/setup.ts"],
                    maxWorkers: 1,
                    testTimeout: 3 * minute,
                    // The first run gets the linters.
                    hookTimeout: 5 * minute,
                    disableConsoleIntercept: true,
                    sequence: { groupOrder: 3 },
                },
            },
            // Those of the night take longer than a build may.
            ...([["e2e", "test", 20, e2eWorkers], ["nightly", "nightly", 40, 1]] as const).map(([name, suffix, minutes, workers], place) => ({
                test: {
                    name,
                    include: [`tests/e2e/**/*.${suffix}.ts`],
                    globalSetup: ["tests/e2e/support/setup.ts"],
                    setupFiles: ["tests/e2e/support/turn.ts"],
                    maxWorkers: workers,
                    testTimeout: minutes * minute,
                    // The first start builds the kit where the network is closed.
                    hookTimeout: 60 * minute,
                    // What the commands print goes to the log as it comes.
                    disableConsoleIntercept: true,
                    sequence: { groupOrder: 4 + place },
                },
            })),
        ],
    },
});
