import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation/events";
import { specialSigKey } from "@pulumi/pulumi/runtime/rpc";
import { isObject } from "../../values";
import { isOfOurPlugins, withoutColours } from "../engine/events";
import { dataIn } from "./data";

export type Operation = "create" | "update" | "replace" | "delete";
export const operations: readonly Operation[] = ["create", "update", "replace", "delete"];

/** A change of one resource. */
export interface Change {
    operation: Operation;
    urn: string;
    type: string;
    /** The properties that differ; values only where they are plain and not secret. */
    properties: PropertyChange[];
    /** The data that it deletes; undefined if none. */
    data?: string;
    /** Whether the stack only forgets the object, which stays in the cluster. */
    retained?: boolean;
}

export interface PropertyChange {
    path: string;
    /** Whether this property forces the replacement. */
    replaces: boolean;
    from?: string;
    to?: string;
}

/** A stack's preview. */
export interface Plan {
    stack: string;
    counts: Record<Operation | "same", number>;
    changes: Change[];
    warnings: string[];
    /** Why the preview failed; empty if it didn't. */
    errors: string[];
    /** Other facts for the reader, such as that the stack is new. */
    notes: string[];
}

/** An operation of the engine as a reader sees it; undefined if nothing changes. */
const seenAs: Record<string, Operation | undefined> = {
    create: "create", import: "create", update: "update", delete: "delete", discard: "delete",
    replace: "replace", "create-replacement": "replace", "delete-replaced": "replace", "import-replacement": "replace",
    "read-replacement": "replace", "discard-replaced": "replace",
};
/** Operations on resources that the stack only reads: forgetting one deletes nothing. */
const isRead = /^(discard|read-)/;
/** Pulumi's stand-in for a value that isn't known yet. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** Resources whose values aren't shown at all. */
const concealed = /^(kubernetes:core\/v1:Secret$|random:|command:|pulumi:providers:)/;
const hidden = "[secret]";
/** A plugin's path on the computer that previews: Pulumi notes it, and other computers differ. */
const isOfPath = /^using pulumi-\S+ from \$PATH at /;
/** Types of Pulumi's own, which its counts leave out too. */
const isDefaultProvider = /\$?pulumi:providers:[\w-]+::default(_|$)/;

/**
 * Collects the engine's events into a preview. Leaves out debug messages, because they contain secrets. `kind` is the operation:
 * a refresh knows a difference only after it has read the object.
 */
export function planOf(stack: string, events: readonly EngineEvent[], kind: "preview" | "refresh" = "preview"): Plan {
    const changes = new Map<string, Change>();
    const urns = new Set<string>();
    const warnings: string[] = [];
    const errors: string[] = [];
    for (const { resourcePreEvent, resOutputsEvent, diagnosticEvent, policyEvent } of events) {
        const step = (kind === "refresh" ? resOutputsEvent : resourcePreEvent)?.metadata;
        if (step && !isDefaultProvider.test(step.urn)) {
            urns.add(step.urn);
            note(changes, step);
        }
        if (policyEvent) (policyEvent.enforcementLevel === "mandatory" ? errors : warnings).push(withoutColours(policyEvent.message));
        if (!diagnosticEvent || diagnosticEvent.ephemeral) continue;
        const text = withoutColours(diagnosticEvent.message);
        if (diagnosticEvent.severity === "error") errors.push(text);
        if (diagnosticEvent.severity === "warning" && !isOfOurPlugins(text) && !isOfPath.test(text)) warnings.push(text);
    }
    const list = [...changes.values()].sort((a, b) => (a.urn < b.urn ? -1 : 1));
    const count = (operation: Operation): number => list.filter(change => change.operation === operation).length;
    const counts = { create: count("create"), update: count("update"), replace: count("replace"), delete: count("delete") };
    return {
        stack, counts: { ...counts, same: urns.size - list.length }, changes: list,
        warnings: [...new Set(warnings)], errors: [...new Set(errors)], notes: [],
    };
}

/** Whether applying the plan loses data. */
export function losesData({ changes }: Plan): boolean {
    return changes.some(({ data }) => data !== undefined);
}

