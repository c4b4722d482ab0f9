import type { Registration } from "./registration";
import type { ResourceState } from "./state";
import type { Difference, Handler } from "./types";
import { equal, isObject, type Value, type Values } from "./values";

/** What is to be done about a registered resource. */
export type Plan =
    | { action: "create" | "same" | "update"; inputs: Values }
    | { action: "replace"; inputs: Values; deleteFirst: boolean };

/** What a plan depends on beside the resource itself. */
export interface Surroundings {
    /** Inputs of the explicit provider. */
    provider: Values;
    /** Whether the resource with whose deletion this one goes is replaced in this run. */
    goesWithReplaced: boolean;
}

/** Decides what is to be done, in the way of Pulumi's engine. */
export function plan(
    registration: Registration,
    old: ResourceState | undefined,
    handler: Handler,
    { provider, goesWithReplaced }: Surroundings,
): Plan {
    const complete = (previous?: ResourceState) => handler.check?.(registration, previous) ?? registration.inputs;
    if (!old) return { action: "create", inputs: complete() };

    const completed = complete(old);
    const inputs = withIgnored(completed, old.inputs, registration.ignoreChanges);
    const { change, deleteFirst } = difference(registration, old, inputs, handler, provider, goesWithReplaced);
    if (change === "replace") {
        // A new one gets a new name, unless the old one has gone when it comes.
        const first = registration.deleteBeforeReplace ?? deleteFirst ?? false;
        return { action: "replace", inputs: first ? inputs : complete(), deleteFirst: first };
    }
    // What never came about has nothing that a change could be ignored of.
    if (old.underWay === "create") return { action: "create", inputs: completed };
    return { action: change === "update" || old.underWay ? "update" : "same", inputs };
}

function difference(
    registration: Registration,
    old: ResourceState,
    inputs: Values,
    handler: Handler,
    provider: Values,
    goesWithReplaced: boolean,
): Difference {
    // In another cluster there is nothing of the old one in the way.
    if (goesWithReplaced || registration.provider !== old.provider) return { change: "replace" };
    const own = handler.diff?.(old, inputs, provider);
    const found = own ?? { change: equal(old.inputs, inputs) ? "none" : "update" };
    const forced = registration.replaceOnChanges.some(path => {
        const keys = parsePath(path);
        return !equal(get(old.inputs, keys), get(inputs, keys));
    });
    return forced ? { change: "replace", deleteFirst: found.deleteFirst } : found;
}

/** The inputs with the old values where the program ignores changes. */
function withIgnored(inputs: Values, old: Values, paths: string[]): Values {
    return paths.map(parsePath).reduce((result, keys) => set(result, keys, get(old, keys)), inputs);
}

/** `spec.template["a.b"][0]` as a list of keys, up to a wildcard. */
function parsePath(path: string): string[] {
    const matches = [...path.matchAll(/\["([^"]*)"\]|\[(\d+|\*)\]|([^.[\]]+)/g)];
    const keys = matches.map(([, quoted, index, name]) => quoted ?? index ?? name);
    const wildcard = keys.indexOf("*");
    return wildcard < 0 ? keys : keys.slice(0, wildcard);
}

function get(value: Value | undefined, [key, ...rest]: string[]): Value | undefined {
    if (key === undefined) return value;
    if (Array.isArray(value)) return get(value[Number(key)], rest);
    return isObject(value) ? get(value[key], rest) : undefined;
}

function set(values: Values, [key, ...rest]: string[], value: Value | undefined): Values {
    if (key === undefined) return values;
    const { [key]: current, ...others } = values;
    if (rest.length === 0) return value === undefined ? others : { ...others, [key]: value };
    if (Array.isArray(current)) {
        return { ...others, [key]: Object.values(set({ ...current } as unknown as Values, rest, value)) };
    }
    return isObject(current) ? { ...others, [key]: set(current, rest, value) } : values;
}
