import { spawnSync } from "node:child_process";
import { captureProgram } from "./capture";
import { readStackConfig, stackConfigFile, stacksIn } from "./stack/config";
import { root } from "./stack/home";
import { UserError } from "./terminal/errors";
import { flag, parseOptions, stackOption, text } from "./terminal/options";

const usage = `Usage: npm run bench [-- OPTIONS]

Starts the program as each stack of this directory, without making anything, and prints the time and memory that it
takes: as it is, loading one target only, and beside it with every cloud's whole SDK loaded first.

  --of NAME  times preview, up and refresh of a running stack instead, beside those of an empty program; the stack
             must have nothing to do
  --runs N   how often each is started; the best counts (default: 3)
  --help     this text
`;

/** The packages that a program for all targets would load. */
const sdks = ["@pulumi/aws", "@pulumi/gcp", "@pulumi/azure-native"];

/** One start of the program. */
interface Measurement {
    resources: number;
    seconds: number;
    megabytes: number;
}

/** The command `bench`; returns the exit code. */
export async function main(argv: string[]): Promise<number> {
    const options = parseOptions(argv, { runs: text, stack: text, of: text, everything: flag }, usage);
    if (options.help) {
        process.stdout.write(usage);
        return 0;
    }
    if (options.stack !== undefined) {
        process.stdout.write(JSON.stringify(await measure(stackOption(options.stack), options.everything === true)));
        return 0;
    }
    const runs = Number(options.runs ?? 3);
    if (!Number.isInteger(runs) || runs < 1) throw new UserError(`--runs takes a whole number from 1.\n\n${usage}`);
    if (options.of !== undefined) {
        const { timeOperations } = await import("./bench/operations"); // the Automation API takes a second to load
        const timed = await timeOperations(stackOption(options.of), runs);
        console.log(`Pulumi, best of ${runs}; Node ${process.versions.node} on ${process.platform} ${process.arch}\n`);
        console.log(["".padEnd(20), options.of.padStart(11), "empty".padStart(11)].join(""));
        for (const [operation, ...figures] of timed) {
            console.log(operation.padEnd(20) + figures.map(seconds => `${seconds.toFixed(1)} s`.padStart(11)).join(""));
        }
        return 0;
    }
    console.log(`Program start, best of ${runs}; Node ${process.versions.node} on ${process.platform} ${process.arch}\n`);
    console.log(row("stack", "resources", "one target", "", "every SDK", ""));
    for (const stack of stacksIn(root)) {
        const [one, all] = [false, true].map(everything => best(stack, everything, runs));
        const figures = [one, all].flatMap(({ seconds, megabytes }) => [`${seconds.toFixed(1)} s`, `${megabytes} MB`]);
        console.log(row(stack, String(one.resources), ...figures));
    }
    return 0;
}

/** Runs in its own process, and measures it from its start. */
async function measure(stack: string, everything: boolean): Promise<Measurement> {
    process.env.LANDFALL_RENDER = "1";
    if (everything) sdks.forEach(sdk => require(sdk) as unknown);
    const { resources } = await captureProgram({ stack, ...readStackConfig(stackConfigFile(stack), { standIns: true }) });
    return {
        resources: resources.length,
        seconds: process.uptime(),
        megabytes: Math.round(process.resourceUsage().maxRSS / 1024),
    };
}

function best(stack: string, everything: boolean, runs: number): Measurement {
    const args = ["bench", "--stack", stack, ...(everything ? ["--everything"] : [])];
    const results = Array.from({ length: runs }, () => {
        const { status, stdout, stderr } = spawnSync(
            process.execPath, ["--require", "./infra/preload.cjs", "--import", "tsx", "infra/cli/run.ts", ...args],
            { cwd: root, encoding: "utf8" });
        if (status !== 0) throw new UserError(`The stack ${stack} can't be rendered.\n${stderr}`);
        return JSON.parse(stdout) as Measurement;
    });
    return {
        resources: results[0].resources,
        seconds: Math.min(...results.map(({ seconds }) => seconds)),
        megabytes: Math.min(...results.map(({ megabytes }) => megabytes)),
    };
}

function row(...cells: string[]): string {
    return cells.map((cell, index) => index === 0 ? cell.padEnd(12) : cell.padStart(11)).join("");
}
