import * as fs from "node:fs";
import * as path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { dayOf, Reader, type StackFile, StackFileError } from "./reader";
import { Timestamp } from "./scalar";

export { type StackFile, StackFileError } from "./reader";

/** A stack's configuration as Pulumi passes it to the program. */
export interface Configuration {
    /** By full keys such as `landfall:cluster`; objects and lists as JSON. */
    config: Record<string, string>;
    /** Keys of `config` that are secrets. */
    secretKeys: string[];
}

const root = path.resolve(__dirname, "../../..");

/**
 * Reads a file in the form of `Pulumi.<stack>.yaml` as Pulumi does.
 * @throws StackFileError that names the file and the line
 */
export function readStackFile(file: string): StackFile {
    try {
        return parseStackFile(fs.readFileSync(file, "utf8"), path.basename(file));
    } catch (error) {
        if (error instanceof StackFileError) throw error;
        throw new StackFileError(`${file} can't be read: ${(error as Error).message}`);
    }
}

/** Like readStackFile, for text; `name` is the file's name in messages. */
export function parseStackFile(text: string, name: string): StackFile {
    return new Reader(text, name).stackFile();
}

/** A value in the form in which Pulumi passes it to the program. */
export function configText(value: unknown): string {
    if (value === null || value === undefined) return "";
    if (value instanceof Timestamp) return value.toJSON();
    return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Refuses values that Pulumi reads differently than their author meant. */
export function refuseFindings({ findings }: Pick<StackFile, "findings">): void {
    const all = Object.values(findings).flat();
    if (all.length > 0) throw new StackFileError([...all, "Nothing was changed."].join("\n"));
}

/**
 * The same for a configuration that Pulumi has read. It doesn't say from which file: of another than the stack's own, only
 * dates can be told.
 */
export function refuseMisreadings(stack: string, config: Record<string, string>, directory = root): void {
    const { entries, findings } = readIfPossible(path.join(directory, `Pulumi.${stack}.yaml`));
    const all = Object.entries(config).map(([key, text]) => {
        const value = parsed(text);
        const same = findings[key] !== undefined && isDeepStrictEqual(value, parsed(configText(entries[key])));
        return [key, same ? findings[key] : timesIn(value, key)] as const;
    });
    refuseFindings({ findings: Object.fromEntries(all) });
}

/** Pulumi may have read another file than this one. */
function readIfPossible(file: string): StackFile {
    try {
        return readStackFile(file);
    } catch {
        return { entries: {}, findings: {} };
    }
}

function timesIn(value: unknown, key: string): string[] {
    if (typeof value === "object" && value !== null) {
        return Object.entries(value).flatMap(([below, inner]) => timesIn(inner, `${key}.${below}`));
    }
    const day = dayOf(value);
    return day === undefined ? [] : [`${key} is a date without quotes. Put it in quotes: "${day}".`];
}

function parsed(text = ""): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}
