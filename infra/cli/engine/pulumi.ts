import { CommandError, LocalWorkspace, PulumiCommand, Stack, StackNotFoundError } from "@pulumi/pulumi/automation";
import type { EngineEvent } from "@pulumi/pulumi/automation/events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { writeWhole } from "../../../components/files";
import { run } from "../../offline/kit/run";
import { dockerEnvironment } from "../computer/docker";
import { readStack, stackConfigFile } from "../stack/config";
import { configFile, hasVolumes, readRecord, root, stackFile } from "../stack/home";
import { keepLayout, passphraseEnvironment } from "../stack/passphrase";
import { commandFor } from "../status/command";
import type { Terminal } from "../terminal";
import { Interrupted, UserError } from "../terminal/errors";
import { quoted } from "../terminal/options";
import { Applied, builtImages, Outputs } from "./engine";
import { describe, EventReport } from "./events";
import { explainFailure, explainOpening } from "./failures";
import { Hindrances, kubeconfigIn, type Looked } from "./hindrances";
import { HeldData, heldData, HeldEnvironment, heldEnvironment, refuseProtected, resourcesToKeep, type StoredResource } from "./keep";
import { isStale, locksOf, removeCutOff } from "./lock";
import { Deployment, settle } from "./pending";

type UpOptions = NonNullable<Parameters<Stack["up"]>[0]>;
type Operation = Pick<UpOptions, "onEvent" | "signal" | "color" | "suppressOutputs">;

interface ExportedState {
    deployment: Deployment | null;
}

/** A stack, driven through Pulumi's Automation API. */
export class PulumiEngine {
    private kubeconfig?: string;

    private constructor(
        private readonly stack: Stack,
        private readonly command: PulumiCommand,
        private readonly environment: Record<string, string>,
        private readonly terminal: Terminal,
        private readonly signal: AbortSignal,
    ) {}

    /** Opens the stack, and creates it if it doesn't exist. */
    static async create(
        stack: string, command: PulumiCommand, terminal: Terminal, signal: AbortSignal,
    ): Promise<PulumiEngine> {
        const environment = pulumiEnvironment();
        const options = { pulumiCommand: command, envVars: environment };
        const before = fs.readFileSync(configFile(stack), "utf8");
        clearCutOff(stack);
        const opened = await LocalWorkspace.createOrSelectStack({ stackName: stack, workDir: root }, options)
            .catch((error: Error) => { throw explainOpening(stack, error); });
        keepLayout(configFile(stack), before);
        return new PulumiEngine(opened, command, environment, terminal, signal);
    }

    /** Opens the stack; undefined if it doesn't exist. */
    static async find(
        stack: string, command: PulumiCommand, terminal: Terminal, signal: AbortSignal,
    ): Promise<PulumiEngine | undefined> {
        const environment = pulumiEnvironment();
        const options = { pulumiCommand: command, envVars: environment };
        clearCutOff(stack);
        try {
            const opened = await LocalWorkspace.selectStack({ stackName: stack, workDir: root }, options);
            return new PulumiEngine(opened, command, environment, terminal, signal);
        } catch (error) {
            if (error instanceof StackNotFoundError) return undefined;
            throw explainOpening(stack, error as Error);
        }
    }

    /** An output of any stack of the backend, secret or not. @throws if the stack or the output doesn't exist */
    static output(command: PulumiCommand, stack: string, name: string): Promise<string> {
        const args = ["stack", "output", name, "--show-secrets", "--stack", stack, "--non-interactive"];
        return run(command.command, args, { cwd: root, env: pulumiEnvironment() });
    }

    /** Applies the program; with `rewrite`, to the configuration that it returns. */
    async up(rewrite?: (configuration: string) => string): Promise<Applied> {
        await this.recover();
        const options = rewrite ? { configFile: this.rewriteConfig(rewrite) } : {};
        const hindrances = new Hindrances(this.look, this.terminal);
        const { summary, outputs } = await this.operate(operation => this.stack.up({ ...operation, ...options }), hindrances);
        return { changes: countChanges(summary.resourceChanges), outputs: plain(outputs) };
    }

