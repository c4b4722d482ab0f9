import { specialSecretSig, specialSigKey } from "@pulumi/pulumi/runtime/rpc";

/**
 * A property value as the SDK sends it to an engine: JSON, in which a secret is an object with the SDK's signature
 * around the value.
 */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Values = { [key: string]: Value };

/** Whether the value is a plain object. */
export function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a secret, with its marker. */
export function secret(value: Value): Value {
    return isSecret(value) ? value : { [specialSigKey]: specialSecretSig, value };
}

/** Whether the value itself (not a part of it) is marked as a secret. */
export function isSecret(value: unknown): boolean {
    return isObject(value) && value[specialSigKey] === specialSecretSig;
}

/** The value without markers of secrets. */
export function unwrap(value: Value): Value {
    return map(value, inner => inner);
}

/** The value with every string of its secrets replaced by what `placeholder` gives for its path and text. */
export function conceal(value: Value, placeholder: (path: string[], text: string) => string): Value {
    const hide = (inner: Value, path: string[]): Value => {
        if (Array.isArray(inner)) return inner.map((item, index) => hide(item, [...path, String(index)]));
        if (isObject(inner)) return mapObject(inner, (item, key) => hide(item, [...path, key]));
        return typeof inner === "string" ? placeholder(path, inner) : inner;
    };
    return map(value, hide);
}

/** Paths of the secrets in the value, such as `data.password`. */
export function secretPaths(value: Value, path: string[] = []): string[] {
    if (isSecret(value)) return [path.join(".")];
    if (Array.isArray(value)) return value.flatMap((item, index) => secretPaths(item, [...path, String(index)]));
    if (isObject(value)) return Object.entries(value).flatMap(([key, item]) => secretPaths(item, [...path, key]));
    return [];
}

/** The value as an object; empty if it is something else. */
export function asObject(value: Value | undefined): Values {
    const plain = value === undefined ? null : unwrap(value);
    return isObject(plain) ? plain : {};
}

/** The objects of a list. */
export function items(value: Value | undefined): Values[] {
    return Array.isArray(value) ? value.filter(item => isObject(item)) : [];
}

/** The value as a string, if it is one. */
export function asString(value: Value | undefined): string | undefined {
    const plain = value === undefined ? null : unwrap(value);
    return typeof plain === "string" ? plain : undefined;
}

function map(value: Value, reveal: (inner: Value, path: string[]) => Value, path: string[] = []): Value {
    if (isSecret(value)) return reveal(map((value as Values).value ?? null, inner => inner, path), path);
    if (Array.isArray(value)) return value.map((item, index) => map(item, reveal, [...path, String(index)]));
    return isObject(value) ? mapObject(value, (item, key) => map(item, reveal, [...path, key])) : value;
}

function mapObject(value: Values, change: (item: Value, key: string) => Value): Values {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item, key)]));
}

