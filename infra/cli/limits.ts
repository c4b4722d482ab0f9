import { hasEnvironment, type PlainSettings, type PlatformSettings, sharesPlatform, trafficOfGateway } from "../config";
import { captureProgram, type Registered } from "./capture";
import { gatewayRows, type Row } from "./limits/rows";
import { servicesRows } from "./limits/services";
import { wordPressRows } from "./limits/wordpress";
import { readStack, readStackConfig, stackConfigFile } from "./stack/config";
import { UserError } from "./terminal/errors";
import { flag, parseCommand } from "./terminal/options";

const usage = `Usage: npm run limits -- <stack> [--json]

Prints every limit between a visitor and the disk, with its value and the reason for it: all are derived from the few
settings of landfall:app, or of landfall:gateway in a stack without an environment.

  <stack>  a stack of this directory: the one of Pulumi.<stack>.yaml
  --json   the same as JSON; for another program: npm run -s limits -- <stack> --json
  --help   this text
`;

/** The command `limits`; returns the exit code. */
export async function main(argv: string[]): Promise<number> {
    const { values, positionals } = parseCommand(argv, { json: flag }, usage);
    if (values.help) {
        process.stdout.write(usage);
        return 0;
    }
    if (positionals.length !== 1) throw new UserError(`Name one stack.\n\n${usage}`);
    // The SDK logs to standard output, where only the table may go.
    console.log = console.error;
    process.env.LANDFALL_RENDER = "1";
    const [stack] = positionals;
    const file = stackConfigFile(stack);
    const settings = readStack(stack, file);
    const { resources } = await captureProgram({ stack, ...readStackConfig(file, { standIns: true }) });
    const rows = limitRows(settings, resources);
    if (sharesPlatform(settings.cluster)) console.error("The gateway is another stack's: its limits are those of the stack that made the platform.");
    process.stdout.write(values.json ? `${JSON.stringify(rows, undefined, 2)}\n` : table(rows));
    return 0;
}

/** All limits of a stack with these settings and resources. */
export function limitRows(settings: PlainSettings | PlatformSettings, resources: Registered[]): Row[] {
    if (!hasEnvironment(settings)) return platformRows(settings, resources);
    const { app } = settings;
    return app.type === "services" ? servicesRows(app, resources) : wordPressRows(app, resources);
}

function platformRows({ gateway }: PlatformSettings, resources: Registered[]): Row[] {
    const { times, requests } = trafficOfGateway(gateway);
    return gatewayRows(times, {
        pods: `one for every two of ${gateway.pods} pods (gateway.pods) at the most`,
        reception: `${gateway.largestTransfer} (gateway.largestTransfer) on the slowest connection, and half a minute`,
        idle: `a little more than ${gateway.requestSeconds} s (gateway.requestSeconds) and half a minute's wait; a transfer that moves isn't idle`,
        response: "the most that a route of an environment may have: the answer, and the largest download on the slowest connection",
        requests: `gateway.requests ${requests}, and at least Envoy's own default`,
    }, resources);
}

function table(rows: Row[]): string {
    const lines = [["layer", "limit", "value", "why"], ...rows.map(({ layer, setting, value, why }) => [layer, setting, String(value), why])];
    const widths = [0, 1, 2].map(column => Math.max(...lines.map(line => line[column].length)));
    return lines.map(([layer, setting, value, why]) =>
        `${layer.padEnd(widths[0])}  ${setting.padEnd(widths[1])}  ${value.padStart(widths[2])}  ${why}\n`).join("");
}
