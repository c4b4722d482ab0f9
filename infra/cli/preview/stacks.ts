import type { EngineEvent } from "@pulumi/pulumi/automation/events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { manifestsFor, type PlainSettings, type PlatformSettings } from "../../config";
import { buildKit } from "../../offline/kit";
import { pulumiDownload } from "../computer/network";
import { probes } from "../computer/probes";
import { backendAddress } from "../engine/lock";
import type { PulumiEngine } from "../engine/pulumi";
import { readStack, stackConfigFile } from "../stack/config";
import { configFile, readRecord, root } from "../stack/home";
import { ensureManifests, withKitSettings } from "../start/kit";
import { Terminal } from "../terminal";
import { Interrupted } from "../terminal/errors";
import { stackOption } from "../terminal/options";
import type { Candidate } from "./affected";
import { type Plan, planOf } from "./plan";
import { environmentSecrets, withoutSecrets } from "./secrets";

type Log = (line: string) => void;

/** The stacks that have a file here. */
export function stacksHere(directory = root): string[] {
    return fs.readdirSync(directory).flatMap(name => /^Pulumi\.([A-Za-z0-9][\w.-]{0,99})\.yaml$/.exec(name)?.[1] ?? []).sort();
}

/** A stack with its settings; without them if its file is wrong, which its preview says. */
export function candidateOf(stack: string): Candidate {
    try {
        return { stack, settings: readStack(stack, stackConfigFile(stack)) };
    } catch {
        return { stack };
    }
}

/** Previews the stack, or looks for drift, and returns the plan without secrets. A failure is a part of the plan. */
export async function planStack(
    stack: string, kind: "preview" | "refresh", log: Log, signal: AbortSignal,
): Promise<Plan> {
    const events: EngineEvent[] = [];
    const secrets: string[] = [];
    const planned = (notes: string[], failure?: string): Plan => {
        const plan = planOf(stack, events, kind);
        const said = failure !== undefined && !plan.errors.some(error => failure.includes(error)) ? [failure] : [];
        return withoutSecrets({ ...plan, notes, errors: [...plan.errors, ...said] }, [...environmentSecrets(), ...secrets]);
    };
    try {
        const settings = readStack(stackOption(stack), stackConfigFile(stack));
        const notes = await withEngine(stack, settings, { kind, log, signal }, async (engine, rewrite) => {
            secrets.push(...await engine.secrets());
            await engine.preview(kind, event => events.push(event), rewrite);
        });
        return planned(notes);
    } catch (error) {
        if (!(error instanceof Error) || error instanceof Interrupted) throw error;
        return planned([], error.message);
    }
}

interface Options {
    kind: "preview" | "refresh";
    log: Log;
    signal: AbortSignal;
}

/** Works with the stack as `npm start` would apply it. Returns what is to be said of a stack that doesn't exist yet. */
async function withEngine(
    stack: string, settings: PlainSettings | PlatformSettings, { kind, log, signal }: Options,
    work: (engine: PulumiEngine, rewrite?: (text: string) => string) => Promise<void>,
): Promise<string[]> {
    const [{ ensurePulumi }, { PulumiEngine }] = await Promise.all([import("../tools/pulumi"), import("../engine/pulumi")]);
    const command = await ensurePulumi(settings.cluster.target, await probes.answers(pulumiDownload), log);
    await ensureManifests(manifestsFor(settings), log);
    const target = settings.cluster.target === "minikube" ? "minikube" : "kind";
    const kit = readRecord(stack)?.kit ? await buildKit(log, target) : undefined;
    if (kit) Object.assign(process.env, kit.env);
    const rewrite = kit && ((text: string) => withKitSettings(text, kit.settings));
    const quiet = new Terminal({ write: () => undefined }, {});
    const found = await PulumiEngine.find(stack, command, quiet, signal);
    if (found) {
        await work(found, rewrite);
        return [];
    }
    if (kind === "refresh") return ["The stack isn't up: nothing can drift."];
    if (settings.cluster.target === "existing" && settings.cluster.stack !== undefined) {
        return [`The stack is new, and isn't previewed before it exists, because it needs outputs of \`${settings.cluster.stack}\`.`];
    }
    await inScratchBackend(stack, async () => work(await PulumiEngine.create(stack, command, quiet, signal), rewrite));
    return ["The stack is new: everything will be created."];
}

/** Works with an empty backend that is removed afterwards: a preview doesn't create the stack. */
async function inScratchBackend(stack: string, work: () => Promise<void>): Promise<void> {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-preview-"));
    const before = process.env.PULUMI_BACKEND_URL;
    const file = fs.readFileSync(configFile(stack));
    process.env.PULUMI_BACKEND_URL = backendAddress(directory);
    try {
        await work();
    } finally {
        if (before === undefined) delete process.env.PULUMI_BACKEND_URL;
        else process.env.PULUMI_BACKEND_URL = before;
        fs.writeFileSync(configFile(stack), file);
        fs.rmSync(directory, { recursive: true, force: true });
    }
}
