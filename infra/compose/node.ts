import * as fs from "node:fs";
import * as yaml from "yaml";
import { interpolate, InterpolationError, type Variables } from "./interpolation";

/** A value of a Compose file that knows where it is. */
export interface Node {
    file: string;
    line: number;
    /** `reset` and `override`: what the value does to an earlier file's. */
    tag?: "reset" | "override";
    value: string | number | boolean | null | Node[] | { [key: string]: Node };
}

/** Something to say about a place in a Compose file. */
export interface Finding {
    at: Pick<Node, "file" | "line">;
    text: string;
}

export function findingText({ at: { file, line }, text }: Finding): string {
    return `${file}:${line}: ${text}`;
}

/** Parses a file. Anchors and merge keys are resolved, and variables in values are replaced. */
export function parseNodes(text: string, file: string, variables: Variables): { root: Node; errors: Finding[]; warnings: Finding[] } {
    const lines = new yaml.LineCounter();
    const tags = ["!reset", "!override"].flatMap(tag => (["map", "seq", "scalar"] as const).map(kind => ({
        tag, ...(kind !== "scalar" && { collection: kind }), resolve: (value: unknown) => value, identify: () => false,
    }))) as yaml.Tags;
    const document = yaml.parseDocument(text, { lineCounter: lines, merge: true, customTags: known => [...known, ...tags], uniqueKeys: true });
    const errors: Finding[] = document.errors.map(error => ({ at: { file, line: lines.linePos(error.pos[0]).line }, text: problemOf(error) }));
    if (errors.length > 0) return { root: { file, line: 1, value: null }, errors, warnings: [] };
    const warnings: Finding[] = [];
    const unset = new Set<string>();
    /** Values that aliases stand for; undefined while they are read. */
    const shared = new Map<yaml.Node, Node["value"] | undefined>();

    const scalar = (given: Node["value"], at: Pick<Node, "file" | "line">): Node["value"] => {
        if (typeof given !== "string") return given;
        try {
            const { text: replaced, unset: missing } = interpolate(given, variables);
            for (const name of missing.filter(each => !unset.has(each))) {
                unset.add(name);
                warnings.push({ at, text: `the variable ${name} is not set, and stands for an empty text` });
            }
            return replaced;
        } catch (error) {
            if (!(error instanceof InterpolationError)) throw error;
            errors.push({ at, text: error.message });
            return "";
        }
    };
    const valueOf = (source: yaml.Node | null | undefined, at: Pick<Node, "file" | "line">): Node["value"] => {
        if (yaml.isSeq(source)) return source.items.map(item => nodeOf(item, at.line));
        return yaml.isMap(source) ? entriesOf(source, at.line) : scalar(yaml.isScalar(source) ? scalarOf(source) : null, at);
    };
    const sharedValueOf = (alias: yaml.Alias, source: yaml.Node | undefined, at: Pick<Node, "file" | "line">): Node["value"] => {
        if (source === undefined || (shared.has(source) && shared.get(source) === undefined)) {
            errors.push({ at, text: `*${alias.source} ${source ? "is within the value that it stands for" : `has no anchor &${alias.source} above it`}` });
            return null;
        }
        if (!shared.has(source)) {
            shared.set(source, undefined);
            shared.set(source, valueOf(source, at));
        }
        return shared.get(source)!;
    };
    const nodeOf = (given: unknown, above: number): Node => {
        const source = yaml.isAlias(given) ? given.resolve(document) : given as yaml.Node | null;
        const start = yaml.isNode(given) ? given.range?.[0] : undefined;
        const at = { file, line: start === undefined ? above : lines.linePos(start).line };
        const tag = source?.tag === "!reset" ? "reset" as const : source?.tag === "!override" ? "override" as const : undefined;
        return { ...at, ...(tag && { tag }), value: yaml.isAlias(given) ? sharedValueOf(given, source ?? undefined, at) : valueOf(source, at) };
    };
    const entriesOf = (map: yaml.YAMLMap, above: number): { [key: string]: Node } => {
        const merged = new Map<string, Node>();
        const own = new Map<string, Node>();
        for (const { key, value } of map.items) {
            const name = String(yaml.isScalar(key) ? key.value : key);
            const start = yaml.isNode(key) ? key.range?.[0] : undefined;
            const line = start === undefined ? above : lines.linePos(start).line;
            const isMerge = name === "<<" || (yaml.isScalar(key) && typeof key.value === "symbol");
            if (!isMerge) {
                // A key with its value below it is at the key's line.
                own.set(name, { ...nodeOf(value, line), line });
                continue;
            }
            const sources = yaml.isSeq(value) ? value.items : [value];
            for (const source of [...sources].reverse()) {
                for (const [inherited, node] of Object.entries(objectOf(nodeOf(source, line)) ?? {})) merged.set(inherited, node);
            }
        }
        return Object.fromEntries(new Map([...merged, ...own]));
    };
    return { root: nodeOf(document.contents, 1), errors, warnings };
}

