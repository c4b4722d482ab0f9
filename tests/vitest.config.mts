import { defineConfig } from "vitest/config";
import { BaseSequencer, TestSpecification } from "vitest/node";

const minute = 60_000;

/**
 * The files of the end-to-end suite tell one story, in the order of their names. Those about machines and about the library
 * have a stack of their own: they run beside the others (tests/e2e/support/turn.ts), and the first, which takes longest,
 * begins early.
 */
class ByName extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
        const sorted = [...files].sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
        const isLong = ({ moduleId }: TestSpecification): boolean => moduleId.endsWith("-baremetal.test.ts");
        const isBeside = (file: TestSpecification): boolean => isLong(file) || file.moduleId.endsWith("-library.test.ts");
        const [inTurn, beside] = [sorted.filter(file => !isBeside(file)), sorted.filter(isBeside)];
        const paths = (some: TestSpecification[]): string[] => some.map(({ moduleId }) => moduleId);
        for (const { project } of files) project.provide("order", { inTurn: paths(inTurn), beside: paths(beside) });
        const [first, ...rest] = sorted.filter(file => !isLong(file));
        return [first, ...sorted.filter(isLong), ...rest].filter(Boolean);
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
                    sequence: { groupOrder: 3 },
                },
            },
            // Those of the night take longer than a build may.
            ...([["e2e", "test", 10, 2], ["nightly", "nightly", 40, 1]] as const).map(([name, suffix, minutes, workers]) => ({
                test: {
                    name,
                    include: [`tests/e2e/**/*.${suffix}.ts`],
                    globalSetup: ["tests/e2e/support/setup.ts"],
                    setupFiles: ["tests/e2e/support/turn.ts"],
                    maxWorkers: workers,
                    testTimeout: minutes * minute,
                    // The first start builds the kit where the network is closed.
                    hookTimeout: 40 * minute,
                    // What the commands print goes to the log as it comes.
                    disableConsoleIntercept: true,
                    sequence: { groupOrder: workers },
                },
            })),
        ],
    },
});