    /** Tells `observe` what `up` would change, or for a refresh how the cluster differs from the state. Changes nothing. */
    async preview(
        kind: "preview" | "refresh", observe: (event: EngineEvent) => void, rewrite?: (configuration: string) => string,
    ): Promise<void> {
        // On Windows Pulumi isn't stopped, so the previews of the remaining stacks end here.
        if (this.signal.aborted) throw new Interrupted("Stopped.");
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-preview-"));
        try {
            const options = rewrite ? { configFile: this.rewriteConfig(rewrite, path.join(directory, "config.yaml")) } : {};
            await this.operate(operation => {
                const observed = { ...operation, ...options, onEvent: (event: EngineEvent) => { observe(event); operation.onEvent?.(event); } };
                return kind === "refresh" ? this.stack.previewRefresh(observed) : this.stack.preview(observed);
            });
        } finally {
            fs.rmSync(directory, { recursive: true, force: true });
        }
    }

    /** The secrets in the stack's outputs and settings, in plain text. */
    async secrets(): Promise<string[]> {
        const [outputs, config] = [await this.stack.outputs(), await this.stack.getAllConfig()];
        return [...Object.values(outputs), ...Object.values(config)].filter(({ secret }) => secret)
            .map(({ value }: { value: unknown }) => (typeof value === "string" ? value : JSON.stringify(value)));
    }

    /**
     * Removes everything that the stack created, then the stack, but not its configuration file. `keepData` keeps the data
     * and the stack that owns it.
     */
    async destroy(keepData: boolean): Promise<Record<string, number>> {
        await this.recover();
        const resources = await this.resources();
        const exclude = keepData ? [...resourcesToKeep(resources)] : [];
        refuseProtected(resources.filter(({ urn }) => !exclude.includes(urn)));
        const { summary } = await this.operate(operation => this.stack.destroy({ ...operation, exclude }));
        if (!keepData) await this.stack.workspace.removeStack(this.stack.name, { preserveConfig: true });
        return countChanges(summary.resourceChanges);
    }

    /** The stack's outputs, including secrets in plain text. */
    async outputs(): Promise<Outputs> {
        return plain(await this.stack.outputs());
    }

    /** Names of the images that the stack built on this computer. */
    async images(): Promise<string[]> {
        return builtImages(await this.resources());
    }

    /** The data in the stack; undefined if there is none. @throws UserError if a resource is protected */
    async data(): Promise<HeldData | undefined> {
        const resources = await this.resources();
        refuseProtected(resources);
        return heldData(resources, hasVolumes);
    }

    /** The environment in the stack; undefined if there is none. */
    async heldEnvironment(): Promise<HeldEnvironment | undefined> {
        return heldEnvironment(await this.resources());
    }

    /** Whether the stack made the platform of its cluster. */
    async makesPlatform(): Promise<boolean> {
        return (await this.resources()).some(({ type }) => type === "landfall:platform:Platform");
    }

    /** The stack as it is now, also before its first run has ended. Where `npm start` runs, kubectl and other commands get its kubeconfig. */
    private readonly look = async (): Promise<Looked | undefined> => {
        const { name } = this.stack;
        this.kubeconfig ??= kubeconfigIn(await this.pulumi("stack", "export", "--show-secrets", "--stack", name));
        if (this.kubeconfig === undefined) return undefined;
        const file = stackFile(name, "kubeconfig");
        if (readRecord(name)) writeWhole(file, this.kubeconfig);
        return {
            name, settings: readStack(name, stackConfigFile(name)), kubeconfig: this.kubeconfig, command: commandFor(name),
            ...(fs.existsSync(file) && { file }),
        };
    };

    private async operate<T>(operation: (options: Operation) => Promise<T>, hindrances?: Hindrances): Promise<T> {
        const report = new EventReport(this.terminal);
        const { signal, done } = gentleStop(this.signal, this.terminal.line);
        const stops = [this.terminal.watch(report.status), hindrances?.watch(report.awaitedSince), done];
        try {
            return await operation({ onEvent: report.onEvent, signal, color: "never", suppressOutputs: true });
        } catch (error) {
            if (this.signal.aborted) throw new Interrupted("Stopped. The next run of the command picks up from here.");
            if (!(error instanceof CommandError)) throw error;
            throw await explainFailure(report.errors, error.message, hindrances && (() => hindrances.describe()));
        } finally {
            for (const stop of stops) stop?.();
        }
    }

