import * as os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../../components/cluster/kubernetes-api";
import { userName } from "../computer/process";
import { UserError } from "../terminal/errors";
import { type BranchRecord, deleteRecord, readRecord, type Written, writeRecord } from "./records";

/** How long a hold lasts that isn't renewed any more, because its process was killed, and how often it is renewed. */
const [lasts, renewed] = [60, 15];

/** A branch's environment that only this process works on. */
interface Hold {
    record: BranchRecord;
    /** Changes the record. */
    update(change: Partial<Written>): Promise<void>;
    /** Forgets the environment, of which nothing is left. */
    forget(): Promise<void>;
}

/** Who this is, as others see it. */
export function whoami(): string {
    return `${userName()}@${os.hostname()}`;
}

/**
 * Does the work while no one else works on the environment.
 *
 * @param choose gets the record that there is; returns what it is to be, or undefined if there is nothing to do
 * @throws UserError if someone else works on it
 */
export async function holding<T>(
    connection: Connection, name: string, choose: (found: BranchRecord | undefined) => Written | undefined | Promise<Written | undefined>,
    work: (hold: Hold) => Promise<T>,
): Promise<T | undefined> {
    const by = `${whoami()}, process ${process.pid}`;
    const found = await readRecord(connection, name);
    if (found?.heldBy !== undefined) throw new UserError(inUse(found.heldBy, found.branch));
    let written = await choose(found);
    if (written === undefined) return undefined;
    let version = await writeRecord(connection, written, found?.version, { by, seconds: lasts });
    if (version === undefined) throw new UserError(inUse("someone who was faster", written.branch));
    let gone = false;

    // One write at a time: each needs the version of the one before.
    let writing = Promise.resolve();
    const write = (change: Partial<Written>, held: boolean): Promise<void> => {
        writing = writing.catch(() => undefined).then(async () => {
            if (gone) return;
            written = { ...written as Written, ...change };
            const next = await writeRecord(connection, written, version, held ? { by, seconds: lasts } : undefined);
            // Gone with its cluster, or changed by someone who took this process for dead.
            if (next === undefined) gone = true;
            else version = next;
        });
        return writing;
    };
    const stop = new AbortController();
    const renewing = (async () => {
        for (;;) {
            await sleep(renewed * 1000, undefined, { signal: stop.signal, ref: false });
            await write({}, true).catch(() => undefined); // the work itself notices if the cluster is gone
        }
    })().catch(() => undefined);
    try {
        return await work({
            record: { ...written, version, created: found?.created ?? new Date() },
            update: change => write(change, true),
            async forget() {
                await writing.catch(() => undefined);
                gone = true;
                await deleteRecord(connection, name);
            },
        });
    } finally {
        stop.abort();
        await renewing;
        await write({}, false).catch(() => undefined); // it ends by itself
    }
}

function inUse(by: string, branch: string): string {
    return `The environment of the branch ${branch} is in use by ${by}. Wait until it ends; a killed run's lock expires after ${lasts} seconds. `
        + "Nothing was changed.";
}
