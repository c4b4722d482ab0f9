import { setTimeout as sleep } from "node:timers/promises";
import { takeDown } from "../down";
import { isInBackend, removeBackups } from "../engine/lock";
import type { Terminal } from "../terminal";
import { UserError } from "../terminal/errors";
import { holding } from "./hold";
import { findNamespace, type Place } from "./platform";
import type { BranchRecord, Written } from "./records";
import { type Owner, ownerOf, refuseForeign, removeSettings, type Template, writeSettings } from "./settings";
import { begun, refuseOthers } from "./up";

/** An environment that is to be removed. */
interface Doomed extends Owner {
    name: string;
    /** The version of its record on which that was decided: if it is another by now, the environment stays. */
    version?: string;
}

export interface RemoveContext {
    place: Place;
    terminal: Terminal;
    signal: AbortSignal;
    /** From which the settings are written again where they are missing, as in a fresh clone: they say what the removal needs. */
    template?: Template;
    /** Removes the stack. */
    remove?: typeof takeDown;
    /** For how many seconds the namespace may take to go. */
    patience?: number;
}

/**
 * Removes all that belongs to a branch's environment: its objects, volumes, images, state and settings, and its record last.
 * Whatever an interrupted removal left is removed by the next.
 *
 * @returns whether there was one
 * @throws UserError if that isn't a branch's environment, or its state is elsewhere
 */
export async function removeEnvironment(doomed: Doomed, context: RemoveContext): Promise<boolean> {
    const { place, terminal, signal, remove = takeDown } = context;
    const { name, branch } = doomed;
    const done = await holding(place.connection, name, found => chosen(doomed, found, context), async ({ update, forget }) => {
        if (context.template && ownerOf(name) === undefined) writeSettings(context.template, name, doomed);
        const removed = await remove({ stack: name, keepData: false, yes: true, despiteOthers: false, terminal, signal });
        if (!await isGone(place, name, removed === undefined ? 0 : context.patience ?? 120)) {
            if (removed === undefined) await update({ removing: false });
            throw new UserError(removed === undefined ? elsewhere(doomed)
                : `The namespace ${name} is still there: kubectl describe namespace ${name} says why. The next run of the command continues.`);
        }
        removeBackups(name);
        removeSettings(name);
        await forget();
        return true;
    });
    if (done !== true) terminal.line(doomed.version === undefined ? `There is no environment of the branch ${branch}.` : usedMeanwhile(branch));
    return done === true;
}

/** Of an environment that was to be removed for lack of use. */
export function usedMeanwhile(branch: string): string {
    return `The environment of the branch ${branch} was used meanwhile, and stays.`;
}

/** What the record is to be; undefined if nothing is to be removed. */
async function chosen(doomed: Doomed, found: BranchRecord | undefined, { place }: RemoveContext): Promise<Written | undefined> {
    const { name, version } = doomed;
    await refuseOthers(place, name, doomed, found);
    refuseForeign(name, doomed);
    if (found !== undefined) return version === undefined || version === found.version ? { ...found, removing: true } : undefined;
    if (version !== undefined) return undefined;
    // The cluster may be another than the one that it was on.
    if (ownerOf(name) !== undefined) return { ...begun(name, doomed, found), removing: true };
    if (isInBackend(name)) {
        throw new UserError(`The stack "${name}" is not the environment of a branch: neither the cluster nor the settings say so. `
            + `To remove it anyway: npm run down -- --stack ${name}. Nothing was changed.`);
    }
    return undefined;
}

async function isGone({ connection }: Place, name: string, patience: number): Promise<boolean> {
    for (const end = Date.now() + patience * 1000; ;) {
        if (await findNamespace(connection, name) === undefined) return true;
        if (Date.now() >= end) return false;
        await sleep(1000);
    }
}

function elsewhere({ name, branch }: Doomed): string {
    return `The environment of the branch ${branch} is there, but the backend has no stack "${name}": someone else's backend has its state. `
        + `Run the command with that one (PULUMI_BACKEND_URL), or have it run by who brought it up: npm run branch -- list says who. Nothing was removed.`;
}