/** A replacement has several steps, each with a part of the facts. */
function note(changes: Map<string, Change>, step: StepEventMetadata): void {
    const operation = seenAs[step.op];
    if (!operation) return;
    const { urn, type, old } = step;
    const before = changes.get(urn);
    const found: Change = before ?? { operation, urn, type, properties: [] };
    // Besides the change of the new one, the engine deletes a copy that an interrupted replacement left.
    if (operation === "replace" || (operation === "delete" && found.operation !== "delete")) found.operation = "replace";
    if (found.properties.length === 0) found.properties = propertiesOf(step);
    if ((found.operation === "replace" || found.operation === "delete") && !isRead.test(step.op)) {
        found.data ??= dataIn({ type, inputs: old?.inputs });
        if (old?.retainOnDelete) found.retained = true;
    }
    changes.set(urn, found);
}

function propertiesOf(step: StepEventMetadata): PropertyChange[] {
    const { type, op, detailedDiff, keys, diffs, old, new: next } = step;
    const shows = !concealed.test(type) && old !== undefined;
    const entries = detailedDiff
        ? Object.entries(detailedDiff).map(([path, { diffKind }]) => ({ path, replaces: diffKind.endsWith("replace") }))
        : [...new Set([...keys ?? [], ...diffs ?? [], ...op === "update" && !keys && !diffs ? differences(old?.outputs, next?.outputs) : []])].map(path => ({ path, replaces: keys?.includes(path) ?? false }));
    return entries.map(entry => (shows ? { ...entry, ...valuesAt(step, entry.path) } : entry));
}

/** The paths at which two objects differ: a refresh doesn't always name them. */
function differences(before: unknown, after: unknown, path = ""): string[] {
    if (JSON.stringify(before) === JSON.stringify(after)) return [];
    if (!isObject(before) || !isObject(after) || isSecret(before) || isSecret(after)) return path === "" ? [] : [path];
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap(key => {
        const part = /^[\w-]+$/.test(key) ? `${path === "" ? "" : "."}${key}` : `[${JSON.stringify(key)}]`;
        return differences(before[key], after[key], path + part);
    });
}

function valuesAt({ old, new: next }: StepEventMetadata, path: string): Pick<PropertyChange, "from" | "to"> {
    const keys = keysOf(path);
    const [before, after] = [valueAt(old?.inputs, keys), valueAt(next?.inputs, keys)];
    // Drift may be in the outputs only.
    const asked = before === hidden || after === hidden || JSON.stringify(before) !== JSON.stringify(after);
    const from = shown((asked ? before : undefined) ?? valueAt(old?.outputs, keys) ?? before);
    const to = shown((asked ? after : undefined) ?? valueAt(next?.outputs, keys) ?? after);
    // A value before or after a secret may be secret too.
    const hides = from === hidden || to === hidden;
    return { ...(from !== undefined && { from: hides ? hidden : from }), ...(to !== undefined && { to: hides ? hidden : to }) };
}

/** @example keysOf('spec.containers[0]["a.b"]') // ["spec", "containers", "0", "a.b"] */
function keysOf(path: string): string[] {
    return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)]
        .map(([, quoted, index, plain]) => quoted?.replace(/\\(.)/g, "$1") ?? index ?? plain);
}

/** The value at a path. A secret object hides all of its values. */
function valueAt(value: unknown, keys: string[]): unknown {
    if (isSecret(value)) return hidden;
    if (keys.length === 0) return value;
    if (typeof value !== "object" || value === null) return undefined;
    const [key, ...rest] = keys;
    return Object.hasOwn(value, key) ? valueAt((value as Record<string, unknown>)[key], rest) : undefined;
}

function isSecret(value: unknown): boolean {
    return value === hidden || (typeof value === "object" && value !== null && specialSigKey in value);
}

/** A plain value as text; undefined for lists and objects, whose parts have paths of their own. */
function shown(value: unknown): string | undefined {
    if (value === hidden) return hidden;
    if (value === unknown) return "known later";
    return ["string", "number", "boolean"].includes(typeof value) ? JSON.stringify(value) : undefined;
}
