import type { Readiness } from "./await";
import { asObject, isObject, items, type Value, type Values } from "./values";

/**
 * The annotation `pulumi.com/waitFor`: one expression or a JSON list of them, each `condition=Type[=Status]` or
 * `jsonpath={.path}[=value]`. Of JSONPath only names and indices are known.
 */
export function waitForConditions(object: Values, annotation: string): Readiness {
    const expressions = annotation.trimStart().startsWith("[") ? (JSON.parse(annotation) as string[]) : [annotation];
    const open = expressions.find(expression => !isMet(object, expression));
    return open === undefined ? { ready: true } : { ready: false, reason: `waiting for ${open}` };
}

function isMet(object: Values, expression: string): boolean {
    const condition = /^condition=([^=]+)(?:=(.+))?$/.exec(expression);
    if (condition) {
        const [, type, wanted = "True"] = condition;
        const found = items(asObject(object.status).conditions).find(entry => entry.type === type);
        return String(found?.status).toLowerCase() === wanted.toLowerCase();
    }
    const path = /^jsonpath=\{((?:\.[\w-]+|\[\d+\])+)\}(?:=(.+))?$/.exec(expression);
    if (!path) throw new Error(`the offline engine can't do pulumi.com/waitFor: ${expression}`);
    const value = (path[1].match(/[\w-]+/g) ?? []).reduce<Value | undefined>(step, object);
    if (path[2] === undefined) return value !== undefined && value !== null && value !== "";
    return String(value) === path[2].replace(/^["']|["']$/g, "");
}

function step(value: Value | undefined, key: string): Value | undefined {
    return Array.isArray(value) ? value[Number(key)] : isObject(value) ? value[key] : undefined;
}
