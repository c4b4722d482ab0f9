import * as z from "zod";
import { schemaOf } from ".";
import type { Change } from "./change";
import { Context } from "./defaults";

/** What the schema says about a key: JSON Schema with Landfall's own keywords. */
export interface Description {
    type?: string | string[];
    description?: string;
    allowed?: string;
    example?: unknown;
    default?: unknown;
    /** Replaces `default` in the reference if it depends on other things. */
    defaultText?: string;
    /** Never shown in an error. Its `example` is a file to read it from. */
    secret?: boolean;
    /** What a change of this key, or of those below it, does to an existing stack. */
    change?: Change;
    /** False if two stacks may differ in it, and in what is below it, and still run the same application. */
    shared?: boolean;
    /** What an example of the key also needs; of an object, what one of any of its keys needs. */
    beside?: Record<string, unknown>;
    /** Keys beside it that its example can't have. */
    instead?: string[];
    enum?: string[];
    /** A word that may stand in place of an object. */
    word?: string;
    properties?: Record<string, Description>;
    required?: string[];
    oneOf?: Description[];
    /** A list's entries. */
    items?: Description;
    /** Of a record: the entries, the allowed names, and an example of a name. */
    additionalProperties?: Description | false;
    names?: string;
    entry?: string;
}

/** The entries of a record; undefined for anything else. */
export function entriesOf({ additionalProperties }: Description): Description | undefined {
    return additionalProperties || undefined;
}

const descriptions = new WeakMap<z.ZodType, Description>();

/** Describes all settings. */
export function describeSettings(context: Context): Description {
    const schema = schemaOf(context);
    const described = descriptions.get(schema) ?? z.toJSONSchema(schema, { io: "input" }) as Description;
    descriptions.set(schema, described);
    return described;
}

/** The targets by name. */
export function describeTargets(settings: Description): Record<string, Description> {
    const targets = settings.properties?.cluster.oneOf ?? [];
    return Object.fromEntries(targets.map(target => [target.properties?.target.enum?.[0] ?? "", target]));
}

/**
 * The description of one key; a union's key is that of the chosen target, and any name is a key of a record.
 * Undefined if there is no such key.
 */
export function describeKey(settings: Description, keys: string[], target?: string): Description | undefined {
    return keys.reduce<Description | undefined>((description, key) => {
        const chosen = description?.oneOf ? describeTargets(settings)[target ?? ""] : description;
        if (chosen?.properties && Object.hasOwn(chosen.properties, key)) return chosen.properties[key];
        return chosen && entriesOf(chosen);
    }, settings);
}

/** What changing a key does, according to the key itself or to an object above it; undefined if none says. */
export function changeOf(settings: Description, keys: string[], target?: string): Change | undefined {
    const said = keys.map((_, index) => {
        const description = describeKey(settings, keys.slice(0, index + 1), target);
        return description?.change ?? (description?.oneOf && describeTargets(settings)[target ?? ""]?.change);
    });
    return said.reverse().find(change => change !== undefined);
}

/** Which values a key takes, in words. */
export function allowedText(settings: Description, key: Description): string {
    if (key.oneOf) {
        return `an object whose target is one of ${Object.keys(describeTargets(settings)).join(", ")}`;
    }
    if (entriesOf(key)) {
        return `an object whose keys are names: ${key.names}`;
    }
    if (key.properties) {
        return `${key.word === undefined ? "" : `${key.word}, or `}an object with the keys ${Object.keys(key.properties).join(", ")}`;
    }
    return key.allowed ?? "";
}

/** All keys below a description, as paths; a target's keys once each. */
export function allKeys(description: Description, above: string[] = []): string[][] {
    const objects = description.oneOf ?? [description];
    const keys = objects.flatMap(object => Object.entries(object.properties ?? {}).flatMap(([key, below]) => {
        const entries = entriesOf(below);
        const named = entries && allKeys(entries, [...above, key, below.entry ?? "<name>"]);
        return [[...above, key], ...named ?? allKeys(below, [...above, key])];
    }));
    return [...new Map(keys.map(key => [key.join("."), key])).values()];
}
