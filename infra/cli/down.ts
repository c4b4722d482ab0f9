import * as fs from "node:fs";
import { cacheDirectory } from "../../components/cache";
import { isLaptop, type PlainSettings } from "../config";
import { ensureDocker } from "../offline/kit";
import { Needs, needsOf } from "./computer/check";
import { probes } from "./computer/probes";
import type { EngineName } from "./engine/choose";
import { describeChanges, Engine } from "./engine/engine";
import { holderOf } from "./engine/holder";
import { backendDirectory } from "./engine/lock";
import { configFile, readRecord, rememberImages, localPath } from "./home";
import { onInterrupt } from "./interrupt";
import { parseOptions, stackOption } from "./options";
import { readSettings } from "./settings";
import { sizeOf } from "./size";
import { seconds, Terminal } from "./terminal";
import { tidy } from "./tidy";
import { ensureClusterTool } from "./tools/cluster-tools";
import { addKitToPath } from "./tools/programs";
import { UserError } from "./user-error";

const usage = `Usage: npm run down [-- OPTIONS]

Removes all that npm start has made of a stack, and nothing else.

  --stack NAME   the stack (default: dev)
  --keep-data    keep the volumes' data on this computer, for a later npm start
  --help         this text
`;

interface Context {
    stack: string;
    keepData: boolean;
    terminal: Terminal;
    signal: AbortSignal;
}

/** The command `npm run down`. */
export async function main(args: string[]): Promise<number> {
    const values = parseOptions(args, ["stack"], ["keep-data"], usage);
    const terminal = new Terminal();
    if (values.help) {
        terminal.line(usage.trimEnd());
        return 0;
    }
    const stack = stackOption(values.stack);
    await down({ stack, keepData: values["keep-data"] === true, terminal, signal: onInterrupt(terminal.line) });
    return 0;
}

async function down(context: Context): Promise<void> {
    const { stack, keepData, terminal } = context;
    const begin = Date.now();
    // Another backend than a local one must be asked.
    const engine = holderOf(stack) ?? (backendDirectory() === undefined ? "pulumi" : undefined);
    const changes = engine && (await destroy(context, engine));
    terminal.line(changes
        ? `The stack "${stack}" is ${keepData ? "down" : "gone"}: ${describeChanges(changes)} (${seconds(begin)}).`
        : `There is no stack "${stack}".`);
    const cluster = settingsOf(stack)?.cluster;
    await tidy(stack, cluster, keepData && changes !== undefined, terminal);
    sayWhatIsLeft(context, cluster);
}

async function destroy(context: Context, name: EngineName): Promise<Record<string, number> | undefined> {
    const { stack, keepData, terminal, signal } = context;
    terminal.line(`Removing the stack "${stack}"${keepData ? ", and keeping its data" : ""}`);
    if (keepData) refuseIfLost(stack);
    await prepare(context);
    if (name === "offline") {
        const { OfflineEngine } = await import("./engine/offline");
        return remove(new OfflineEngine(stack, { config: {}, secretKeys: [] }, terminal, signal), context);
    }
    const [{ PulumiEngine }, { findPulumi }] = await Promise.all([import("./engine/pulumi"), import("./tools/pulumi")]);
    const command = await findPulumi(settingsOf(stack)?.cluster.target);
    if (!command) {
        throw new UserError(
            `The stack "${stack}" was made by Pulumi, whose CLI is not on this computer any more. ` +
                "Install it (https://www.pulumi.com/docs/install/), and run the command again.",
        );
    }
    const engine = await PulumiEngine.find(stack, command, terminal, signal);
    return engine && remove(engine, context);
}

/** An interrupted start may have built images that it didn't come to remember. */
async function remove(engine: Engine, { stack, keepData }: Context): Promise<Record<string, number>> {
    rememberImages(stack, await engine.images());
    return engine.destroy(keepData);
}

/** Gets what removing the cluster needs. */
async function prepare({ stack, terminal }: Context): Promise<void> {
    const needs = needsOfStack(stack);
    if (needs && (!needs.docker || !isLaptop(needs.target))) return;
    const log = (line: string): void => terminal.line(`  ${line}`);
    const { memory, error } = await probes.docker();
    if (memory === undefined && !probes.rootOnDebian) {
        throw new UserError(
            `Docker doesn't answer, so nothing can be removed: ${error ?? "it is not installed"}. ` +
                "Start it, and run the command again.",
        );
    }
    if (memory === undefined) await ensureDocker(log);
    const hasKit = readRecord(stack)?.kit && addKitToPath();
    if (!hasKit && needs) await ensureClusterTool(needs.target, log);
}

/** What the stack needs, unless its file is gone or wrong by now: that must not keep anyone from removing it. */
function needsOfStack(stack: string): Needs | undefined {
    const settings = settingsOf(stack);
    return settings && needsOf(settings);
}

function settingsOf(stack: string): PlainSettings | undefined {
    try {
        return readSettings(stack, configFile(stack));
    } catch {
        return undefined;
    }
}

/** minikube's volumes are inside its nodes. */
function refuseIfLost(stack: string): void {
    const cluster = settingsOf(stack)?.cluster;
    if (cluster?.target !== "minikube") return;
    throw new UserError(
        "minikube keeps the volumes inside its nodes, so the data can't outlive them. " +
            `To free this computer and keep the data, stop them: minikube stop --profile ${cluster.name}`,
    );
}

function sayWhatIsLeft({ stack, keepData, terminal }: Context, cluster: PlainSettings["cluster"] | undefined): void {
    const volumes = cluster?.target === "kind" && localPath(cluster.data);
    if (volumes && fs.existsSync(volumes)) terminal.line(`The volumes' data is kept in ${volumes}.`);
    if (keepData && holderOf(stack)) terminal.line("The passwords are kept too. The next npm start goes on with both.");
    const cache = cacheDirectory();
    if (!fs.existsSync(cache)) return;
    terminal.line(`Downloads and builds are kept for the next start in ${cache} (${sizeOf(cache)}).`);
}
