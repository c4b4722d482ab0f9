import {
    hasEnvironment, hostsOf, isLaptop, manifestsFor, type PlainSettings, type PlatformSettings, sharesPlatform, type Target,
} from "../config";
import { buildKit, ensureDocker, type Kit } from "../offline/kit";
import { checkComputer, Report } from "./computer/check";
import { builtImagesHere, hasKindNetwork } from "./computer/docker";
import { needsOf } from "./computer/needs";
import { probes } from "./computer/probes";
import { showReport } from "./computer/report";
import { Applied, describeChanges } from "./engine/engine";
import { readStack, stackConfigFile } from "./stack/config";
import { readRecord, refuseOfflineState, rememberImages, writeRecord } from "./stack/home";
import { describeRecords, waitForAnswer, whereTo } from "./start/answer";
import { confirmLoss } from "./start/confirm";
import { keepFiles, showFiles } from "./start/files";
import { ensureManifests, withKitSettings } from "./start/kit";
import { seconds, Steps, Terminal } from "./terminal";
import { Interrupted, UserError } from "./terminal/errors";
import { onInterrupt, orInterrupted } from "./terminal/interrupt";
import { flag, parseOptions, stackOption, text } from "./terminal/options";
import { ensureClusterTool } from "./tools/cluster-tools";
import { addClusterTools } from "./tools/programs";

const usage = `Usage: npm start [-- OPTIONS]

Brings up the application on the stack's cluster, and prints its address.
Asks first if that removes the stack's environment, with its data.

  --stack NAME  the stack of Pulumi.NAME.yaml (default: dev)
  --yes         remove the environment without asking
  --help        this text
`;

interface Context {
    stack: string;
    settings: PlainSettings | PlatformSettings;
    terminal: Terminal;
    signal: AbortSignal;
    /** Whether the user agreed on the command line to the loss of an environment. */
    yes?: boolean;
    /** The command that removes the stack again. @default `npm run down` */
    undo?: string;
}

/** The command `npm start`. */
export async function main(args: string[]): Promise<number> {
    const values = parseOptions(args, { stack: text, yes: flag }, usage);
    const terminal = new Terminal();
    if (values.help) {
        terminal.line(usage.trimEnd());
        return 0;
    }
    const stack = stackOption(values.stack);
    const settings = readStack(stack, stackConfigFile(stack));
    refuseOfflineState(stack);
    await bringUp({ stack, settings, terminal, yes: values.yes === true, signal: onInterrupt(terminal.line) });
    return 0;
}

/** Brings a stack up, and waits until its site answers. Returns its address, if it has an environment. */
export async function bringUp(context: Context): Promise<string | undefined> {
    const { stack, settings, terminal, signal, undo = `npm run down${stack === "dev" ? "" : ` -- --stack ${stack}`}` } = context;
    const begin = Date.now();
    const steps = new Steps(terminal, [
        "Check this computer", "Get what is missing", `Bring up the stack "${stack}"`,
        ...hasEnvironment(settings) ? ["Wait for the site to answer"] : [],
    ]);
    terminal.line(`Landfall: stack "${stack}", target ${settings.cluster.target}`);
    const report = await steps.next(() => check(context));
    const apply = await steps.next(() => prepare(context, report));
    const { outputs } = await steps.next(async () => {
        const applied = await apply();
        terminal.line(`  ${describeChanges(applied.changes)}`);
        return applied;
    });
    const { address, endpoint, caCertificate: ca, dnsRecords = [] } = outputs;
    const next = `Total time: ${seconds(begin)}. Next: ${undo}`;
    if (!hasEnvironment(settings)) {
        keepFiles(stack, outputs);
        terminal.line(describePlatform(stack, endpoint));
        showFiles(stack, outputs, terminal);
        terminal.line(next);
        return undefined;
    }
    if (!address) throw new Error("The program has no output `address`.");
    keepFiles(stack, outputs);
    const { hostname } = new URL(address);
    // On another stack's cluster, which may be on this computer.
    const local = isLaptop(settings.cluster.target) || endpoint?.startsWith("127.0.0.1") === true;
    const leads = local ? "there" : await whereTo(hostname, dnsRecords);
    const others = local ? [] : hostsOf(settings).filter(host => host !== hostname);
    const astray = await Promise.all(others.map(async host => ({ host, leads: await whereTo(host, dnsRecords) })))
        .then(found => found.filter(({ leads }) => leads !== "there"));
    const recordsOf = (hosts: string[]) => dnsRecords.filter(({ name }) => hosts.includes(name));
    if (leads === "nowhere" && dnsRecords.length > 0) {
        const missing = recordsOf([hostname, ...astray.map(({ host }) => host)]);
        terminal.line(
            `\nThe stack is up, but ${missing.map(({ name }) => name).join(", ")} ${missing.length > 1 ? "don't" : "doesn't"} resolve to it yet. ` +
                `Unless dnsZone is set, create in DNS: ${describeRecords(missing)}`,
        );
        terminal.line(next);
        return address;
    }
    const answer = await steps.next(() => waitForAnswer(address, { local, ca }, signal));
    if (signal.aborted) throw new Interrupted("Stopped.");
    if (!answer.answers) {
        const records = dnsRecords.length > 0 ? `Its DNS record must be: ${describeRecords(recordsOf([hostname]))}. ` : "";
        throw new UserError(
            `The stack is up, but ${address} doesn't answer with a page: ${answer.last}. ${records}` +
                `What is wrong, and what to do: npm run status${stack === "dev" ? "" : ` -- --stack ${stack}`}. ` +
                `Or run the command again. "${undo}" removes everything.`,
        );
    }
    terminal.line(`\nThe site answers at ${address}`);
    if (leads === "elsewhere") {
        terminal.line(
            `But ${hostname} doesn't resolve to its record, ${describeRecords(recordsOf([hostname]))}. Unless your own proxy is in between, ` +
                "another site has answered.",
        );
    }
    for (const { host, leads } of astray) {
        const record = recordsOf([host]);
        terminal.line(`${host} ${leads === "nowhere" ? "doesn't resolve yet" : "leads elsewhere"}` +
            `${record.length > 0 ? `. Unless dnsZone is set, create in DNS: ${describeRecords(record)}` : ": it needs a DNS record of its own"}`);
    }
    showFiles(stack, outputs, terminal);
    terminal.line(next);
    return address;
}

