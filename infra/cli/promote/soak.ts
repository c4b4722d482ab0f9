import { setTimeout as sleep } from "node:timers/promises";
import { type Counts, scrape, Tally } from "./counts";
import { judge, type Limits, type Pages, type Verdict } from "./judge";
import { fetchPage, type Page, pageProblem } from "./page";
import type { Place } from "./place";
import { UserError } from "../terminal/errors";

/** How a new version is watched. */
export interface Watch {
    limits: Limits;
    minutes: number;
    /** Paths of pages to look at. */
    paths: string[];
    expected?: string;
    address: string;
}

/** Pause between two looks, in milliseconds. */
const pace = 10_000;

/** Paths of the pages to look at: the one that is named, else the usual ones. An expected text is that of one page. */
export function watchedPaths({ page, expect }: { page?: string; expect?: string }, application: "wordpress" | "services"): string[] {
    if (page === undefined) return application === "wordpress" && expect === undefined ? ["/", "/wp-login.php"] : ["/"];
    if (!page.startsWith("/")) throw new UserError(`--page ${page}: a path that begins with /, for example /shop.\nNothing was changed.`);
    const { pathname, search } = new URL(`https://localhost${page}`);
    return [pathname + search];
}

/** Refuses a gateway whose counts can't be read, because there would be no verdict. */
export async function checkCounting(place: Place): Promise<void> {
    const scrapes = await scrape(place, place.namespace, place.exposed).catch((error: Error) => error);
    if (!(scrapes instanceof Error) && scrapes.some(({ counts }) => counts !== undefined)) return;
    const why = scrapes instanceof Error ? scrapes.message : scrapes.length === 0 ? "none of its proxies runs" : "none of its proxies answers";
    throw new UserError(
        `The gateway's counts in "${place.name}" can't be read, so a new version couldn't be judged: ${why}.\n`
            + `The kubeconfig's user needs the right to list pods and create pods/portforward in landfall-gateway. If it has that: ${place.command("status")}\nNothing was changed.`,
    );
}

/** Counts the gateway's requests during something else, such as an update. `stop` returns the counts. */
export async function count(place: Place): Promise<() => Promise<Counts>> {
    const look = () => scrape(place, place.namespace, place.exposed);
    const tally = new Tally(await look().catch(() => undefined));
    let isOver = false;
    const watching = (async () => {
        while (!isOver) {
            await sleep(pace / 2);
            // The next look includes what this one misses.
            await look().then(scrapes => tally.add(scrapes), () => undefined);
        }
    })();
    return async () => {
        isOver = true;
        await watching;
        return tally.total;
    };
}

/** The pages as they are now, for a comparison later. */
export async function pagesNow(place: Place, { address, paths }: Pick<Watch, "address" | "paths">): Promise<Map<string, Page>> {
    const found = new Map<string, Page>();
    for (const path of paths) await fetchPage(place, address, path).then(page => found.set(path, page), () => undefined);
    return found;
}

/** Watches a version until the time is over, or until visitors notice failures. If aborted, the verdict is `unknown`. */
export async function soak(
    place: Place, before: Map<string, Page>, watch: Watch, { signal, tell }: { signal: AbortSignal; tell: (counts: Counts, pages: Pages, left: number) => void },
): Promise<{ verdict: Verdict; counts: Counts; pages: Pages }> {
    const tally = new Tally(await scrape(place, place.namespace, place.exposed).catch(() => undefined));
    const seen: Seen = { asked: 0, failed: 0, pages: new Map(watch.paths.map(path => [path, { good: 0, wrong: [] }])) };
    const end = Date.now() + watch.minutes * 60_000;
    for (;;) {
        await sleep(Math.max(0, Math.min(pace, end - Date.now())), undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return { verdict: { result: "unknown", reasons: [] }, counts: tally.total, pages: pagesOf(seen) };
        for (const path of watch.paths) await look(place, path, before.get(path), watch, seen);
        const isOver = Date.now() >= end;
        // Envoy adds up its histograms every five seconds.
        if (isOver) await sleep(pace / 2);
        await scrape(place, place.namespace, place.exposed).then(scrapes => tally.add(scrapes), () => undefined);
        const pages = pagesOf(seen);
        const verdict = judge(tally.total, pages, watch.limits, isOver);
        if (verdict.result !== "unknown") return { verdict, counts: tally.total, pages };
        tell(tally.total, pages, end - Date.now());
    }
}

/** The results of each page's looks. */
interface Seen extends Pick<Pages, "asked" | "failed"> {
    pages: Map<string, Pick<Pages, "good" | "wrong">>;
}

/** Each page counts on its own: one right page doesn't make up for a wrong one. */
function pagesOf({ asked, failed, pages }: Seen): Pages {
    const each = [...pages.values()];
    const [worst] = each.map(({ wrong }) => wrong).sort((a, b) => b.length - a.length);
    return { asked, failed, good: Math.min(...each.map(({ good }) => good)), wrong: worst };
}

async function look(place: Place, path: string, before: Page | undefined, { address, expected }: Watch, seen: Seen): Promise<void> {
    const page = await fetchPage(place, address, path).catch(() => undefined);
    // It isn't the site's fault if this computer doesn't reach the cluster.
    if (page === undefined) return;
    seen.asked++;
    if (page.status >= 500) seen.failed++;
    const problem = pageProblem(page, { before, expected });
    const { good, wrong } = seen.pages.get(path)!;
    seen.pages.set(path, problem === undefined ? { good: good + 1, wrong: [] } : { good, wrong: [...wrong, `${path}: ${problem}`] });
}
