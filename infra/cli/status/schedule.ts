const ranges = [[0, 59], [0, 23], [1, 31], [1, 12], [0, 7]] as const;
const macros: Record<string, string> = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
};
const minute = 60_000;

/** When a schedule of cron is next due after a time, both in milliseconds of UTC; undefined for one that isn't understood. */
export function nextRun(schedule: string, after: number): number | undefined {
    const sets = parse(macros[schedule.trim()] ?? schedule);
    if (!sets || !Number.isFinite(after)) return undefined;
    const [minutes, hours, days, months, weekdays] = sets;
    const parts = (macros[schedule.trim()] ?? schedule).trim().split(/\s+/);
    // Cron takes either of the two if both are given.
    const onDay = (date: Date): boolean => {
        const [byDate, byWeekday] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())];
        return parts[2].startsWith("*") || parts[4].startsWith("*") ? byDate && byWeekday : byDate || byWeekday;
    };
    const end = after + 366 * 24 * 60 * minute;
    let at = (Math.floor(after / minute) + 1) * minute;
    while (at <= end) {
        const date = new Date(at);
        if (!months.has(date.getUTCMonth() + 1) || !onDay(date)) at = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1);
        else if (!hours.has(date.getUTCHours())) at = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours() + 1);
        else if (!minutes.has(date.getUTCMinutes())) at += minute;
        else return at;
    }
    return undefined;
}

function parse(schedule: string): Set<number>[] | undefined {
    const parts = schedule.trim().split(/\s+/);
    if (parts.length !== 5) return undefined;
    const sets = parts.map((part, index) => values(part, ranges[index][0], ranges[index][1]));
    if (sets.some(set => set === undefined)) return undefined;
    const [minutes, hours, days, months, weekdays] = sets as Set<number>[];
    if (weekdays.has(7)) weekdays.add(0);
    return [minutes, hours, days, months, weekdays];
}

function values(part: string, least: number, most: number): Set<number> | undefined {
    const set = new Set<number>();
    for (const piece of part.split(",")) {
        const [, from, to, step] = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,3}))?$/.exec(piece) ?? [undefined];
        if (!/^[*\d]/.test(piece) || (from === undefined && !piece.startsWith("*")) || Number(step ?? 1) < 1) return undefined;
        const start = Number(from ?? least);
        const end = from === undefined || (to === undefined && step !== undefined) ? most : Number(to ?? from);
        if (start < least || end > most || start > end) return undefined;
        for (let value = start; value <= end; value += Number(step ?? 1)) set.add(value);
    }
    return set;
}
