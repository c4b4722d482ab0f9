import type { Promotion } from "../../config";
import { concealing, environmentSecrets } from "../preview/secrets";
import { rememberImages } from "../stack/home";
import { seconds, type Terminal } from "../terminal";
import { Interrupted } from "../terminal/errors";
import { type Bundle, short } from "./bundle";
import { type Entry, type History, Overtaken, type Who } from "./history";
import { nameImages, type RunningImage, strangers } from "./images";
import { describeCounts } from "./judge";
import type { Page } from "./page";
import { type Driver, imagesOf, type Place } from "./place";
import { checkCounting, count, pagesNow, soak, type Watch } from "./soak";

/** What both directions need. */
interface Going {
    to: Place;
    driver: Driver;
    history: History;
    who: Who;
    terminal: Terminal;
}

/** A promotion that was checked. */
export interface Promoting extends Going {
    from: Place;
    bundle: Bundle;
    /** The bundle's name. */
    name: string;
    /** What runs in `from`. */
    tested: Record<string, RunningImage>;
    /** What runs in `to` before. */
    current: Record<string, RunningImage>;
    /** What `to` has to deploy, by part. */
    images: Record<string, string>;
    watch: Watch;
    differ: string[];
    signal: AbortSignal;
}

/** Time that an update may take, beside the watching. */
const patience = 60 * 60_000;

/**
 * Applies a bundle, watches it, and goes back if it isn't good. Every step is recorded before the next one.
 * @param begun the beginning of an interrupted promotion that this one continues
 * @returns the command's exit code
 */
export async function promote(promoting: Promoting, begun: Entry | undefined): Promise<number> {
    const { from, to, driver, history, bundle, name, images, current, who, terminal, signal, watch, differ } = promoting;
    const previous = begun?.previous ?? Object.fromEntries(Object.entries(current).map(([part, { reference }]) => [part, reference]));
    await checkCounting(to);
    const until = new Date(Date.now() + patience + watch.minutes * 60_000).toISOString();
    // Also of one that continues: others learn by it who is at it, and until when.
    await history.add({ event: "started", who, from: from.name, bundle, name, previous, until, ...(differ.length > 0 && { differ }) });
    // Where it continues, the pages may be those of the new version already, which says nothing about what is wrong with them.
    const before = begun ? new Map<string, Page>() : await pagesNow(to, watch);

    const begin = Date.now();
    try {
        rememberImages(to.name, await nameImages(promoting.tested, images));
        const counted = await count(to);
        const promotion: Promotion = { images, bundle: name, commit: bundle.commit, from: from.name };
        const counts = await driver.engine.up(driver.rewrite(promotion)).then(() => undefined, (error: Error) => error)
            .then(async error => {
                const during = await counted();
                terminal.line(`While it was applied (${seconds(begin)}): ${describeCounts(during)}`);
                if (error) throw error;
                return during;
            });
        const wrong = await strangers(await imagesOf(to), images);
        if (wrong.length > 0) throw new Error(wrong.join("; "));
        await history.add({ event: "applied", who, note: describeCounts(counts) });
    } catch (error) {
        if (error instanceof Interrupted || signal.aborted) return interrupted(promoting);
        const reason = `it couldn't be applied: ${await forHistory(driver, error as Error)}`;
        terminal.line(`\n${reason}`);
        return fail(promoting, previous, reason);
    }

    terminal.line(`\nWatching it for ${watch.minutes} min`);
    const { verdict, counts, pages } = await soak(to, before, watch, {
        signal, tell: (counts, pages, left) => terminal.line(`  ${Math.ceil(left / 1000)} s left: ${describeCounts(counts, pages)}`),
    });
    const figures = describeCounts(counts, pages);
    if (verdict.result === "unknown") return interrupted(promoting);
    terminal.line(`Since it was applied: ${figures}`);
    if (verdict.result === "bad") return fail(promoting, previous, `${verdict.reasons.join("; ")} [${figures}]`);
    await history.add({ event: "succeeded", who, note: figures });
    terminal.line(`\nPromoted: the stack "${to.name}" runs the bundle ${short(name)} of "${from.name}".`);
    return 0;
}

async function interrupted({ from, to, history, who }: Promoting): Promise<never> {
    await history.add({ event: "interrupted", who });
    throw new Interrupted(
        `Stopped. The stack "${to.name}" may run the new version, and nobody watches it.\n`
            + `Continue: npm run promote -- ${from.name} ${to.name}; or go back: npm run promote -- --back ${to.name}`,
    );
}

async function fail(going: Going, previous: Record<string, string>, reason: string): Promise<number> {
    await going.history.add({ event: "failed", who: going.who, note: reason }).catch((error: Error) => {
        if (error instanceof Overtaken) throw error;
        // Visitors come first.
        going.terminal.line(error.message);
    });
    await goBack(going, previous, reason);
    return 1;
}

/** An error's message as others may read it, who have no right to the stack's secrets. */
async function forHistory({ engine }: Driver, { message }: Error): Promise<string> {
    const secrets = await engine.secrets().catch(() => []);
    return concealing([...secrets, ...environmentSecrets()])(message).slice(0, 1000);
}

/** Has the previous images run again, and puts the stack on hold. Returns whether they do. */
export async function goBack({ to, driver, history, who, terminal }: Going, previous: Record<string, string>, reason: string): Promise<boolean> {
    terminal.line(`\nGoing back, because ${reason}`);
    const begin = Date.now();
    try {
        const counted = await count(to).catch(() => undefined);
        await driver.engine.up(driver.rewrite({ images: previous })).finally(async () => {
            const during = await counted?.();
            if (during) terminal.line(`While it went back (${seconds(begin)}): ${describeCounts(during)}`);
        });
        const running = await imagesOf(to);
        const other = Object.entries(previous).filter(([part, reference]) => running[part].reference !== reference);
        if (other.length > 0) throw new Error(`${other[0][0]} runs ${running[other[0][0]].reference} instead of ${other[0][1]}`);
    } catch (error) {
        await history.add({ event: "stuck", who, note: `it couldn't go back after this: ${reason}. ${await forHistory(driver, error as Error)}` });
        terminal.line(`\nIt could NOT go back: ${(error as Error).message}\nThe stack "${to.name}" needs you. Look: ${to.command("status")}. Try again: npm run promote -- --back ${to.name}`);
        return false;
    }
    await history.add({ event: "back", who, note: reason });
    terminal.line(
        `\nThe stack "${to.name}" runs its previous images again, and is on hold: nothing is promoted to it until\n`
            + `  npm run promote -- --release ${to.name}`,
    );
    return true;
}
