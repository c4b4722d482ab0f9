import { captureProgram } from "./capture";
import { type Changes, Deployment } from "./deployment";
import { type ProgramOptions, runProgram } from "./program";
import { type ResourceState, State } from "./state";
import { canRead, handlerOf } from "./types";
import { unwrap } from "./values";

export type { Changes } from "./deployment";
export type { ResourceState } from "./state";

/** Where and on what the offline engine works. */
export interface EngineOptions extends Pick<ProgramOptions, "stack" | "config" | "secretKeys" | "program"> {
    /** Directory of the state, made with mode 0700; the state's file has mode 0600. */
    directory: string;
    /** Gets one line for each resource that changes, and what long ones wait for. */
    log: (line: string) => void;
    /** Added to the environment of commands and of Docker. */
    env?: Record<string, string>;
    /** Only say what would change. */
    dryRun?: boolean;
}

export interface Result {
    /** The stack's outputs; secrets among them are plain. */
    outputs: Record<string, unknown>;
    changes: Changes;
}

/**
 * Applies the program without the Pulumi CLI. Nothing changes if the program or its settings are wrong, or if it needs
 * a type that the engine can't do. Deletions come only after the whole program has succeeded.
 */
export async function up(options: EngineOptions): Promise<Result> {
    introduce(options);
    await checkProgram(options);
    return State.open(options.directory, options.stack, async state => {
        const deployment = new Deployment(state, options);
        const preview = options.dryRun ?? false;
        const run = runProgram({ ...options, preview }, deployment);
        const outputs = await run.catch(error => {
            if (error instanceof Error) error.message = deployment.clean(error.message);
            throw error;
        });
        await deployment.deleteRest();
        summarise(options, deployment.changes);
        return { outputs: unwrap(outputs) as Record<string, unknown>, changes: deployment.changes };
    });
}

/** Says what `up` would change. */
export function preview(options: EngineOptions): Promise<Result> {
    return up({ ...options, dryRun: true });
}

/**
 * Deletes everything that the state names, in reverse order of dependency. What `keep` picks is left where it is and
 * forgotten. A protected resource that is not kept stops it before anything is deleted.
 */
export async function destroy(
    options: EngineOptions,
    { keep }: { keep?: (resource: ResourceState) => boolean } = {},
): Promise<Changes> {
    introduce(options);
    return State.open(options.directory, options.stack, async state => {
        const deployment = new Deployment(state, options);
        await deployment.deleteAll([...state.all()], keep);
        summarise(options, deployment.changes);
        return deployment.changes;
    });
}

/** Runs the program once on placeholders, so that an error of it or an unknown type comes before any change. */
async function checkProgram(options: EngineOptions): Promise<void> {
    const { resources, reads } = await captureProgram(options);
    const unreadable = reads.find(type => !canRead(type));
    if (unreadable) throw new Error(`The offline engine can't read ${unreadable}; Pulumi's engine can`);
    for (const resource of resources.filter(({ custom }) => custom)) {
        handlerOf(resource.type).check?.({ ...resource, inputs: resource.marked }, undefined);
    }
}

function introduce({ log, stack, dryRun }: EngineOptions): void {
    log(`The offline engine stands in for Pulumi${dryRun ? ", and only says what would change" : ""}. Stack: ${stack}`);
}

function summarise({ log }: EngineOptions, { create, update, replace, delete: deleted, same }: Changes): void {
    log(`${create} created, ${update} updated, ${replace} replaced, ${deleted} deleted, ${same} unchanged`);
}
