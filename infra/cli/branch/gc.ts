import { askFor } from "../down/confirm";
import { clean, duration } from "../status/fields";
import { Interrupted } from "../terminal/errors";
import { branchesOf, type Repository } from "./git";
import { type BranchRecord, readRecords, writeRecord } from "./records";
import { removeEnvironment, type RemoveContext, usedMeanwhile } from "./remove";
import { readUsage } from "./usage";

const day = 24 * 3600 * 1000;

export interface GcOptions {
    /** Days without use after which an environment is removed; 0 for never. */
    unused: number;
    dryRun: boolean;
    /** Whether to remove without asking. */
    yes: boolean;
}

/** An environment, and the reason to remove it; without one it stays. */
interface Judged {
    record: BranchRecord;
    reason?: string;
}

/** The result, by the environments' names. */
export interface Collected {
    removed: string[];
    /** Those that could not be removed. */
    failed: string[];
}

/**
 * Compares the environments of a repository's branches with its remote's branches, and removes those that nobody needs. Lists the
 * environments first, so that a branch that is pushed meanwhile is among the branches.
 */
export async function collectGarbage(repository: Repository, { unused, dryRun, yes }: GcOptions, context: RemoveContext): Promise<Collected> {
    const { place: { connection }, terminal, signal } = context;
    const records = await readRecords(connection);
    const own = records.filter(record => record.repository === repository.identity);
    const branches = own.length > 0 ? await branchesOf(repository) : new Set<string>();
    const judge = async (record: BranchRecord): Promise<Judged> => {
        const { used } = await readUsage(connection, record);
        return { record, reason: reasonFor({ ...record, used }, branches, unused) };
    };
    const judged = await Promise.all(own.map(judge));
    const doomed = judged.filter(({ record, reason }) => reason !== undefined && record.heldBy === undefined);
    for (const { record, reason } of judged) terminal.line(`  ${describe(record, reason)}`);
    if (records.length > own.length) terminal.line(`  Environments of other repositories, which stay: ${records.length - own.length}`);
    if (dryRun) {
        terminal.line(doomed.length === 0 ? "Nothing would be removed." : `${count(doomed.length)} would be removed. Nothing was changed.`);
        return { removed: [], failed: [] };
    }
    await remember(judged, branches, context);
    if (doomed.length === 0) {
        terminal.line("Nothing to remove.");
        return { removed: [], failed: [] };
    }
    if (!yes) {
        const many = count(doomed.length);
        await askFor("remove", {
            question: `To remove ${many} with their data, type remove:`, other: "Nothing was removed.",
            alone: `${many} would be removed with their data. Nothing was changed. To remove them without being asked: npm run branch -- gc --yes`,
        }, { terminal, signal });
    }
    // A request may have woken one meanwhile, and records don't show that.
    return removeAll(doomed.map(({ record }) => record), async record => (await judge(record)).reason !== undefined, context);
}

/** Why an environment is removed; undefined if it stays. */
function reasonFor({ branch, removing, pushed, used }: BranchRecord, branches: Set<string>, unused: number, now = Date.now()): string | undefined {
    if (removing) return "its removal was interrupted";
    // A branch that was never pushed is somebody's work in progress.
    if (pushed && !branches.has(branch)) return "its branch is gone";
    const idle = now - used.getTime();
    return unused > 0 && idle > unused * day ? `unused for ${duration(idle)}` : undefined;
}

function describe({ branch, heldBy }: BranchRecord, reason: string | undefined): string {
    if (heldBy !== undefined) return `${clean(branch)}: stays, ${clean(heldBy)} is working on it`;
    return `${clean(branch)}: ${reason === undefined ? "stays" : `goes, ${reason}`}`;
}

/** Records which branches are on the remote today: only those can be missing there later. */
async function remember(judged: Judged[], branches: Set<string>, { place }: RemoveContext): Promise<void> {
    const found = judged.filter(({ record, reason }) => reason === undefined && !record.pushed && record.heldBy === undefined && branches.has(record.branch));
    await Promise.all(found.map(({ record }) => writeRecord(place.connection, { ...record, pushed: true }, record.version).catch(() => undefined)));
}

/** Continues with the others if one can't be removed. */
async function removeAll(records: BranchRecord[], isDue: (record: BranchRecord) => Promise<boolean>, context: RemoveContext): Promise<Collected> {
    const done: Collected = { removed: [], failed: [] };
    for (const record of records) {
        const { name, branch, repository, version } = record;
        if (context.signal.aborted) return { ...done, failed: [...done.failed, name] };
        try {
            if (!await isDue(record)) {
                context.terminal.line(usedMeanwhile(branch));
                continue;
            }
            if (await removeEnvironment({ name, branch, repository, version }, context)) done.removed.push(name);
        } catch (error) {
            if (error instanceof Interrupted) throw error;
            context.terminal.line(`✗ ${clean(branch)}: ${(error as Error).message}`);
            done.failed.push(name);
        }
    }
    return done;
}

function count(environments: number): string {
    return environments === 1 ? "One environment" : `${environments} environments`;
}
