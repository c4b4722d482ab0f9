import * as yaml from "yaml";
import { looksOctal, plainScalar, ScalarError, taggedScalar, Timestamp } from "./scalar";

/** The content of a stack's file. */
export interface StackFile {
    /** By full keys such as `landfall:cluster`. An encrypted value is an object with the single key `secure`. */
    entries: Record<string, unknown>;
    /** Values that Pulumi reads differently than their author meant, by key. */
    findings: Record<string, string[]>;
}

/** The file can't be read. The message says where and why. */
export class StackFileError extends Error {}

const project = "landfall";
/** Nested aliases can expand a small file enormously. */
const mostNodes = 100_000;

/** Reads the text of a stack's file like gopkg.in/yaml.v3, which Pulumi uses. */
export class Reader {
    private readonly findings: Record<string, string[]> = {};
    private readonly open = new Set<yaml.Node>();
    private nodes = 0;

    private readonly lines = new yaml.LineCounter();
    /** Pulumi reads only the first document. */
    private readonly document: yaml.Document.Parsed | undefined;

    constructor(private readonly text: string, private readonly file: string) {
        const options = { schema: "failsafe", uniqueKeys: false, prettyErrors: false, logLevel: "error" } as const;
        [this.document] = yaml.parseAllDocuments(text, { ...options, lineCounter: this.lines }) as yaml.Document.Parsed[];
    }

    stackFile(): StackFile {
        const [error] = this.document?.errors ?? [];
        if (error) this.fail(error.pos[0], `is not valid YAML: ${error.message}`);
        const root = this.document?.contents ?? null;
        if (root === null || (yaml.isScalar(root) && this.value(root, []) === null)) return { entries: {}, findings: {} };
        if (!yaml.isMap(root)) this.fail(root, `must be a mapping, such as config: { ${project}:cluster: { … } }`);
        const config = Object.entries(this.value(root, []) as Record<string, unknown>).find(([key]) => key === "config")?.[1];
        const misspelt = this.keysOf(root).find(([key]) => key !== "config" && key.toLowerCase() === "config");
        if (misspelt) this.fail(misspelt[1], `${misspelt[0]} is ignored: write config, in lower case`);
        if (config === undefined || config === null) return { entries: {}, findings: {} };
        if (!isMapping(config)) this.fail(root, `"config" must be a mapping, such as ${project}:app: { … }`);
        return { entries: this.named(config, root), findings: this.findings };
    }

    /** The entries by full keys, each of which may occur once. */
    private named(config: Record<string, unknown>, root: yaml.YAMLMap): Record<string, unknown> {
        const places = this.configMap(root);
        const entries: Record<string, unknown> = {};
        for (const [key, value] of Object.entries(config)) {
            const place = places.find(([name]) => name === key)?.[1] ?? root;
            const full = fullKey(key);
            if (full === undefined) this.fail(place, `${key} is not a key of the form NAMESPACE:NAME`);
            if (Object.hasOwn(entries, full)) this.fail(place, `${full} is there twice, with its namespace and without it`);
            entries[full] = value;
        }
        return entries;
    }

    private configMap(root: yaml.YAMLMap): [string, yaml.Node][] {
        const node = root.items.find(({ key }) => this.scalarText(key) === "config")?.value;
        const map = yaml.isAlias(node) ? node.resolve(this.document!) : node;
        return yaml.isMap(map) ? this.keysOf(map) : [];
    }

    private keysOf(map: yaml.YAMLMap): [string, yaml.Node][] {
        return map.items.map(({ key }) => [this.scalarText(key) ?? "", key as yaml.Node]);
    }

    private value(node: yaml.Node | null, keys: string[]): unknown {
        if (node === null) return null;
        if (++this.nodes > mostNodes || this.open.has(node)) this.fail(node, "has too many aliases, or one within itself");
        this.checkSyntax(node);
        this.open.add(node);
        const value = yaml.isAlias(node) ? this.aliased(node, keys)
            : yaml.isMap(node) ? this.mapping(node, keys)
            : yaml.isSeq(node) ? node.items.map((item, index) => this.value(item as yaml.Node, [...keys, String(index)]))
            : this.scalar(node as yaml.Scalar, keys);
        this.open.delete(node);
        return value;
    }

