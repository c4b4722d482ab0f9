import { describeKey, describeSettings, type Description } from "../config/describe";

/** What stands for a value that only Pulumi can decrypt: long enough for a password, and a host's name as well. */
const standIn = "encrypted.by.pulumi";

/** Whether a value in a stack's file is an encrypted one. */
export function isEncrypted(value: unknown): value is { secure: string } {
    return isMapping(value) && Object.keys(value).length === 1 && typeof value.secure === "string";
}

/** A value under `landfall:<key>` without what is encrypted in it: that is left out, or has a stand-in where it may not be. */
export function withStandIns(key: string, value: unknown): unknown {
    const target = isMapping(value) && typeof value.target === "string" ? value.target : undefined;
    return replace(value, [key], keys => describeKey(describeSettings({ stack: "", target }), keys, target));
}

function replace(value: unknown, keys: string[], describe: (keys: string[]) => Description | undefined): unknown {
    if (isEncrypted(value)) return mayBeLeftOut(describe(keys)) ? undefined : standIn;
    if (Array.isArray(value)) return value.map(entry => isEncrypted(entry) ? standIn : replace(entry, keys, describe));
    if (!isMapping(value)) return value;
    const entries = Object.entries(value).map(([key, below]) => [key, replace(below, [...keys, key], describe)] as const);
    return Object.fromEntries(entries.filter(([, below]) => below !== undefined));
}

function mayBeLeftOut(description: Description | undefined): boolean {
    return description?.default !== undefined || description?.defaultText !== undefined;
}

function isMapping(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
