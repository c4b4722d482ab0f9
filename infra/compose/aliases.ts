import { networkAlias } from "../config/sections/service-aliases";
import type { Mentions } from "./mentions";
import { listOf, type Node, objectOf, textOf } from "./node";
import type { Report } from "./report";

/** A name besides its own under which Docker's DNS has a service. */
export interface Alias {
    text: string;
    at: Node;
    /** What gives it the name. A container mostly has the last two without others using them. */
    from: "aliases" | "links" | "container_name" | "hostname";
    /** The key and its value. */
    key: string;
}

/**
 * The further names of services; those that the settings `given` say instead of the files'. A link's alias is the linking service's own
 * in Compose; here, it is everybody's.
 */
export function aliasesIn(services: { [key: string]: Node }, given: Record<string, Record<string, unknown>> = {}): Record<string, Alias[]> {
    const all = Object.entries(services).flatMap(([name, node]) => {
        const entries = objectOf(node) ?? {};
        const found = (of: string, text: string | undefined, at: Node, from: Alias["from"], key: string) =>
            text ? [{ of, text, at, from, key: `services.${name}.${key} ${textOf(at)}` }] : [];
        return [
            ...Object.entries(objectOf(entries.networks) ?? {}).flatMap(([network, settings]) =>
                (listOf(objectOf(settings)?.aliases) ?? []).flatMap(at => found(name, textOf(at), at, "aliases", `networks.${network}.aliases`))),
            ...(listOf(entries.links) ?? []).flatMap(at => {
                const [target, text] = (textOf(at) ?? "").split(":");
                return found(target, text, at, "links", "links");
            }),
            ...(["container_name", "hostname"] as const).flatMap(key => entries[key] ? found(name, textOf(entries[key]), entries[key], key, key) : []),
        ];
    });
    return Object.fromEntries(Object.entries(services).map(([name, at]) => {
        const set = given[name]?.networkAliases;
        if (Array.isArray(set)) return [name, set.map((text): Alias => ({ text: String(text), at, from: "aliases", key: `landfall:app.services.${name}.networkAliases` }))];
        const own = all.filter(({ of, text }) => of === name && text.toLowerCase() !== name);
        return [name, own.filter(({ text }, index) => own.findIndex(each => each.text === text) === index)];
    }));
}

/** What a service's names depend on besides the service. */
interface Others {
    /** The further names of all services. */
    aliases: Record<string, Alias[]>;
    /** Whether anything connects to a service, by whatever name. */
    hasPort(name: string): boolean;
    mentions: Mentions;
    report: Report;
}

/** The further names that lead to the service and to nothing else. DNS doesn't tell capital letters from small ones. */
export function networkAliasesOf(name: string, others: Others): string[] {
    return [...new Set(others.aliases[name].filter(alias => isPossible(name, alias, others)).map(label))];
}

function label({ text }: Alias): string {
    return text.toLowerCase();
}

/** Whether the name is there for others. */
function isMeant({ from }: Alias): boolean {
    return from === "aliases" || from === "links";
}

function isPossible(name: string, alias: Alias, { aliases, hasPort, mentions, report }: Others): boolean {
    const { at, from, key } = alias;
    if (!isMeant(alias) && !mentions.isHost(name, alias.text)) {
        // Nobody misses the host name as a name for others; that the pod has another one is told anyway.
        if (from === "container_name") report.warn(at, `${key} is left out: pods have names of their own. Others find it under ${name} and landfall:app.services.${name}.networkAliases.`);
        return false;
    }
    // A job's or a worker's, such as one that several services have from an anchor.
    if (!hasPort(name)) {
        report.warn(at, `${key} is left out: ${name} has no port, so nothing connects to it.`);
        return false;
    }
    const isOthers = Object.hasOwn(aliases, label(alias))
        || Object.entries(aliases).some(([other, all]) => other !== name && hasPort(other) && all.some(each => label(each) === label(alias) && (isMeant(each) || !isMeant(alias))));
    const problem = !networkAlias.test(label(alias)) ? "it can't be a name in Kubernetes' DNS"
        : isOthers ? "another service has that name too, and each name leads to one service" : undefined;
    const way = `Let others connect to ${name}`;
    if (problem !== undefined && isMeant(alias)) report.refuse(at, `${key} can't be carried over: ${problem}. ${way}, and set landfall:app.services.${name}.networkAliases to its other names, or to [].`);
    else if (problem !== undefined) report.warn(at, `${key} is left out: ${problem}. ${way}.`);
    return problem === undefined;
}
