const deeds: Record<string, string> = {
    create: "created", update: "updated", replace: "replaced", delete: "deleted",
};
/** Longest line that says what something waits for: clusters explain themselves at length. */
const width = 140;

/** A line of the offline engine in the form in which Pulumi's events are shown; undefined for one that goes unsaid. */
export function readableLine(line: string): string | undefined {
    if (/^\d+ created, \d+ updated, /.test(line)) return undefined; // the commands have their own summary
    const done = /^(\w+) +(\S+) {2}(\S+) {2}([\d.]+) s$/.exec(line);
    if (done && deeds[done[1]]) return `  ✓ ${resource(done[2], done[3])} ${deeds[done[1]]} (${time(done[4])})`;
    if (done?.[1] === "FAILED") return `  ✗ ${resource(done[2], done[3])} failed (${time(done[4])})`;
    const waiting = /^ +(\S+) {2}(\S+) {2}([\d.]+) s so far:? ?(.*)$/.exec(line);
    if (!waiting) return `  ${line}`;
    const [, type, name, passed, text] = waiting;
    const full = `  … ${resource(type, name)}: ${text || "still at work"} (${time(passed)})`;
    return full.length <= width ? full : `${full.slice(0, width - 1)}…`;
}

/** `Deployment web` of `kubernetes:apps/v1:Deployment` and `web`. */
function resource(type: string, name: string): string {
    return `${type.split(":").pop()} ${name}`;
}

function time(passed: string): string {
    return `${Math.round(Number(passed))} s`;
}
