import { listOf, type Node, objectOf, textOf } from "./node";
import { parseMount, parsePorts } from "./values";

/** A later file's value of these replaces an earlier one's. A mapping is a service of that name. */
const replaced = ["command", "entrypoint", "test"];

/** In these, a name without a value stands for the variable of that name where the command runs. */
const pairs = ["environment", "args"];

/** The notations of one service in a single form, so that they can be merged: lists of names or of `name=value` become mappings. */
export function normaliseService(service: Node): Node {
    const entries = objectOf(service);
    if (entries === undefined) return service;
    const { environment, sysctls, depends_on: dependsOn, networks, build, args = objectOf(build)?.args } = entries;
    const built = textOf(build) === undefined ? build : { ...build!, value: { context: build! } };
    return {
        ...service,
        value: {
            ...entries,
            ...(environment && { environment: asMapping(environment, pair) }),
            ...(sysctls && { sysctls: asMapping(sysctls, pair) }),
            ...(dependsOn && { depends_on: asMapping(dependsOn, nameOnly) }),
            ...(networks && { networks: asMapping(networks, nameOnly) }),
            ...(built && { build: args && objectOf(built) ? { ...built, value: { ...objectOf(built), args: asMapping(args, pair) } } : built }),
        },
    };
}

function asMapping(node: Node, entry: (item: Node) => [string, Node]): Node {
    const items = listOf(node);
    return items === undefined ? node : { ...node, value: Object.fromEntries(items.map(entry)) };
}

function pair(item: Node): [string, Node] {
    const text = textOf(item) ?? "";
    const equals = text.indexOf("=");
    return equals < 0 ? [text, { ...item, value: null }] : [text.slice(0, equals), { ...item, value: text.slice(equals + 1) }];
}

function nameOnly(item: Node): [string, Node] {
    return [textOf(item) ?? "", { ...item, value: null }];
}

/** An earlier and a later value as one; undefined if the later one resets it. `key` is their name. */
export function mergeNodes(base: Node | undefined, over: Node, key = ""): Node | undefined {
    if (over.tag === "reset") return undefined;
    if (base === undefined || over.tag === "override" || (replaced.includes(key) && !objectOf(over))) return withoutResets(over);
    if (over.value === null) return base;
    const [below, above] = [objectOf(base), objectOf(over)];
    if (below && above) {
        const names = [...new Set([...Object.keys(below), ...Object.keys(above)])];
        const own = (name: string) => Object.hasOwn(below, name) && !pairs.includes(key) ? below[name] : undefined;
        const merged = names.map(name => [name, Object.hasOwn(above, name) ? mergeNodes(own(name), above[name], name) : below[name]] as const);
        return { ...over, value: Object.fromEntries(merged.filter((entry): entry is [string, Node] => entry[1] !== undefined)) };
    }
    const [earlier, later] = [listOf(base), listOf(over)];
    if (!earlier || !later) return withoutResets(over);
    const identify = identities[key];
    const kept = identify ? earlier.filter(item => !later.some(other => identify(other) === identify(item))) : earlier;
    return { ...over, value: [...kept, ...later] };
}

/** What makes entries of these lists the same. */
const identities: Record<string, (item: Node) => string> = {
    volumes: item => textOf(objectOf(item)?.target) ?? parseMount(textOf(item) ?? "")?.target ?? textOf(item) ?? "",
    secrets: item => textOf(objectOf(item)?.target) ?? textOf(objectOf(item)?.source) ?? textOf(item) ?? "",
    configs: item => textOf(objectOf(item)?.target) ?? textOf(objectOf(item)?.source) ?? textOf(item) ?? "",
    ports: item => {
        const { target, published, protocol, host_ip: address } = objectOf(item) ?? {};
        if (target) return [textOf(target), textOf(published), textOf(protocol) ?? "tcp", textOf(address)].join(" ");
        const text = textOf(item) ?? "";
        const [first] = parsePorts(text) ?? [];
        return first ? [first.target, first.published, first.protocol, /^([\d.]+):/.exec(text)?.[1]].join(" ") : text;
    },
};

function withoutResets(node: Node): Node {
    const { tag: _, ...plain } = node;
    const entries = objectOf(node);
    if (entries) {
        return { ...plain, value: Object.fromEntries(Object.entries(entries).filter(([, value]) => value.tag !== "reset").map(([name, value]) => [name, withoutResets(value)])) };
    }
    return plain;
}
