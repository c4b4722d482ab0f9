/** A Kubernetes object, or a part of one. Nothing here relies on its form: no reader throws, and no text has control characters. */
export type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
    return typeof value === "object" && value !== null;
}

function at(value: unknown, path: string[]): unknown {
    return path.reduce<unknown>((inner, key) => (isFields(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined), value);
}

/** The fields at the path; none if there are none. */
export function fields(value: unknown, ...path: string[]): Fields {
    const found = at(value, path);
    return isFields(found) ? found : {};
}

/** The list of objects at the path. */
export function list(value: unknown, ...path: string[]): Fields[] {
    const found = at(value, path);
    return Array.isArray(found) ? found.filter(isFields) : [];
}

/** The text at the path, in one line; empty if there is none. */
export function text(value: unknown, ...path: string[]): string {
    const found = at(value, path);
    return typeof found === "string" || typeof found === "number" ? clean(String(found)) : "";
}

/** The number at the path. */
export function number(value: unknown, ...path: string[]): number | undefined {
    const found = at(value, path);
    return typeof found === "number" && Number.isFinite(found) ? found : undefined;
}

/** Whether `true` is at the path. */
export function flag(value: unknown, ...path: string[]): boolean {
    return at(value, path) === true;
}

/** The time at the path, in milliseconds since 1970. */
export function time(value: unknown, ...path: string[]): number | undefined {
    const found = at(value, path);
    const parsed = typeof found === "string" ? Date.parse(found) : NaN;
    return Number.isNaN(parsed) ? undefined : parsed;
}

const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
/** Control characters but the tab, and those that hide text or reverse its direction. */
const controls = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/g;

/** Text from the cluster that a terminal can show: without control characters and escape sequences. */
export function printable(given: string): string {
    return given.replace(escapes, "").replace(controls, " ");
}

/** The same in one line, without needless space. */
export function clean(given: string): string {
    return printable(given).replace(/\s+/g, " ").trim();
}

/** A duration in milliseconds for people: `20 s`, `5 min`, `3 h`, `2 days`. */
export function duration(milliseconds: number): string {
    const seconds = Math.max(0, Math.round(milliseconds / 1000));
    if (seconds < 120) return `${seconds} s`;
    if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
    return `${Math.floor(seconds / 86_400)} days`;
}
