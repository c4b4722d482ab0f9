import type { Readiness } from "./await";
import { asObject, isObject, items, type Value, type Values } from "./values";

/**
 * The annotation `pulumi.com/waitFor`: one expression or a JSON list of them, each `condition=Type[=Status]` or
 * `jsonpath={.path}[=value]`. Of JSONPath only names and indices are known. What a controller has said of an older
 * generation of the object counts for nothing.
 */
export function waitForConditions(object: Values, annotation: string): Readiness {
    const expressions = annotation.trimStart().startsWith("[") ? (JSON.parse(annotation) as string[]) : [annotation];
    const open = expressions.find(expression => !isMet(object, expression));
    return open === undefined ? { ready: true } : { ready: false, reason: `waiting for ${open}` };
}

function isMet(object: Values, expression: string): boolean {
    const status = asObject(object.status);
    const condition = /^condition=([^=]+)(?:=(.+))?$/.exec(expression);
    if (condition) {
        const [, type, wanted = "True"] = condition;
        const found = items(status.conditions).find(entry => entry.type === type) ?? {};
        const current = isObserved(object, found.observedGeneration ?? status.observedGeneration);
        return current && String(found.status).toLowerCase() === wanted.toLowerCase();
    }
    const path = /^jsonpath=\{((?:\.[\w-]+|\[\d+\])+)\}(?:=(.+))?$/.exec(expression);
    if (!path) throw new Error(`the offline engine can't do pulumi.com/waitFor: ${expression}`);
    if (!isObserved(object, status.observedGeneration)) return false;
    const value = (path[1].match(/[\w-]+/g) ?? []).reduce<Value | undefined>(step, object);
    if (path[2] === undefined) return value !== undefined && value !== null && value !== "";
    return String(value) === path[2].replace(/^["']|["']$/g, "");
}

/** Whether a controller that tells which generation it has seen has seen this one. */
function isObserved(object: Values, observed: Value | undefined): boolean {
    return Number(observed ?? Infinity) >= Number(asObject(object.metadata).generation ?? 0);
}

function step(value: Value | undefined, key: string): Value | undefined {
    return Array.isArray(value) ? value[Number(key)] : isObject(value) ? value[key] : undefined;
}
