import { type Counts, quantile } from "./counts";

/** The limits that a new version must keep. */
export interface Limits {
    /** Least number of visitors' requests for a verdict. */
    requests: number;
    /** Largest share of failed requests, in percent. */
    failures: number;
    /** Longest duration of 99 % of the answers, in milliseconds. */
    p99: number;
}

/**
 * The usual limits, and where they come from:
 * - failures: 1 %, as in other tools that promote step by step. A rolling update here loses none.
 * - requests: 100. With fewer, one failed or slow request would decide the verdict.
 * - p99: one second, after which visitors notice the wait. It is a bound of Envoy's histogram, so it is exact.
 * - minutes: ten, so that caches fill, each scheduled task runs a few times, and the autoscaler has reacted.
 */
export const usual: Limits & { minutes: number } = { requests: 100, failures: 1, p99: 1000, minutes: 10 };

/** The command's own look at the site's pages. */
export interface Pages {
    /** The command's requests that the gateway has counted, and those that failed. */
    asked: number;
    failed: number;
    /** How often each page was right: the least of all pages. */
    good: number;
    /** What was wrong with a page at the last looks in a row: of the page with most. */
    wrong: string[];
}

export interface Verdict {
    /** `unknown`: go on watching. */
    result: "good" | "bad" | "unknown";
    /** The reasons, if it is bad. */
    reasons: string[];
}

/** A page must be wrong at this many looks in a row, so that a chance failure doesn't count. */
const wrongPages = 2;

/** Judges a version by the counts since it was applied. Before the time is over, only failures that visitors notice give a verdict. */
export function judge(counts: Counts, pages: Pages, limits: Limits, isOver: boolean): Verdict {
    const visitors = Math.max(0, counts.requests - pages.asked);
    const failed = Math.max(0, counts.failures - pages.failed);
    const share = percent(failed, visitors);
    const p99 = quantile(limits.requests > 0 ? withoutFastest(counts, pages.asked) : counts, 0.99);
    const enough = visitors >= Math.max(limits.requests, 1);
    const wrong = pages.wrong.length >= wrongPages || (isOver && pages.wrong.length > 0);
    const reasons = [
        ...(wrong ? [`the site shows an error page: ${pages.wrong.at(-1)}`] : []),
        ...((enough || (isOver && visitors > 0)) && share > limits.failures
            ? [`${failed} of ${visitors} requests failed, ${rounded(share)} %; at most ${limits.failures} % may (--failures)`] : []),
        ...(isOver && visitors < limits.requests
            ? [`only ${visitors} requests of visitors came, and ${limits.requests} are needed to judge (--requests)`] : []),
        ...(isOver && p99 !== undefined && p99 > limits.p99
            ? [`1 % of the answers took longer than ${rounded(p99)} ms; ${limits.p99} ms is the limit (--p99)`] : []),
        ...(isOver && !wrong && pages.good === 0 ? ["not every page that is watched could be looked at"] : []),
    ];
    return { result: reasons.length > 0 ? "bad" : isOver ? "good" : "unknown", reasons };
}

/** The visitors' counts. The gateway counts all requests together, so this takes the command's own for the fastest. */
function withoutFastest({ within, ...counts }: Counts, own: number): Counts {
    return { ...counts, within: new Map([...within].map(([bound, count]) => [bound, Math.max(0, count - own)])) };
}

/** The figures in one line. */
export function describeCounts(counts: Counts, { asked }: Pick<Pages, "asked"> = { asked: 0 }): string {
    const p99 = quantile(counts, 0.99);
    const own = asked > 0 ? `, ${asked} of them its own checks` : "";
    return `${counts.requests} requests${own}; ${counts.failures} failed (${rounded(percent(counts.failures, counts.requests))} %)`
        + `${p99 === undefined ? "" : `; 99 % within ${rounded(p99)} ms`}`;
}

function percent(part: number, whole: number): number {
    return whole === 0 ? 0 : (part / whole) * 100;
}

function rounded(value: number): string {
    return value === Infinity ? "hours" : String(Math.round(value * 100) / 100);
}
