import { defineConfig } from "vitest/config";
import { BaseSequencer, TestSpecification } from "vitest/node";

const minute = 60_000;

/**
 * The files of the end-to-end suite tell one story, in the order of their names. The one about machines has a stack of
 * its own and takes longest: it runs beside the others (tests/e2e/support/turn.ts).
 */
class ByName extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
        const sorted = [...files].sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
        const isBeside = ({ moduleId }: TestSpecification): boolean => moduleId.endsWith("-baremetal.test.ts");
        const [inTurn, beside] = [sorted.filter(file => !isBeside(file)), sorted.filter(isBeside)];
        const paths = (some: TestSpecification[]): string[] => some.map(({ moduleId }) => moduleId);
        for (const { project } of files) project.provide("order", { inTurn: paths(inTurn), beside: paths(beside) });
        return [...inTurn.slice(0, 1), ...beside, ...inTurn.slice(1)];
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
                    execArgv: ["--require", "./infra/preload.cjs"],
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
