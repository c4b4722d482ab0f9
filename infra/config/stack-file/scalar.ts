/** A scalar of a stack's file as Pulumi reads it. */
export type Scalar = null | boolean | string | number | bigint | Timestamp;

/** An unquoted date or time, which reaches the program in another form. */
export class Timestamp {
    constructor(readonly text: string) {}

    /** As Go formats it, which is what the program gets. */
    toJSON(): string {
        const [, year, month, day, time = "0:0:0", fraction = "", zone = "Z"] =
            /^(\d+)-(\d+)-(\d+)(?:[Tt ]([\d:]+)(\.\d+)?(\S+)?)?$/.exec(this.text) ?? [];
        const two = (part: string) => part.padStart(2, "0");
        const offset = zone === "Z" ? "+0000 UTC" : `${zone.replace(":", "")} ${zone.replace(":", "")}`;
        const digits = fraction.slice(0, 10).replace(/\.?0+$/, "");
        return `${year}-${two(month)}-${two(day)} ${time.split(":").map(two).join(":")}${digits} ${offset}`;
    }
}

/** A tag that doesn't fit its value, or a value that Pulumi can't hand to the program. */
export class ScalarError extends Error {}

const words = new Map<string, Scalar>([
    ...["true", "True", "TRUE"].map(word => [word, true] as const),
    ...["false", "False", "FALSE"].map(word => [word, false] as const),
    ...["", "~", "null", "Null", "NULL"].map(word => [word, null] as const),
    ...[".nan", ".NaN", ".NAN"].map(word => [word, NaN] as const),
    ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map(word => [word, Infinity] as const),
    ...["-.inf", "-.Inf", "-.INF"].map(word => [word, -Infinity] as const),
]);

const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
/** Digits that other YAML parsers read as a decimal number or as text. */
const octal = /^[-+]?0o?[0-9_]+$/;

/** An unquoted scalar as Pulumi's gopkg.in/yaml.v3 reads it, which is neither YAML 1.1 nor 1.2. */
export function plainScalar(text: string): Scalar {
    const word = words.get(text);
    if (word !== undefined) return word;
    if (/^[0-9+-]/.test(text)) {
        const digits = text.replaceAll("_", "");
        return timestamp(text) ?? integer(digits) ?? decimal(digits) ?? signedAfterPrefix(digits) ?? text;
    }
    return /^\.\d(_?\d)*([eE]|$)/.test(text) && !/_(?!\d)|[^\d]_/.test(text) ? decimal(text.replaceAll("_", "")) ?? text : text;
}

/** Whether an unquoted number looks like an octal one: Pulumi reads `0100` as 64. */
export function looksOctal(text: string): boolean {
    return octal.test(text);
}

/** A scalar with a tag such as `!!str`. Tags that YAML doesn't define are ignored. */
export function taggedScalar(tag: string, text: string): Scalar {
    const plain = plainScalar(text);
    const kind = plain === null ? "null" : plain instanceof Timestamp ? "timestamp" : typeof plain === "boolean" ? "bool"
        : typeof plain === "string" ? "str" : typeof plain === "bigint" ? "int" : "float";
    switch (tag) {
        case "tag:yaml.org,2002:bool": case "tag:yaml.org,2002:int": case "tag:yaml.org,2002:float":
        case "tag:yaml.org,2002:null": case "tag:yaml.org,2002:timestamp": {
            const wanted = tag.slice("tag:yaml.org,2002:".length);
            if (wanted === "timestamp" || kind !== "timestamp") {
                if (kind === wanted) return plain;
                if (wanted === "float" && kind === "int") return Number(plain);
            }
            throw new ScalarError(`is tagged !!${wanted}, but is none`);
        }
        case "tag:yaml.org,2002:binary":
            return Buffer.from(text, "base64").toString();
        default:
            return text;
    }
}

function integer(digits: string): bigint | undefined {
    const [, sign, prefix = "", amount] = /^([-+]?)(0[xX]|0[bB]|0[oO]|0(?=[0-9]))?([0-9a-fA-F]+)$/.exec(digits) ?? [];
    if (amount === undefined) return undefined;
    const alphabet = { "0x": /^[0-9a-f]+$/, "0b": /^[01]+$/, "0o": /^[0-7]+$/, "0": /^[0-7]+$/, "": /^[0-9]+$/ };
    const kind = prefix.toLowerCase() as keyof typeof alphabet;
    if (!alphabet[kind].test(amount.toLowerCase())) return undefined;
    const size = BigInt(`${kind === "0" ? "0o" : kind}${amount}`);
    const value = sign === "-" ? -size : size;
    const least = -(2n ** 63n);
    return value < least || value >= (sign === "" ? 2n ** 64n : 2n ** 63n) ? undefined : value;
}

function decimal(digits: string): number | undefined {
    const value = float.test(digits) ? Number(digits) : NaN;
    return Number.isFinite(value) ? value : undefined;
}

/** The special case `0b-101`, also with `0o`. */
function signedAfterPrefix(digits: string): bigint | undefined {
    const [, prefix, rest] = /^(0[bo])([-+].*)$/.exec(digits) ?? [];
    if (rest === undefined) return undefined;
    const value = integer(`${prefix}${rest.slice(1)}`);
    return value === undefined ? undefined : rest.startsWith("-") ? -value : value;
}

const dateAndTime =
    /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt])(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?(Z|[-+]\d{2}:\d{2})| (\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?)?$/;

function timestamp(text: string): Timestamp | undefined {
    const match = dateAndTime.exec(text);
    if (!match) return undefined;
    const [year, month, day] = match.slice(1, 4).map(Number);
    const [hours, minutes, seconds] = [match[5] ?? match[10], match[6] ?? match[11], match[7] ?? match[12]].map(Number);
    const date = new Date(Date.UTC(2000, month - 1, day));
    date.setUTCFullYear(year, month - 1, day);
    const exists = month >= 1 && month <= 12 && day >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
    const inDay = Number.isNaN(hours) || (hours < 24 && minutes < 60 && seconds < 60);
    return exists && inDay ? new Timestamp(text) : undefined;
}
