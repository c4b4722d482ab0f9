import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import { Registered } from "../../../infra/cli/capture";

/** A property as the provider's declarations have it. */
interface Property {
    required: boolean;
    /** The words that it can be, where these are known: the declarations let any text through. */
    words?: string[];
    /** The declared type of the object, or of a list's entries. */
    object?: string;
    /** Whether the names below it are free. */
    named: boolean;
}

type Declared = Map<string, Property>;

const load = createRequire(__filename);
const directory = path.dirname(load.resolve("@pulumi/azure-native/package.json"));
const inputs = fs.readFileSync(path.join(directory, "types", "input.d.ts"), "utf8");
const known = new Map<string, Declared>();

/** What the provider's declarations have against the resource's inputs: missing, unknown, or not of its words. */
export function declarationProblems({ type, inputs: given }: Pick<Registered, "type" | "inputs">): string[] {
    const [, namespace, name] = type.split(":");
    return objectProblems(resourceArgs(namespace, name), given, "");
}

function objectProblems(declared: Declared, value: Record<string, unknown>, at: string): string[] {
    const below = (key: string) => at ? `${at}.${key}` : key;
    const unknown = Object.keys(value).filter(key => !declared.has(key)).map(key => `${below(key)} is not known`);
    return [...unknown, ...[...declared].flatMap(([key, property]) => {
        if (value[key] !== undefined) return valueProblems(property, value[key], below(key));
        return property.required ? [`${below(key)} is missing`] : [];
    })];
}

function valueProblems(property: Property, value: unknown, at: string): string[] {
    if (Array.isArray(value)) return value.flatMap((one, index) => valueProblems(property, one, `${at}[${index}]`));
    if (property.words && !property.words.includes(value as string)) {
        return [`${at} is ${JSON.stringify(value)}, not of ${property.words.join()}`];
    }
    if (property.object === undefined || typeof value !== "object" || value === null) return [];
    const declared = inputType(property.object);
    if (!property.named) return objectProblems(declared, value as Record<string, unknown>, at);
    return Object.entries(value).flatMap(([key, one]) =>
        objectProblems(declared, one as Record<string, unknown>, `${at}.${key}`));
}

function resourceArgs(namespace: string, name: string): Declared {
    const file = path.join(directory, namespace, `${name[0].toLowerCase()}${name.slice(1)}.d.ts`);
    return parse(`${namespace}.${name}`, fs.readFileSync(file, "utf8"), `export interface ${name}Args {`, "\n}");
}

function inputType(name: string): Declared {
    const [namespace, type] = name.split(".");
    const from = inputs.indexOf(`export declare namespace ${namespace} {`);
    return parse(name, inputs.slice(from), `    interface ${type} {`, "\n    }");
}

function parse(name: string, text: string, opening: string, closing: string): Declared {
    const before = known.get(name);
    if (before) return before;
    const from = text.indexOf(opening);
    if (from < 0) throw new Error(`The provider has no ${name}`);
    const body = text.slice(from + opening.length, text.indexOf(closing, from)).replace(/\/\*[^]*?\*\//g, "");
    const properties = [...body.matchAll(/(\w+)(\??): ((?:[^;{]|\{[^}]*\})*);/g)];
    const declared: Declared = new Map(properties.map(([, key, optional, type]) => {
        const [, space, words] = /enums\.(\w+)\.(\w+)/.exec(type) ?? [];
        return [key, {
            required: optional === "",
            words: space === undefined ? undefined : wordsOf(space, words),
            object: /inputs\.(\w+\.\w+)/.exec(type)?.[1],
            named: type.includes("[key: string]"),
        }];
    }));
    known.set(name, declared);
    return declared;
}

function wordsOf(namespace: string, name: string): string[] {
    const enums = load(path.join(directory, "types", "enums", namespace)) as Record<string, Record<string, string>>;
    return Object.values(enums[name]);
}
