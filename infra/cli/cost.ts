import { captureProgram } from "./capture";
import { estimate, type Estimate } from "./cost/estimate";
import { readStackConfig, stackConfigFile } from "./stack/config";
import { UserError } from "./terminal/errors";
import { parseCommand } from "./terminal/options";

const usage = `Usage: npm run cost -- <stack>

Prints roughly what a stack costs at its cloud, idle and in a spike, without a cluster or credentials.

  <stack>  a stack of this directory: the one of Pulumi.<stack>.yaml
  --help   this text
`;

/** The command `cost`; returns the exit code. */
export async function main(argv: string[]): Promise<number> {
    const { values, positionals } = parseCommand(argv, {}, usage);
    if (values.help) {
        process.stdout.write(usage);
        return 0;
    }
    if (positionals.length !== 1) throw new UserError(`Name one stack.\n\n${usage}`);
    const [stack] = positionals;
    // The SDK logs to standard output, where only the estimate may go.
    console.log = console.error;
    process.env.LANDFALL_RENDER = "1";
    const { resources } = await captureProgram({ stack, ...readStackConfig(stackConfigFile(stack), { standIns: true }) });
    const found = estimate(resources);
    process.stdout.write(found ? report({ [stack]: found }) : `No cloud bills anything that ${stack} makes. Its cluster is `
        + "not made by it or is on a computer of your own; whoever runs that cluster may bill nodes, volumes and load balancers.\n");
    return 0;
}

/** The table, in Markdown that a terminal can show, and the assumptions behind it. */
export function report(estimates: Record<string, Estimate>): string {
    const rows = [
        ["Stack", "Idle, a month", "Of that, nodes", "In a spike, an hour"],
        ...Object.entries(estimates).map(([name, { nodes, total }]) =>
            [name, dollars(total.rest), dollars(nodes.rest), dollars(total.spike / 730)]),
    ];
    const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)));
    const lines = rows.map(([name, ...figures]) =>
        [name.padEnd(widths[0]), ...figures.map((figure, index) => figure.padStart(widths[index + 1]))]);
    lines.splice(1, 0, ["-".repeat(widths[0]), ...widths.slice(1).map(width => `${"-".repeat(width - 1)}:`)]);
    const sources = Object.values(estimates).map(({ cloud: { name, region, collected, note, calculator } }) =>
        `- ${name}: rounded list prices in ${region}, collected ${collected}.${note} Today's prices in your region: ${calculator}`);
    return [lines.map(cells => `| ${cells.join(" | ")} |`).join("\n"), terms, [...new Set(sources)].join("\n")].join("\n\n") + "\n";
}

/** With two significant digits: more would be false precision. */
export function dollars(usd: number): string {
    return `$${usd.toLocaleString("en-US", { maximumSignificantDigits: 2 })}`;
}

const terms = `In US dollars, pay as you go, without taxes. Idle, each node pool has its \`min\` of nodes; in a spike, its \`max\`. If the cloud
chooses the nodes, the figures count the fewest that hold the pods that always run, with every autoscaler at its minimum or
its maximum. Spot machines count at full price.

Counted: nodes and their disks, control plane, NAT, load balancer, addresses, volumes, registry. Not counted: anything billed by
use (traffic to the internet costs about $0.10 a GB; logs, metrics, images, backups), jobs, and what you add to the program.
Other regions often cost 10 to 30 % more.`;
