import * as fs from "node:fs";
import * as path from "node:path";
import type { Alias } from "./aliases";
import type { Loaded } from "./load";
import { listOf, objectOf, textOf, textsOf } from "./node";
import { parseMount } from "./values";

/** How other services mention one. Often nothing else in the files says that it listens, and at which port. */
export interface Mentions {
    /** Whether another service has one of its names as a host, or this one. */
    isHost(name: string, host?: string): boolean;
    /** The ports in `name:PORT`, with any of its names. */
    ports(name: string): number[];
}

/** Larger files aren't searched for addresses. */
const mostBytes = 256 * 1024;

/** `aliases` has the services' further names. */
export function mentionsIn({ services, configs, directory }: Loaded, aliases: Record<string, Pick<Alias, "text">[]>): Mentions {
    const said = Object.entries(services).map(([service, node]) => {
        const entries = objectOf(node) ?? {};
        const values = [entries.environment, entries.command, entries.entrypoint].flatMap(textsOf);
        const inEnvFiles = textsOf(entries.env_file).flatMap(file => contentsAt(path.resolve(directory, file))).flatMap(text => text.split(/[\s='"]+/));
        const mounted = (listOf(entries.volumes) ?? []).flatMap(each => textOf(objectOf(each)?.source) ?? parseMount(textOf(each) ?? "")?.source ?? [])
            .filter(source => /^[.]/.test(source)).flatMap(source => contentsAt(path.resolve(directory, source)));
        const configured = (listOf(entries.configs) ?? []).flatMap(each => {
            const { content, file } = objectOf(configs[textOf(objectOf(each)?.source) ?? textOf(each) ?? ""]) ?? {};
            return [...textsOf(content), ...textsOf(file).flatMap(name => contentsAt(path.resolve(directory, name)))];
        });
        return { service, values: [...values, ...inEnvFiles], texts: [...values, ...inEnvFiles, ...mounted, ...configured] };
    });
    const asHost = (host: string) => `(?<![\\w.-])${host.replace(/[^\w-]/g, "\\$&")}`;
    const namesOf = (name: string) => [name, ...(aliases[name] ?? []).map(({ text }) => text)];
    const portsAt = (name: string, host: string) => said.filter(({ service }) => service !== name).flatMap(({ texts }) => texts)
        .flatMap(text => [...text.matchAll(new RegExp(`${asHost(host)}:(\\d{2,5})(?![\\w.])`, "g"))].map(([, port]) => Number(port)))
        // Less is a version, such as in postgres:16.
        .filter(port => port >= 80 && port <= 65535);
    const isNamed = (name: string, host: string) => said.some(({ service, values, texts }) => service !== name
        && (values.some(text => new RegExp(`${asHost(host)}([:/;,]|$)`).test(text)) || texts.some(text => new RegExp(`//${asHost(host)}(?![\\w.-])`).test(text))));
    return {
        isHost: (name, host) => (host === undefined ? namesOf(name) : [host]).some(each => isNamed(name, each) || portsAt(name, each).length > 0),
        ports: name => [...new Set(namesOf(name).flatMap(host => portsAt(name, host)))],
    };
}

/** The texts of a file, or of the files in a directory; none of what can't be read. */
function contentsAt(place: string): string[] {
    try {
        return textsAt(place);
    } catch {
        return [];
    }
}

function textsAt(place: string): string[] {
    const found = fs.statSync(place, { throwIfNoEntry: false });
    if (found?.isFile()) return found.size > mostBytes ? [] : [fs.readFileSync(place, "utf8")];
    if (!found?.isDirectory()) return [];
    return fs.readdirSync(place, { withFileTypes: true }).filter(entry => entry.isFile()).slice(0, 50).flatMap(entry => contentsAt(path.join(place, entry.name)));
}