/** What there is without an environment, and how one gets there. */
export function describePlatform(stack: string, endpoint = ""): string {
    return [
        `\nThe cluster and its platform are up${endpoint === "" ? "" : `; the gateway is at ${endpoint}`}. The stack has no environment of its own.`,
        "Each environment on it is another stack, with a host of its own (infra/guides/environments.md):",
        `  landfall:cluster: { target: existing, stack: organization/landfall/${stack} }`,
    ].join("\n");
}

async function check({ stack, settings, terminal }: Context): Promise<Report> {
    const report = await checkComputer(needsOf(settings), probes, readRecord(stack)?.kit);
    showReport(report.findings, terminal);
    return report;
}

/** Gets what is missing, and returns a function that brings the stack up. */
async function prepare(context: Context, report: Report): Promise<() => Promise<Applied>> {
    const { stack, settings, terminal, signal } = context;
    const remembered = readRecord(stack);
    const log = (line: string): void => terminal.line(`  ${line}`);
    const cutOff = "Stopped. The next run uses what was downloaded and built so far.";
    const [{ ensurePulumi }, { PulumiEngine }] = await Promise.all([import("./tools/pulumi"), import("./engine/pulumi")]);
    const getting = ensurePulumi(settings.cluster.target, report.network.pulumi, log);
    const command = await orInterrupted(getting, signal, cutOff);
    log(`✓ Pulumi ${command.version}`);
    if (report.setUpDocker) await orInterrupted(ensureDocker(log), signal, cutOff);
    const record = {
        network: settings.cluster.target === "kind" && !(await hasKindNetwork()),
        images: [],
        foreignImages: await builtImagesHere(),
        ...remembered, // as the first start found it
        kit: report.kit,
    };
    const kit = report.kit ? await orInterrupted(useKit(settings.cluster.target, log), signal, cutOff) : undefined;
    if (!report.kit) await orInterrupted(ensureClusterTool(settings.cluster.target, log), signal, cutOff);
    if (sharesPlatform(settings.cluster)) addClusterTools();
    else await orInterrupted(ensureManifests(manifestsFor(settings), log), signal, cutOff);
    return async () => {
        writeRecord(stack, record);
        const opened = await PulumiEngine.create(stack, command, terminal, signal);
        if (!context.yes) await confirmLoss(await opened.heldEnvironment(), { stack, settings }, { terminal, signal });
        const rewrite = kit && ((text: string) => withKitSettings(text, kit.settings));
        const applied = await opened.up(rewrite);
        rememberImages(stack, await opened.images());
        return applied;
    };
}

async function useKit(target: Target, log: (line: string) => void): Promise<Kit> {
    const kit = await buildKit(log, target === "minikube" ? target : "kind");
    Object.assign(process.env, kit.env);
    return kit;
}