    /** Clears what a killed run left: its lock and its pending operations. `up` and `destroy` call it first. */
    async recover(): Promise<void> {
        const locks = locksOf(this.stack.name);
        const held = locks.find(lock => !isStale(lock));
        if (held) {
            throw new UserError(
                `The stack is in use by process ${held.pid} on ${held.hostname} since ${held.timestamp}. ` +
                    `Wait until it ends. If it can't be running any more, ${cancelAdvice(this.command.command, this.stack.name)}`,
            );
        }
        if (locks.length > 0) {
            this.terminal.line(`  Process ${locks[0].pid} was killed: removing its lock (pulumi cancel)`);
            await this.pulumi("cancel", "--yes", this.stack.name);
        }
        await this.clearPending();
    }

    private async clearPending(): Promise<void> {
        const { deployment, ...rest } = await this.exportState();
        const pending = deployment?.pending_operations ?? [];
        if (!deployment || pending.length === 0) return;
        for (const { type, resource } of pending) {
            this.terminal.line(`  An earlier run was interrupted while ${type} ${describe(resource.urn)}`);
        }
        const { settled, suppose } = settle(deployment);
        await this.importState({ ...rest, deployment: settled });
        if (suppose.length === 0) return;
        const targets = suppose.flatMap(urn => ["--target", urn]);
        try {
            await this.pulumi("refresh", "--yes", "--skip-preview", "--stack", this.stack.name, ...targets);
        } catch {
            this.terminal.line("  The cluster doesn't say whether that is there. If it is, this run knows it by the stack's name on it");
            await this.importState({ ...rest, deployment: { ...deployment, pending_operations: [] } });
        }
    }

    private async importState(state: ExportedState): Promise<void> {
        const args = ["stack", "import", "--stack", this.stack.name, "--non-interactive"];
        // Its secrets are encrypted.
        await run(this.command.command, args, { cwd: root, env: this.environment, input: JSON.stringify(state) });
    }

    /** The state as the backend holds it, with its secrets encrypted. */
    private async exportState(): Promise<ExportedState> {
        return JSON.parse(await this.pulumi("stack", "export", "--stack", this.stack.name)) as ExportedState;
    }

    private async resources(): Promise<StoredResource[]> {
        return (await this.exportState()).deployment?.resources ?? [];
    }

    private rewriteConfig(rewrite: (configuration: string) => string, file = stackFile(this.stack.name, "config.yaml")): string {
        writeWhole(file, rewrite(fs.readFileSync(configFile(this.stack.name), "utf8")));
        return file;
    }

    private pulumi(...args: string[]): Promise<string> {
        return run(this.command.command, [...args, "--non-interactive"], { cwd: root, env: this.environment });
    }
}

/**
 * The signal that stops Pulumi once it has finished what it is doing. Windows can only end a program at once, with its work half
 * done: there Pulumi gets none and goes on to its end, unless a second Ctrl-C ends this process, and Pulumi with it.
 */
export function gentleStop(
    signal: AbortSignal, notice: (line: string) => void, platform = process.platform,
): { signal?: AbortSignal; done: () => void } {
    if (platform !== "win32") return { signal, done: () => undefined };
    const say = (): void => notice("On Windows, Pulumi can't stop half-way: this run goes on to its end. Press Ctrl-C again to cut it off; the next run picks up from there.");
    signal.addEventListener("abort", say, { once: true });
    return { done: () => signal.removeEventListener("abort", say) };
}

/** How to remove a lock by hand. PowerShell takes a word in quotes for a text, unless & is before it. */
export function cancelAdvice(program: string, stack: string, platform = process.platform): string {
    const word = quoted(program, platform);
    const inPowerShell = platform === "win32" && word !== program ? " (in PowerShell, with `& ` before it)" : "";
    return `\`${word} cancel --stack ${stack}\`${inPowerShell} removes its lock.`;
}

function pulumiEnvironment(): Record<string, string> {
    return { ...passphraseEnvironment(), ...dockerEnvironment(), PULUMI_SKIP_UPDATE_CHECK: "true" };
}

function countChanges(changes: object = {}): Record<string, number> {
    return Object.fromEntries(Object.entries(changes).map(([op, count]) => [op, Number(count)]));
}

function plain(outputs: Record<string, { value: unknown }>): Outputs {
    return Object.fromEntries(Object.entries(outputs).map(([key, { value }]) => [key, value]));
}

/** A run in progress also writes them. */
function clearCutOff(stack: string): void {
    if (locksOf(stack).every(lock => isStale(lock))) removeCutOff(stack);
}
