import { type Counts, quantile } from "./counts";

/** What a new version must keep to. */
export interface Limits {
    /** Visitors' requests without which nothing can be said. */
    requests: number;
    /** Largest share of failed requests, in percent. */
    failures: number;
    /** Longest duration of 99 % of the answers, in milliseconds. */
    p99: number;
}

/**
 * The usual limits, and where they come from:
 * - failures: 1 %, as in other tools that promote step by step. A rolling update here loses none.
 * - requests: 100, because with fewer, one failed or slow request would decide about 1 % and about the 99th percentile.
 * - p99: one second, after which visitors notice that they wait. It is a bound of Envoy's histogram, so nothing is estimated.
 * - minutes: ten, so that caches fill, each scheduled task runs a few times, and the autoscaler has reacted.
 */
export const usual: Limits & { minutes: number } = { requests: 100, failures: 1, p99: 1000, minutes: 10 };

/** What the command itself has seen of the site's pages. */
export interface Pages {
    /** Its own requests that the gateway has counted, and those that failed. */
    asked: number;
    failed: number;
    /** How often a page was as it should be; of several, the one that was it least often. */
    good: number;
    /** What was wrong with a page at the last looks at it, one after another; of several, the one with most. */
    wrong: string[];
}

export interface Verdict {
    /** `unknown`: go on watching. */
    result: "good" | "bad" | "unknown";
    /** What is bad, one reason each. */
    reasons: string[];
}

/** Looks in a row at which a page must be wrong, so that one that was cut off by chance doesn't count. */
const wrongPages = 2;

/** Judges a version by what was counted since it was applied. Before the time is over, only what visitors suffer from ends it. */
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

/** The counts of visitors: the gateway doesn't tell them apart, so the command's own requests are taken for the fastest. */
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
