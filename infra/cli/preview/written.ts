import * as fs from "node:fs";
import * as path from "node:path";
import { UserError } from "../terminal/errors";
import { operations, type Plan } from "./plan";

/** The file in the directory of `--out`. */
const writtenFile = "preview.json";

/** Larger than any honest preview. */
const maxBytes = 50_000_000;

export function writePlans(directory: string, plans: readonly Plan[]): void {
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(directory, writtenFile), JSON.stringify({ plans }));
}

/**
 * The plans that `writePlans` wrote. The pull request's code may have written them, so only their form is taken for granted
 * afterwards. @throws UserError if they have another
 */
export function readPlans(directory: string): Plan[] {
    const file = path.join(directory, writtenFile);
    try {
        if (fs.statSync(file).size > maxBytes) throw new Error("it is too large");
        const written = JSON.parse(fs.readFileSync(file, "utf8")) as unknown;
        const { plans } = isObject(written) ? written : {};
        if (!isListOf(isPlan)(plans)) throw new Error("it has another form");
        return plans as Plan[];
    } catch (error) {
        throw new UserError(`${file} can't be read: ${(error as Error).message}. "npm run preview -- --out ${directory}" writes it. Nothing was changed.`);
    }
}

type Check = (value: unknown) => boolean;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isText: Check = value => typeof value === "string";
const isFlag: Check = value => typeof value === "boolean";
const isCount: Check = value => Number.isSafeInteger(value);
const isListOf = (check: Check): Check => value => Array.isArray(value) && value.every(check);
const orNone = (check: Check): Check => value => value === undefined || check(value);
const isRecordOf = (checks: Record<string, Check>): Check => value =>
    isObject(value) && Object.entries(checks).every(([name, check]) => check(Object.hasOwn(value, name) ? value[name] : undefined));

const isPlan = isRecordOf({
    stack: isText,
    counts: isRecordOf(Object.fromEntries([...operations, "same"].map(name => [name, isCount]))),
    changes: isListOf(isRecordOf({
        operation: value => operations.some(operation => operation === value), urn: isText, type: isText, data: orNone(isText), retained: orNone(isFlag),
        properties: isListOf(isRecordOf({ path: isText, replaces: isFlag, from: orNone(isText), to: orNone(isText) })),
    })),
    warnings: isListOf(isText), errors: isListOf(isText), notes: isListOf(isText),
});
