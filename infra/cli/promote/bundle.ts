import { createHash } from "node:crypto";
import { describeKey, describeSettings, type Description } from "../../config/schema/describe";
import type { PlainSettings } from "../../config";
import { isObject } from "../../values";

/** What was tested in a stack. Its name is the digest of its content, so it can't change. */
export interface Bundle {
    application: PlainSettings["app"]["type"];
    /** Commit whose program and sources were tested. */
    commit: string;
    /** By part: the digest of the image's configuration, which names all of its content; or a reference by digest that any node can pull. */
    images: Record<string, string>;
    /** Digest of the settings that belong to no place. */
    settings: string;
}

/** `sha256:…` of the bundle's content, whatever the order of its keys. */
export function bundleName(bundle: Bundle): string {
    return digestOf(bundle);
}

/** A digest's first twelve hexadecimal digits, for people. */
export function short(digest: string): string {
    return digest.replace(/^.*sha256:/, "").slice(0, 12);
}

export function digestOf(value: unknown): string {
    return `sha256:${createHash("sha256").update(canonical(value)).digest("hex")}`;
}

/** JSON with the keys of objects in order. A list's order counts. */
function canonical(value: unknown): string {
    if (Array.isArray(value)) return `[${value.map(entry => canonical(entry ?? null)).join()}]`;
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    const entries = Object.entries(value).filter(([, below]) => below !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, below]) => `${JSON.stringify(key)}:${canonical(below)}`).join()}}`;
}

/**
 * The settings that must be the same wherever the application runs, by key. The schema says which are not
 * (`shared: false`): those of a place, such as its host, cluster and sizes; those that images contain; and all secrets.
 */
export function sharedSettings(settings: PlainSettings): Record<string, unknown> {
    const described = describeSettings({
        stack: "", target: settings.cluster.target, ...(settings.app.type === "services" && { app: "services" as const }),
    });
    const found: Record<string, unknown> = {};
    const walk = (value: unknown, keys: string[]): void => {
        const description = describeKey(described, keys, settings.cluster.target);
        if (description?.shared === false || description?.secret || value === undefined) return;
        if (isObject(value) && Object.keys(value).length > 0 && !isText(description)) {
            return Object.entries(value).forEach(([key, below]) => walk(below, [...keys, key]));
        }
        found[keys.join(".")] = value;
    };
    Object.entries(settings).forEach(([section, value]) => walk(value, [section]));
    return found;
}

/** The keys in which two stacks' shared settings differ. */
export function differences(one: Record<string, unknown>, other: Record<string, unknown>): string[] {
    return [...new Set([...Object.keys(one), ...Object.keys(other)])]
        .filter(key => canonical(one[key]) !== canonical(other[key])).sort();
}

function isText(description: Description | undefined): boolean {
    return description?.type === "string";
}
