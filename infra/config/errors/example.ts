import { stringify } from "yaml";
import type * as z from "zod";
import { isObject } from "../../values";
import { schemaOf } from "../schema";
import { Context } from "../schema/defaults";
import { Description, describeKey, describeTargets, entriesOf } from "../schema/describe";

type Fragment = Record<string, unknown>;

/** A line to paste into Pulumi.<stack>.yaml, such as `landfall:app: { web: { targetCpu: 60 } }`. */
export function exampleLine(section: string, value: unknown): string {
    const yaml = stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: true }).trim();
    return `landfall:${section}: ${yaml}`;
}

/** The command that sets a secret: it is never pasted into a file. A secret of several lines is read from a file, its example. */
export function secretCommand(key: string, file?: unknown, platform: NodeJS.Platform = process.platform): string {
    const command = `pulumi config set --secret ${key.includes(".") ? "--path " : ""}landfall:${key}`;
    if (typeof file !== "string") return command;
    // PowerShell reads no files by <, and cmd knows no ~.
    return platform === "win32" ? `cmd /c "${command} < ${file.replace(/^~(?=\/)/, "%USERPROFILE%").replaceAll("/", "\\")}"` : `${command} < ${file}`;
}

/** An example of the key with what it needs around it. The schema accepts it unchanged. */
export function exampleOf(settings: Description, keys: string[], context: Context): string {
    const { secret, example } = describeKey(settings, keys, context.target) ?? {};
    return secret
        ? secretCommand(keys.join("."), example)
        : exampleLine(keys[0], exampleValue(settings, keys, context));
}

/** The value of the section in an example of the key. */
export function exampleValue(settings: Description, [section, ...below]: string[], context: Context): unknown {
    const example = describeKey(settings, [section, ...below], context.target)?.example;
    return below.length === 0
        ? usualExample(settings, section, context)
        : exampleAround(settings, section, nestInEntries(settings, section, below, example, context), context);
}

/**
 * Like `nest`, but completes the entry of a record with its example, and an object with its required
 * keys.
 */
function nestInEntries(
    settings: Description, section: string, keys: string[], value: unknown, context: Context,
): unknown {
    return keys.reduceRight<unknown>((inner, key, index) => {
        const above = describeKey(settings, [section, ...keys.slice(0, index)], context.target);
        const entry = above && entriesOf(above)?.example;
        const entries = above && entriesOf(above);
        const instead = isObject(inner) ? Object.keys(inner).flatMap(name => entries?.properties?.[name]?.instead ?? []) : [];
        const part = isObject(entry) && isObject(inner) ? merge(without(entry, instead), inner) : inner;
        const own = describeKey(settings, [section, ...keys.slice(0, index + 1)], context.target);
        return { ...above?.beside, ...(own?.properties === undefined && own?.beside), ...(index > 0 && required(above)), [key]: part };
    }, value);
}

function without(fragment: Fragment, names: string[]): Fragment {
    return Object.fromEntries(Object.entries(fragment).filter(([name]) => !names.includes(name)));
}

/** The required keys of an object's example, except secrets, which a command sets. */
function required({ required: names = [], example }: Description = {}): Fragment {
    return Object.fromEntries(Object.entries(isObject(example) ? example : {}).filter(([key]) => names.includes(key)));
}

/**
 * The smallest valid section that contains the wanted part: the part alone (with its target), else within the
 * section's own example.
 */
export function exampleAround(settings: Description, section: string, wanted: unknown, context: Context): unknown {
    const usual = usualExample(settings, section, context);
    if (!isObject(wanted) || !isObject(usual)) {
        return wanted;
    }
    const alone = section === "cluster" ? { target: usual.target, ...wanted } : "type" in usual ? { type: usual.type, ...wanted } : wanted;
    const schema = schemaOf(context).shape[section] as z.ZodType;
    return schema.safeParse(alone).success ? alone : merge(usual, wanted);
}

/** The section's own example; the cluster's is that of the target. */
function usualExample(settings: Description, section: string, context: Context): unknown {
    const target = section === "cluster" ? describeTargets(settings)[context.target ?? ""] : undefined;
    return (target ?? settings.properties?.[section])?.example;
}

/** The value under the keys: `nest(["web", "targetCpu"], 60)` is `{ web: { targetCpu: 60 } }`. */
export function nest(keys: string[], value: unknown): Fragment {
    return keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Fragment;
}

function merge(base: Fragment, over: Fragment): Fragment {
    const merged = Object.entries(over).map(([key, value]) => {
        const below = base[key];
        return [key, isObject(below) && isObject(value) ? merge(below, value) : value];
    });
    return { ...base, ...Object.fromEntries(merged) as Fragment };
}
