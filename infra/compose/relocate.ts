import * as path from "node:path";
import { listOf, type Node, objectOf, textOf } from "./node";

/** The sections of a file in another directory, with paths that mean the same in `to`: relative ones, except to another drive of Windows. */
export function relocated(
    sections: { [key: string]: Node }, from: string, to: string, system: Pick<typeof path, "isAbsolute" | "relative" | "resolve" | "sep"> = path,
): { [key: string]: Node } {
    if (system.resolve(from) === system.resolve(to)) return sections;
    const moved = (node: Node): Node => {
        const given = textOf(node);
        if (given === undefined || /^([/~]|\\\\|[A-Za-z]:[\\/]|\w+:\/\/|git@|github\.com\/)/.test(given)) return node;
        const way = system.relative(to, system.resolve(from, given));
        const written = way.split(system.sep).join("/") || ".";
        return { ...node, value: written.startsWith(".") || system.isAbsolute(way) ? written : `./${written}` };
    };
    const entriesMoved = (key: string) => (node: Node): Node => withKeys(node, { [key]: moved });
    const mountMoved = (node: Node): Node => {
        if (objectOf(node)) return textOf(objectOf(node)!.type) === "bind" ? withKeys(node, { source: moved }) : node;
        const [, source, rest] = /^(\.[^:]*)(:.*)$/.exec(textOf(node) ?? "") ?? [];
        return source === undefined ? node : { ...node, value: `${String(moved({ ...node, value: source }).value)}${rest}` };
    };
    const service = (node: Node): Node => withKeys(node, {
        build: build => objectOf(build) ? entriesMoved("context")({ ...build, value: { context: { ...build, value: "." }, ...objectOf(build) } }) : moved(build),
        env_file: files => listOf(files) ? { ...files, value: listOf(files)!.map(each => objectOf(each) ? entriesMoved("path")(each) : moved(each)) } : objectOf(files) ? entriesMoved("path")(files) : moved(files),
        volumes: volumes => listOf(volumes) ? { ...volumes, value: listOf(volumes)!.map(mountMoved) } : volumes,
    });
    const each = (change: (node: Node) => Node) => (section: Node): Node => withKeys(section, Object.fromEntries(Object.keys(objectOf(section) ?? {}).map(name => [name, change])));
    return objectOf(withKeys({ file: "", line: 0, value: sections }, { services: each(service), secrets: each(entriesMoved("file")), configs: each(entriesMoved("file")) }))!;
}

/** The mapping with some of its values changed. */
function withKeys(node: Node, changes: Record<string, (value: Node) => Node>): Node {
    const entries = objectOf(node);
    return entries === undefined ? node
        : { ...node, value: Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, Object.hasOwn(changes, key) ? changes[key](value) : value])) };
}
