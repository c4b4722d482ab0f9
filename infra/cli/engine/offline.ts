import * as fs from "node:fs";
import * as offline from "../../offline/engine";
import { ResourceState, State } from "../../offline/engine/state";
import { stackFile } from "../home";
import { Interrupted, orInterrupted } from "../interrupt";
import type { StackConfig } from "../stack-config";
import { seconds, Terminal } from "../terminal";
import { Applied, builtImages, Outputs } from "./engine";
import { resourcesToKeep } from "./keep";
import { readableLine } from "./offline-lines";

const stopped = "Stopped. The next run of the command picks up from here.";

/** A stack in the hands of the offline engine, which stands in for Pulumi on a closed network. */
export class OfflineEngine {
    readonly name = "offline";
    private readonly directory: string;

    constructor(
        private readonly stack: string,
        private readonly config: StackConfig,
        private readonly terminal: Terminal,
        private readonly signal: AbortSignal,
    ) {
        this.directory = stackFile(stack, "offline");
    }

    /** Applies the program. */
    async up(): Promise<Applied> {
        const { outputs, changes } = await this.operate(offline.up);
        return { outputs: outputs as Outputs, changes: { ...changes } };
    }

    /** Removes all that the stack has made, in reverse; on request all but its data. */
    async destroy(keepData: boolean): Promise<Record<string, number>> {
        const kept = keepData ? await this.resourcesToKeep() : [];
        const urns = new Set(kept.map(({ urn }) => urn));
        const keep = ({ urn }: ResourceState): boolean => urns.has(urn);
        const changes = await this.operate(options => offline.destroy(options, { keep }));
        if (!keepData) fs.rmSync(this.directory, { recursive: true, force: true });
        // The engine forgets what it left; the next start is to find it.
        else await this.withState(async state => kept.forEach(resource => state.put(resource)));
        return { ...changes, delete: changes.delete - kept.length };
    }

    /** Names of the images that the stack has built on this computer. */
    images(): Promise<string[]> {
        return this.withState(async state => builtImages(state.all()));
    }

    private resourcesToKeep(): Promise<ResourceState[]> {
        return this.withState(async state => {
            const stored = state.all().map(resource => ({ ...resource, dependencies: resource.dependsOn }));
            const urns = resourcesToKeep(stored);
            return state.all().filter(({ urn, replaced }) => urns.has(urn) && !replaced);
        });
    }

    private withState<T>(use: (state: State) => Promise<T>): Promise<T> {
        return State.open(this.directory, this.stack, use);
    }

    private async operate<T>(operation: (options: offline.EngineOptions) => Promise<T>): Promise<T> {
        const start = Date.now();
        const log = (line: string): void => {
            const readable = readableLine(line);
            if (readable !== undefined) this.terminal.line(readable);
        };
        const stop = this.terminal.watch(() => `  … still at work (${seconds(start)})`);
        try {
            const options = { stack: this.stack, ...this.config, directory: this.directory, log };
            return await orInterrupted(operation(options), this.signal, stopped);
        } catch (error) {
            // The engine says on exit that it was not done, which is no news to who has stopped it.
            if (error instanceof Interrupted) process.removeAllListeners("exit");
            throw error;
        } finally {
            stop();
        }
    }
}