function problemOf({ code, message }: yaml.YAMLError): string {
    if (code === "DUPLICATE_KEY") return "the key is in this mapping twice. Leave one out";
    if (code === "MULTIPLE_DOCS") return "a second document begins here. Write it into a file of its own, and list both under landfall:app.compose";
    return message.split("\n")[0].replace(/ at line \d+, column \d+:?$/, "");
}

/**
 * A scalar's value. Numbers are those that Compose reads, as text wherever it writes them otherwise than JavaScript does: it knows more
 * notations of whole numbers, keeps all their digits, and has an exponent of two digits.
 */
function scalarOf({ value, source, type, tag }: yaml.Scalar): Node["value"] {
    if (type !== "PLAIN" || tag !== undefined || source === undefined || !/^[-+.\d]/.test(source)) return value as Node["value"];
    const digits = source.replaceAll("_", "");
    const [, sign, whole] = /^([-+]?)(0b[01]+|0o?[0-7]+|0x[\da-f]+|0|[1-9]\d*)$/i.exec(digits) ?? [];
    if (whole !== undefined) {
        const exact = BigInt(whole.replace(/^0(?=[0-7])/, "0o")) * (sign === "-" ? -1n : 1n);
        return digits === "-0" ? digits : Number.isSafeInteger(Number(exact)) ? Number(exact) : String(exact);
    }
    const number = Number(digits);
    if (!/^[-+]?(\.\d+|\d+(\.\d*)?)(e[-+]?\d+)?$/i.test(digits) || !Number.isFinite(number)) return source;
    const [, mantissa, exponent] = /^(.*)e(.*)$/.exec(number.toExponential())!;
    if (Object.is(number, -0)) return "-0";
    return Number(exponent) >= -4 && Number(exponent) < 6 ? number : `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

/** The node's mapping, if it is one. */
export function objectOf(node: Node | undefined): { [key: string]: Node } | undefined {
    const value = node?.value;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

/** The node's entries, if it is a sequence. */
export function listOf(node: Node | undefined): Node[] | undefined {
    return Array.isArray(node?.value) ? node.value : undefined;
}

/** The node's truth value, or text that stands for one; undefined for anything else. */
export function flagOf(node: Node | undefined): boolean | undefined {
    const text = textOf(node)?.toLowerCase();
    return /^(true|y|yes|on)$/.test(text ?? "") ? true : /^(false|n|no|off)$/.test(text ?? "") ? false : undefined;
}

/** Whether something at the top is made by others. */
export function isExternal(node: Node | undefined): boolean {
    return flagOf(node) ?? objectOf(node) !== undefined;
}

/** The file's text; undefined if it isn't in UTF-8. */
export function textOfFile(file: string): string | undefined {
    const bytes = fs.readFileSync(file);
    const text = bytes.toString("utf8");
    return Buffer.compare(Buffer.from(text), bytes) === 0 ? text : undefined;
}

/** All texts within the node. */
export function textsOf(node: Node | undefined): string[] {
    const below = listOf(node) ?? Object.values(objectOf(node) ?? {});
    return [textOf(node) ?? [], ...below.map(textsOf)].flat();
}

/** The node's scalar as text; undefined for null and for anything else. */
export function textOf(node: Node | undefined): string | undefined {
    const value = node?.value;
    return value === undefined || value === null || typeof value === "object" ? undefined : String(value);
}
