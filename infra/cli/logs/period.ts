import { UserError } from "../terminal/errors";

/** From when to when lines are shown, in milliseconds since 1970. */
export interface Period {
    since: number;
    until: number;
}

/** The longest time ago; a kubelet, which counts in nanoseconds, takes 292 years for a time in the future. */
const oldest = 100 * 365 * 86_400_000;
const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const examples = "give a number and a unit, for example 30s, 10m, 2h or 1d; or a day or time, 2026-03-03 or 2026-03-03T14:30";

/**
 * What `--since` or `--until` names: a duration before `now`, or a time of this computer's clock, where a day is its first
 * moment.
 * @throws UserError for anything else
 */
export function momentOf(option: string, given: string, now: number): number {
    const [, amount, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(given) ?? [];
    const moment = amount === undefined ? dateOf(given) : now - Number(amount) * units[unit];
    if (Number.isNaN(moment)) throw new UserError(`${option} ${given}: ${examples}.`);
    if (now - moment > oldest) throw new UserError(`${option} ${given}: no log is that old.`);
    if (moment > now && option === "--since") throw new UserError(`${option} ${given}: this is in the future.`);
    return moment;
}

/** Not a number if there is no such day or time. */
function dateOf(given: string): number {
    const [, day, time = "00:00", zone = ""] = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?))?(Z?)$/.exec(given) ?? [];
    // JavaScript moves the 30th of February to March.
    if (day === undefined || Number.isNaN(Date.parse(day)) || !new Date(day).toISOString().startsWith(day)) return NaN;
    return Date.parse(`${day}T${time}${zone}`);
}

/** The period that the options name; without `since` it is the last day of it. @throws UserError if it is empty */
export function periodOf({ since, until }: { since?: string; until?: string }, now: number): Period {
    const end = until === undefined ? now : momentOf("--until", until, now);
    const begin = since === undefined ? end - units.d : momentOf("--since", since, now);
    if (begin >= end) throw new UserError(`--since ${since} isn't before --until ${until}, so there is nothing between them.`);
    return { since: begin, until: end };
}
