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
    const errors: Finding[] = document.errors.map(({ message, pos: [position] }) =>
        ({ at: { file, line: lines.linePos(position).line }, text: message.split("\n")[0].replace(/ at line \d+, column \d+:?$/, "") }));
    const warnings: Finding[] = [];
    const unset = new Set<string>();

    const scalar = (given: unknown, at: Pick<Node, "file" | "line">): Node["value"] => {
        if (typeof given !== "string") return given as Node["value"];
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
    const nodeOf = (given: unknown, above: number): Node => {
        const source = yaml.isAlias(given) ? given.resolve(document) : given as yaml.Node | null;
        const start = yaml.isNode(given) ? given.range?.[0] : undefined;
        const at = { file, line: start === undefined ? above : lines.linePos(start).line };
        const tag = source?.tag === "!reset" ? "reset" as const : source?.tag === "!override" ? "override" as const : undefined;
        const marked = { ...at, ...(tag && { tag }) };
        if (yaml.isSeq(source)) return { ...marked, value: source.items.map(item => nodeOf(item, at.line)) };
        if (!yaml.isMap(source)) return { ...marked, value: scalar(yaml.isScalar(source) ? source.value : null, at) };
        return { ...marked, value: entriesOf(source, at.line) };
    };
    const entriesOf = (map: yaml.YAMLMap, above: number): { [key: string]: Node } => {
        const merged: { [key: string]: Node } = {};
        const own: { [key: string]: Node } = {};
        for (const { key, value } of map.items) {
            const name = String(yaml.isScalar(key) ? key.value : key);
            const start = yaml.isNode(key) ? key.range?.[0] : undefined;
            const line = start === undefined ? above : lines.linePos(start).line;
            const isMerge = name === "<<" || (yaml.isScalar(key) && typeof key.value === "symbol");
            if (!isMerge) {
                // A key with its value below it is at the key's line.
                own[name] = { ...nodeOf(value, line), line };
                continue;
            }
            const sources = yaml.isSeq(value) ? value.items : [value];
            for (const source of sources.reverse()) Object.assign(merged, objectOf(nodeOf(source, line)) ?? {});
        }
        return { ...merged, ...own };
    };
    return { root: nodeOf(document.contents, 1), errors, warnings };
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

/** The node's scalar as text; undefined for null and for anything else. */
export function textOf(node: Node | undefined): string | undefined {
    const value = node?.value;
    return value === undefined || value === null || typeof value === "object" ? undefined : String(value);
}
