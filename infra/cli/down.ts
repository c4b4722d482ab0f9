import * as fs from "node:fs";
import * as path from "node:path";
import { cacheDirectory } from "../../components/cache";
import { resolvePath } from "../../components/cluster/scripts/home";
import { isLaptop, type PlainSettings, type PlatformSettings } from "../config";
import { ensureDocker } from "../offline/kit";
import { Needs, needsOf } from "./computer/needs";
import { pulumiDownload } from "./computer/network";
import { probes } from "./computer/probes";
import { confirmRemoval } from "./down/confirm";
import { refuseWhileShared } from "./down/others";
import { tidy } from "./down/tidy";
import { describeChanges } from "./engine/engine";
import { backendDirectory, isInBackend } from "./engine/lock";
import { readStack } from "./stack/config";
import { configFile, readRecord, refuseOfflineState, rememberImages } from "./stack/home";
import { seconds, Terminal } from "./terminal";
import { UserError } from "./terminal/errors";
import { onInterrupt, orInterrupted } from "./terminal/interrupt";
import { flag, parseOptions, stackOption, text } from "./terminal/options";
import { ensureClusterTool } from "./tools/cluster-tools";
import { addKitToPath } from "./tools/programs";

const usage = `Usage: npm run down [-- OPTIONS]

Removes all that npm start has made of a stack, and nothing else. Asks first where the stack holds data.

  --stack NAME      the stack (default: dev)
  --keep-data       keep the volumes' data, for a later npm start
  --yes             remove a stack that holds data without asking
  --despite-others  remove a stack although other stacks have environments
                    on its cluster, which then stop
  --help            this text
`;

interface Context {
    stack: string;
    keepData: boolean;
    /** Whether the user agreed to the loss of data on the command line. */
    yes: boolean;
    /** Whether the user agreed to stop other stacks' environments on the command line. */
    despiteOthers: boolean;
    terminal: Terminal;
    signal: AbortSignal;
}

/** The command `npm run down`. */
export async function main(args: string[]): Promise<number> {
    const values = parseOptions(args, { stack: text, "keep-data": flag, yes: flag, "despite-others": flag }, usage);
    const terminal = new Terminal();
    if (values.help) {
        terminal.line(usage.trimEnd());
        return 0;
    }
    const stack = stackOption(values.stack);
    const [keepData, yes] = [values["keep-data"] === true, values.yes === true];
    const despiteOthers = values["despite-others"] === true;
    const context = { stack, keepData, yes, despiteOthers, terminal, signal: onInterrupt(terminal.line) };
    refuseOfflineState(stack);
    await takeDown(context);
    sayWhatIsLeft(context, settingsOf(stack)?.cluster);
    return 0;
}

/** Removes a stack and what `npm start` created besides. Returns the number of changes; undefined if there was no stack. */
export async function takeDown(context: Context): Promise<Record<string, number> | undefined> {
    const { stack, keepData, terminal } = context;
    const begin = Date.now();
    // Only a local backend can be looked at without Pulumi.
    const mayExist = isInBackend(stack) || backendDirectory() === undefined;
    const removed = mayExist ? await destroy(context) : undefined;
    terminal.line(removed
        ? `The stack "${stack}" is ${keepData ? "down" : "gone"}: ${describeChanges(removed)} (${seconds(begin)}).`
        : `There is no stack "${stack}".`);
    await tidy(stack, settingsOf(stack)?.cluster, keepData && removed !== undefined, terminal);
    return removed;
}

async function destroy(context: Context): Promise<Record<string, number> | undefined> {
    const { stack, keepData, terminal, signal } = context;
    if (keepData) refuseIfLost(stack);
    const [{ PulumiEngine }, { ensurePulumi }] = await Promise.all([import("./engine/pulumi"), import("./tools/pulumi")]);
    const log = (line: string): void => terminal.line(`  ${line}`);
    const getting = ensurePulumi(settingsOf(stack)?.cluster.target, await probes.answers(pulumiDownload), log);
    const command = await orInterrupted(getting, signal, "Stopped. Nothing was removed.");
    const engine = await PulumiEngine.find(stack, command, terminal, signal);
    if (engine && !context.despiteOthers && (await engine.makesPlatform())) {
        await refuseWhileShared(stack, (await engine.outputs()).kubeconfig, terminal);
    }
    const data = keepData || context.yes ? undefined : await engine?.data();
    if (data) await confirmRemoval(data, stack, settingsOf(stack)?.cluster.target !== "minikube", { terminal, signal });
    if (engine) terminal.line(`Removing the stack "${stack}"${keepData ? ", and keeping its data" : ""}`);
    await prepare(context);
    if (!engine) return undefined;
    rememberImages(stack, await engine.images()); // an interrupted start may not have recorded them
    return engine.destroy(keepData);
}

/** Gets what removing the cluster needs. */
async function prepare({ stack, terminal }: Context): Promise<void> {
    const needs = needsOfStack(stack);
    if (needs && (!needs.docker || !isLaptop(needs.target))) return;
    const log = (line: string): void => terminal.line(`  ${line}`);
    const { memory, error, context } = await probes.docker();
    if (memory === undefined && (!probes.rootOnDebian || context)) {
        throw new UserError(
            `Docker doesn't answer, so nothing can be removed: ${error ?? "it is not installed"}. ` +
                "Start it, and run the command again.",
        );
    }
    if (memory === undefined) await ensureDocker(log);
    const hasKit = readRecord(stack)?.kit && addKitToPath(needs?.target);
    if (!hasKit && needs) await ensureClusterTool(needs.target, log);
}

/** What the stack needs, unless its file is gone or wrong by now: that must not keep anyone from removing it. */
function needsOfStack(stack: string): Needs | undefined {
    const settings = settingsOf(stack);
    return settings && needsOf(settings);
}

function settingsOf(stack: string): PlainSettings | PlatformSettings | undefined {
    try {
        return readStack(stack, configFile(stack));
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
    const volumes = cluster?.target === "kind" && resolvePath(cluster.data);
    if (volumes && fs.existsSync(volumes)) terminal.line(`The volumes' data is kept in ${volumes}.`);
    if (keepData && isInBackend(stack)) terminal.line("The passwords are kept too. The next npm start uses both.");
    const cache = cacheDirectory();
    if (!fs.existsSync(cache)) return;
    terminal.line(`Downloads and builds are kept for the next start in ${cache} (${sizeOf(cache)}).`);
}

/** The size of a directory, as text. */
export function sizeOf(directory: string): string {
    const bytes = bytesOf(directory);
    return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}

function bytesOf(directory: string): number {
    let sum = 0;
    for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
        const file = path.join(directory, entry.name);
        if (entry.isDirectory()) sum += bytesOf(file);
        else if (entry.isFile()) sum += fs.lstatSync(file).size;
    }
    return sum;
}
