import { isObject } from "../../../infra/values";

/** What the SDK for JavaScript says of the shapes that AWS's APIs take: its packages' exports ending with `$`. */
export type Schema = unknown;

/** Bounds and patterns of the APIs' references, which the SDK's shapes leave out. */
interface Bounds {
    /** Of a text its length, of a number its value, of a list how many it has. */
    least?: number;
    most?: number;
    pattern?: RegExp;
    /** The words of an enumeration, as the SDK exports them. */
    words?: Record<string, string>;
}

/** Path in a request → its bounds. Entries of lists are `types[]`, values of maps `labels{}`, their keys `labels{key}`. */
export type Limits = Record<string, Bounds>;

const simple: Record<number, string> = { 0: "string", 1: "number", 2: "boolean" };

/** All that AWS would refuse about a request: members that lack or are not known, wrong types, bounds and words. */
export function problemsOf(value: unknown, schema: Schema, limits: Limits, path = ""): string[] {
    const shape = unwrap(schema);
    const problems = boundsOf(value, limits[path], path);
    if (typeof shape === "number") {
        if (shape & 64) return [...problems, ...inList(value, shape - 64, limits, path)];
        if (shape & 128) return [...problems, ...inMap(value, shape - 128, limits, path)];
        const right = simple[shape] === undefined || typeof value === simple[shape];
        return right ? problems : [...problems, `${path} is no ${simple[shape]}`];
    }
    const [kind, , , , ...rest] = shape as unknown[];
    if (kind === 1) return [...problems, ...inList(value, rest[0], limits, path)];
    if (kind === 2) return [...problems, ...inMap(value, rest[1], limits, path)];
    if (kind === 3) return [...problems, ...inStructure(value, rest as Structure, limits, path)];
    throw new Error(`${path} has a kind of shape that is not known here: ${String(kind)}`);
}

/** Shapes may be behind a function, and stand in a pair with traits of the member. */
function unwrap(schema: Schema): Schema {
    if (typeof schema === "function") return unwrap((schema as () => Schema)());
    return Array.isArray(schema) && schema.length === 2 ? unwrap(schema[0]) : schema;
}

function inList(value: unknown, entry: Schema, limits: Limits, path: string): string[] {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap(one => problemsOf(one, entry, limits, `${path}[]`));
}

function inMap(value: unknown, entry: Schema, limits: Limits, path: string): string[] {
    if (!isObject(value)) return [`${path} is no map`];
    return Object.entries(value).flatMap(([key, one]) => [
        ...boundsOf(key, limits[`${path}{key}`], `${path}{key}`), ...problemsOf(one, entry, limits, `${path}{}`),
    ]);
}

/** Names of the members, of which the first so many are required, and their shapes. */
type Structure = [members: string[], schemas: Schema[], required?: number];

function inStructure(
    value: unknown, [members, schemas, required = 0]: Structure, limits: Limits, path: string,
): string[] {
    if (!isObject(value)) return [`${path} is no structure`];
    const at = (member: string) => path ? `${path}.${member}` : member;
    const given = Object.entries(value).filter(([, one]) => one !== undefined);
    const missing = members.slice(0, required).filter(member => value[member] === undefined);
    return [
        ...missing.map(member => `${at(member)} is missing`),
        ...given.flatMap(([member, one]) => members.includes(member)
            ? problemsOf(one, schemas[members.indexOf(member)], limits, at(member))
            : [`${at(member)} is not known`]),
    ];
}

function boundsOf(value: unknown, bounds: Bounds | undefined, path: string): string[] {
    if (!bounds) return [];
    const { least = -Infinity, most = Infinity, pattern, words } = bounds;
    const size = typeof value === "number" ? value : Array.isArray(value) ? value.length : String(value).length;
    return [
        ...size < least ? [`${path} is less than ${least}`] : [],
        ...size > most ? [`${path} is more than ${most}`] : [],
        ...pattern && !pattern.test(String(value)) ? [`${path} is not like ${String(pattern)}`] : [],
        ...words && !Object.values(words).includes(String(value))
            ? [`${path} is none of ${Object.values(words).join()}`] : [],
    ];
}
