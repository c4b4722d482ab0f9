import * as fs from "node:fs";
import type { PlainSettings, PlatformSettings } from "../../config";
import { pulumiDownload } from "../computer/network";
import { probes } from "../computer/probes";
import { readSettings, stackConfigFile } from "../stack/config";
import { stackFile } from "../stack/home";
import type { Terminal } from "../terminal";
import { UserError } from "../terminal/errors";
import { onInterrupt } from "../terminal/interrupt";

/** What the site's commands need to know about a running stack. */
export interface StandingStack<S = PlainSettings> {
    name: string;
    settings: S;
    /** For its cluster. A secret. */
    kubeconfig: string;
}

/**
 * The stack's settings and kubeconfig: the given file, else the one that `npm start` saved, else
 * the stack's output. @throws UserError for a stack without an environment
 */
export function standingStack(name: string, kubeconfigFile: string | undefined, terminal: Terminal): Promise<StandingStack> {
    return withKubeconfig(name, readSettings(name, stackConfigFile(name)), kubeconfigFile, terminal);
}

/** The same of a stack with given settings. */
export async function withKubeconfig<S extends PlainSettings | PlatformSettings>(
    name: string, settings: S, kubeconfigFile: string | undefined, terminal: Terminal,
): Promise<StandingStack<S>> {
    const kept = stackFile(name, "kubeconfig");
    const kubeconfig = kubeconfigFile !== undefined ? readFile(kubeconfigFile)
        : fs.existsSync(kept) ? readFile(kept) : await outputOf(name, settings, terminal);
    return { name, settings, kubeconfig };
}

function readFile(file: string): string {
    try {
        return fs.readFileSync(file, "utf8");
    } catch (error) {
        throw new UserError(`The kubeconfig ${file} can't be read: ${(error as Error).message}. Nothing was changed.`);
    }
}

async function outputOf(name: string, settings: PlainSettings | PlatformSettings, terminal: Terminal): Promise<string> {
    const [{ PulumiEngine }, { ensurePulumi }] = await Promise.all([import("../engine/pulumi"), import("../tools/pulumi")]);
    const command = await ensurePulumi(settings.cluster.target, await probes.answers(pulumiDownload), terminal.line);
    const engine = await PulumiEngine.find(name, command, terminal, onInterrupt(terminal.line));
    const { kubeconfig } = (await engine?.outputs()) ?? {};
    if (kubeconfig) return kubeconfig;
    throw new UserError(
        `The stack "${name}" isn't up: it has no cluster that could be reached. ` +
            `Start it: npm start${name === "dev" ? "" : ` -- --stack ${name}`}. Nothing was changed.`,
    );
}
