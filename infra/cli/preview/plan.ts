import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation/events";
import { specialSigKey } from "@pulumi/pulumi/runtime/rpc";
import { isObject } from "../../values";
import { isOfOurPlugins, withoutColours } from "../engine/events";
import { dataIn } from "./data";

export type Operation = "create" | "update" | "replace" | "delete";
export const operations: readonly Operation[] = ["create", "update", "replace", "delete"];

/** What happens to one resource. */
export interface Change {
    operation: Operation;
    urn: string;
    type: string;
    /** The properties that differ; values only where they are plain and not secret. */
    properties: PropertyChange[];
    /** What is lost by it; undefined if nothing is. */
    data?: string;
    /** Whether what is deleted stays where it is, and the stack only forgets it. */
    retained?: boolean;
}

export interface PropertyChange {
    path: string;
    /** Whether the resource is replaced because of it. */
    replaces: boolean;
    from?: string;
    to?: string;
}

/** What a preview says of one stack. */
export interface Plan {
    stack: string;
    counts: Record<Operation | "same", number>;
    changes: Change[];
    warnings: string[];
    /** Why the preview failed; empty if it didn't. */
    errors: string[];
    /** What else a reader should know, such as that the stack is new. */
    notes: string[];
}

/** An operation of the engine as a reader sees it; undefined if nothing changes. */
const seenAs: Record<string, Operation | undefined> = {
    create: "create", import: "create", update: "update", delete: "delete", discard: "delete",
    replace: "replace", "create-replacement": "replace", "delete-replaced": "replace", "import-replacement": "replace",
    "read-replacement": "replace", "discard-replaced": "replace",
};
/** Operations on what the stack only reads: forgetting it deletes nothing. */
const isRead = /^(discard|read-)/;
/** What Pulumi writes for a value that it will only know later. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** Resources whose values aren't shown at all. */
const concealed = /^(kubernetes:core\/v1:Secret$|random:|command:|pulumi:providers:)/;
const hidden = "[secret]";
/** Pulumi's note of where a plugin is on the computer that previews, which is nobody else's business. */
const isOfPath = /^using pulumi-\S+ from \$PATH at /;
/** Pulumi's own, which it doesn't count either. */
const isDefaultProvider = /\$?pulumi:providers:[\w-]+::default(_|$)/;

/**
 * What the engine's events say. Debug messages are left out, because they contain secrets. `kind` is what was asked of the
 * engine: a refresh tells the difference only after it has looked.
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

/** A replacement comes as several steps: what each knows is kept. */
function note(changes: Map<string, Change>, step: StepEventMetadata): void {
    const operation = seenAs[step.op];
    if (!operation) return;
    const { urn, type, old } = step;
    const before = changes.get(urn);
    const found: Change = before ?? { operation, urn, type, properties: [] };
    // A copy that an interrupted replacement left is deleted beside what happens to the new one.
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

/** The paths at which two objects differ: a refresh doesn't always say. */
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
    // What has drifted may differ in the outputs only.
    const asked = before === hidden || after === hidden || JSON.stringify(before) !== JSON.stringify(after);
    const from = shown((asked ? before : undefined) ?? valueAt(old?.outputs, keys) ?? before);
    const to = shown((asked ? after : undefined) ?? valueAt(next?.outputs, keys) ?? after);
    // A value that took a secret's place, or gives way to one, may be one too.
    const hides = from === hidden || to === hidden;
    return { ...(from !== undefined && { from: hides ? hidden : from }), ...(to !== undefined && { to: hides ? hidden : to }) };
}

/** @example keysOf('spec.containers[0]["a.b"]') // ["spec", "containers", "0", "a.b"] */
function keysOf(path: string): string[] {
    return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)]
        .map(([, quoted, index, plain]) => quoted?.replace(/\\(.)/g, "$1") ?? index ?? plain);
}

/** The value there; a secret as a whole hides what is in it. */
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

/** A plain value as text; nothing of lists and objects, whose parts have paths of their own. */
function shown(value: unknown): string | undefined {
    if (value === hidden) return hidden;
    if (value === unknown) return "known later";
    return ["string", "number", "boolean"].includes(typeof value) ? JSON.stringify(value) : undefined;
}
