import { parseArgs } from "node:util";
import { captureProgram } from "./capture";
import { estimate } from "./cost/estimate";
import { basis, bill } from "./cost/report";
import { terminal } from "./cost/table";
import { readStackConfig, stackConfigFile } from "./stack-config";
import { UserError } from "./user-error";

const usage = `Usage: npm run cost -- <stack>

Prints what a stack costs at its cloud, at rest and at the height of a spike, without a cluster, credentials or the
Pulumi CLI.

  <stack>  a stack of this directory: the one of Pulumi.<stack>.yaml
  --help   this text
`;

/** The command `cost`; returns the exit code. */
export async function main(argv: string[]): Promise<number> {
    const { values, positionals } = parseArguments(argv);
    if (values.help) {
        process.stdout.write(usage);
        return 0;
    }
    if (positionals.length !== 1) throw new UserError(`Name one stack.\n\n${usage}`);
    // The SDK logs to standard output, which belongs to the bill.
    console.log = console.error;
    process.env.LANDFALL_RENDER = "1";
    const [stack] = positionals;
    const { resources } = await captureProgram({ stack, ...readStackConfig(stackConfigFile(stack), { standIns: true }) });
    const estimates = estimate(resources);
    const bills = estimates.map(found => [
        `What ${stack} costs at ${found.cloud.name}`, bill(found, terminal), `${basis([found], terminal)}\n`,
    ].join("\n\n"));
    process.stdout.write(bills.length > 0 ? bills.join("\n") : nothing(stack));
    return 0;
}

function nothing(stack: string): string {
    return `No cloud bills anything that ${stack} makes. Its cluster is not made by it or is on a computer of your own; `
        + "whoever runs that cluster may bill nodes, volumes and load balancers.\n";
}

function parseArguments(argv: string[]) {
    try {
        return parseArgs({
            args: argv, allowPositionals: true, options: { help: { type: "boolean", short: "h" } },
        });
    } catch (error) {
        throw new UserError(`${(error as Error).message}\n\n${usage}`);
    }
}
