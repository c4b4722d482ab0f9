import { defineConfig } from "vitest/config";
import { BaseSequencer, TestSpecification } from "vitest/node";

const minute = 60_000;

/** The files of the end-to-end suite tell one story, in the order of their names. */
class ByName extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
        return [...files].sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
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
                    globalSetup: ["tests/unit/setup.ts"],
                    maxWorkers: "100%",
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
                    sequence: { groupOrder: 2 },
                },
            },
            // Those of the night take longer than a build may.
            ...([["e2e", "test", 10], ["nightly", "nightly", 40]] as const).map(([name, suffix, minutes]) => ({
                test: {
                    name,
                    include: [`tests/e2e/**/*.${suffix}.ts`],
                    globalSetup: ["tests/e2e/support/setup.ts"],
                    // One cluster on one computer: one file after the other.
                    fileParallelism: false,
                    maxWorkers: 1,
                    testTimeout: minutes * minute,
                    // The first start builds the kit where the network is closed.
                    hookTimeout: 40 * minute,
                    // What the commands print goes to the log as it comes.
                    disableConsoleIntercept: true,
                    sequence: { groupOrder: 1 },
                },
            })),
        ],
    },
});
