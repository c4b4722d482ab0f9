import * as fs from "node:fs";
import * as path from "node:path";
import type { Loaded } from "./load";
import { listOf, objectOf, textOf, textsOf } from "./node";
import { parseMount } from "./values";

/** How other services mention one. Often nothing else in the files says that it listens, and at which port. */
export interface Mentions {
    /** Whether another service has its name as a host. */
    isHost(name: string): boolean;
    /** The ports in `name:PORT`. */
    ports(name: string): number[];
}

/** Larger files aren't searched for addresses. */
const mostBytes = 256 * 1024;

export function mentionsIn({ services, configs, directory }: Loaded): Mentions {
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
    const asHost = (name: string) => `(?<![\\w.-])${name.replace(/[^\w-]/g, "\\$&")}`;
    return {
        isHost: name => said.some(({ service, values }) => service !== name && values.some(text => new RegExp(`${asHost(name)}([:/]|$)`).test(text))),
        ports: name => {
            const found = said.filter(({ service }) => service !== name).flatMap(({ texts }) => texts)
                .flatMap(text => [...text.matchAll(new RegExp(`${asHost(name)}:(\\d{2,5})(?![\\w.])`, "g"))].map(([, port]) => Number(port)));
            // Less is a version, such as in postgres:16.
            return [...new Set(found)].filter(port => port >= 80 && port <= 65535);
        },
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