    /** What Pulumi's YAML parser refuses and ours accepts. */
    private checkSyntax(node: yaml.Node): void {
        if (!yaml.isAlias(node) && node.anchor !== undefined && !/^[\w-]+$/.test(node.anchor)) {
            this.fail(node, `&${node.anchor} is not an anchor of letters, digits, "_" and "-"`);
        }
        if (yaml.isCollection(node) && node.tag !== undefined && !/^!?$|:(map|seq)$/.test(node.tag)) {
            this.fail(node, `${node.tag} is not a tag that Pulumi knows`);
        }
        const written = yaml.isScalar(node) && node.type === yaml.Scalar.QUOTE_DOUBLE
            ? this.text.slice(node.range![0], node.range![1]) : "";
        if (/^(?:[^\\]|\\[^/])*\\\//.test(written)) this.fail(node, 'is not valid YAML: in "…", / has no \\ before it');
    }

    private aliased(node: yaml.Alias, keys: string[]): unknown {
        const target = node.resolve(this.document!);
        return target ? this.value(target, keys) : this.fail(node, `has no anchor &${node.source}`);
    }

    /** A mapping's own keys take precedence over those that `<<` merges, and among these the first. */
    private mapping(map: yaml.YAMLMap, keys: string[]): Record<string, unknown> {
        const entries = new Map<string, unknown>();
        const seen = new Map<string, yaml.Node>();
        const merged: yaml.Node[] = [];
        for (const { key, value } of map.items as yaml.Pair<yaml.Node, yaml.Node | null>[]) {
            const source = yaml.isScalar(key) ? textOf(key) : undefined;
            const first = source === undefined ? undefined : seen.get(source);
            if (first) this.fail(key, `${source} is there twice; the first is in line ${this.lineOf(first)}`);
            if (source !== undefined) seen.set(source, key);
            if (yaml.isScalar(key) && key.type === "PLAIN" && source === "<<") {
                if (value) merged.push(value);
                continue;
            }
            const name = this.keyText(key, keys);
            if (entries.has(name)) this.fail(key, `${name} is there twice, written in two ways`);
            entries.set(name, this.value(value, [...keys, name]));
        }
        for (const part of merged) {
            for (const [name, value] of this.merged(part, keys)) if (!entries.has(name)) entries.set(name, value);
        }
        return Object.fromEntries(entries);
    }

    private merged(node: yaml.Node, keys: string[]): [string, unknown][] {
        const parts = yaml.isSeq(node) ? node.items as yaml.Node[] : [node];
        return parts.flatMap(part => {
            const value = this.value(part, keys);
            return isMapping(value) ? Object.entries(value) : this.fail(part, "<< merges mappings only");
        });
    }

    /** Below a setting, Pulumi converts numeric keys to text. */
    private keyText(key: yaml.Node, above: string[]): string {
        const node = yaml.isAlias(key) ? key.resolve(this.document!) : key;
        if (!yaml.isScalar(node)) this.fail(key, "a key is not text");
        const value = this.read(node);
        const number = typeof value === "bigint" || typeof value === "number" || typeof value === "boolean";
        if (typeof value === "string" || (number && above.length > 1)) {
            if (looksOctal(textOf(node))) this.find(node, value, [...above.slice(1), textOf(node)]);
            return String(value);
        }
        this.fail(key, `the key ${textOf(node) || "before the colon"} is not text. Put it in quotes`);
    }

    /** A key's text; undefined if Pulumi reads it as something else. */
    private scalarText(key: unknown): string | undefined {
        const node = yaml.isAlias(key) ? key.resolve(this.document!) : key;
        if (!yaml.isScalar(node)) return undefined;
        const value = this.read(node);
        return typeof value === "string" ? value : undefined;
    }

    private read(node: yaml.Scalar): unknown {
        const text = textOf(node);
        const quoted = node.type !== undefined && node.type !== yaml.Scalar.PLAIN;
        const tag = node.tag === "!" ? undefined : node.tag;
        try {
            return tag !== undefined ? taggedScalar(tag, text) : quoted ? text : plainScalar(text);
        } catch (error) {
            if (error instanceof ScalarError) this.fail(node, `${text} ${error.message}`);
            throw error;
        }
    }

    private scalar(node: yaml.Scalar, keys: string[]): unknown {
        const value = this.read(node);
        if (typeof value === "number" && !Number.isFinite(value)) this.fail(node, `${textOf(node)} is not a number to Pulumi`);
        if (keys[0] === "config") this.find(node, value, keys.slice(1));
        // Below a key, Pulumi passes it as JSON.
        return typeof value === "bigint" && (keys.length > 2 || Number.isSafeInteger(Number(value))) ? Number(value) : value;
    }

    private find(node: yaml.Scalar, value: unknown, keys: string[]): void {
        const text = textOf(node);
        const octal = node.type === yaml.Scalar.PLAIN && typeof value !== "string" && looksOctal(text);
        const day = dayOf(value);
        if (keys.length === 0 || (!octal && day === undefined && !(value instanceof Timestamp))) return;
        const [first, ...below] = keys;
        const key = fullKey(first) ?? first;
        const what = octal
            ? `which Pulumi reads as ${String(value)}. Put it in quotes: "${text}"; or write the number without a leading zero`
            : day !== undefined ? `which is what Pulumi makes of a date without quotes. Put it in quotes: "${day}"`
            : `which Pulumi reads as a time. Put it in quotes: "${text}"`;
        (this.findings[key] ??= []).push(`${this.file}, line ${this.lineOf(node)}: ${[key, ...below].join(".")} is ${text}, ${what}.`);
    }

    private lineOf(node: yaml.Node): number {
        return this.lines.linePos(node.range?.[0] ?? 0).line;
    }

    private fail(place: yaml.Node | number, problem: string): never {
        const line = typeof place === "number" ? this.lines.linePos(place).line : this.lineOf(place);
        throw new StackFileError(`${this.file}, line ${line}: ${problem}. Nothing was changed.`);
    }
}

/** The key with its namespace, as Pulumi completes it; undefined if it is invalid. */
function fullKey(key: string): string | undefined {
    const parts = key.split(":");
    if (parts.length === 1) return `${project}:${key}`;
    if (parts.length === 2) return key;
    return parts.length === 3 && parts[1] === "config" ? `${parts[0]}:${parts[2]}` : undefined;
}

/** The day of a time, as Pulumi passes it to the program and writes it to the file. */
export function dayOf(value: unknown): string | undefined {
    return /^(\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4} \S+$/.exec(typeof value === "string" ? value : "")?.[1];
}

/** The text without its quotes. A tag changes the value. */
function textOf({ source, value }: yaml.Scalar): string {
    return source ?? String(value ?? "");
}

function isMapping(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Timestamp);
}
