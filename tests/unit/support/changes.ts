import { Registered } from "../../../infra/cli/capture";
import { isObject } from "../../../infra/values";

/** What a change of config does to one resource. */
export interface Change {
    type: string;
    name: string;
    action: "create" | "delete" | "update" | "replace";
    /** Paths of the inputs that differ, such as `vpcConfig.publicAccessCidrs[0]`. */
    properties: string[];
    /** With `replace`: whether the old one goes before the new one is there. */
    deleteFirst?: boolean;
}

/** What the providers do about a changed input, as far as the program's types go. */
export interface ProviderRules {
    /**
     * Type → inputs whose change, or that of anything below them, replaces the resource, such as `vpcConfig.subnetIds`
     * or `rules[*].name`.
     */
    replacing: Record<string, string[]>;
    /** Types that give a new output, such as a version, with every update. */
    renewing?: string[];
    /** Type → the input that is the name in the cloud: where it is written out, the old one has to go first. */
    named?: Record<string, string>;
}

/**
 * What going from one capture to the other would do, resource by resource: in place, by replacement, or not at all. What depends
 * on a replaced resource through an input has that input changed too.
 */
export function changes(before: Registered[], after: Registered[], rules: ProviderRules): Change[] {
    const old = new Map(before.map(resource => [resource.urn, resource]));
    const found = new Map<string, Change>();
    // Registration follows dependency, so what a resource depends on is decided already.
    for (const resource of after) {
        const change = changeOf(old.get(resource.urn), resource, found, rules);
        if (change) found.set(resource.urn, change);
    }
    const kept = new Set(after.map(({ urn }) => urn));
    const deleted = before.filter(({ urn }) => !kept.has(urn))
        .map(({ type, name }): Change => ({ type, name, action: "delete", properties: [] }));
    return [...found.values(), ...deleted];
}

function changeOf(
    old: Registered | undefined, resource: Registered, found: Map<string, Change>, rules: ProviderRules,
): Change | undefined {
    const { type, name } = resource;
    if (!old) return { type, name, action: "create", properties: [] };
    const ignored = (path: string) => resource.ignoreChanges.some(ignore => covers(ignore, path));
    const own = differences(old.inputs, resource.inputs).filter(path => !ignored(path));
    const through = throughInputs(resource, found, rules);
    const renewed = [...through.replaced, ...through.updated].filter(path => !ignored(path));
    const properties = [...new Set([...own, ...renewed])];
    const provider = resource.provider?.split("::").slice(0, 4).join("::");
    const elsewhere = provider !== undefined && found.get(provider)?.action === "replace";
    if (properties.length === 0 && !elsewhere) return undefined;

    const replacing = [...rules.replacing[type] ?? [], ...resource.replaceOnChanges];
    const replaces = [...own, ...through.replaced.filter(path => !ignored(path))]
        .some(path => replacing.some(one => covers(one, path) || covers(path, one)));
    if (!replaces && !elsewhere) return { type, name, action: "update", properties };
    const nameInput = rules.named?.[type];
    const named = nameInput !== undefined && resource.inputs[nameInput] !== undefined && !own.includes(nameInput);
    return { type, name, action: "replace", properties, deleteFirst: resource.deleteBeforeReplace ?? named };
}

/** Inputs that take a value from a resource that is replaced, or whose output changes with every update. */
function throughInputs(resource: Registered, found: Map<string, Change>, { renewing = [] }: ProviderRules) {
    const inputsOf = (test: (change: Change) => boolean) => Object.entries(resource.propertyDependencies)
        .filter(([, urns]) => urns.some(urn => {
            const change = found.get(urn);
            return change !== undefined && test(change);
        })).map(([input]) => input);
    return {
        replaced: inputsOf(({ action }) => action === "replace"),
        updated: inputsOf(({ action, type }) => action === "update" && renewing.includes(type)),
    };
}

/** Whether the path is the other, or above it; `[*]` stands for any place in a list. */
function covers(path: string, other: string): boolean {
    const [one, two] = [path, other].map(text => text.replace(/\[\d+\]/g, "[*]"));
    return two === one || (two.startsWith(one) && /[.[]/.test(two[one.length]));
}

/** Paths at which two values differ. */
function differences(before: unknown, after: unknown, path = ""): string[] {
    if (Object.is(before, after)) return [];
    if (Array.isArray(before) && Array.isArray(after)) {
        const length = Math.max(before.length, after.length);
        return Array.from({ length }, (_, index) => index)
            .flatMap(index => differences(before[index], after[index], `${path}[${index}]`));
    }
    if (isObject(before) && isObject(after)) {
        const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
        return keys.flatMap(key => differences(before[key], after[key], path ? `${path}.${key}` : key));
    }
    return [path];
}
