import { exposedPorts, type KnownImage, listeningPorts } from "./images";
import { listOf, type Node, objectOf, textOf } from "./node";
import type { Image, Project } from "./service";
import { isLocal, parsePorts, type Port } from "./values";

/** Ports at which a program speaks something else than HTTP. */
const notHttp = [21, 22, 25, 53, 110, 143, 389, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2181, 3306, 5432, 5671, 5672, 6379, 8883, 9042, 9092, 11211, 27017];

/** How likely it is that people open the port in a browser. The gateway speaks HTTP to it, without encryption. */
function rank(port: number): number {
    return notHttp.includes(port) ? 2 : port === 443 || port === 8443 ? 1 : 0;
}

/** Whether people are meant to reach it. */
export function isServed({ ports, known }: { ports: Port[]; known: KnownImage }): boolean {
    return !known.isDatabase && ports.some(({ published, target }) => published !== undefined && rank(target) < 2);
}

/** The main port comes first: a published one, else a declared one, else what the image is known for. */
export function portsOf(name: string, entries: { [key: string]: Node }, { image, build }: Image, known: KnownImage, { report, mentions, isFixed }: Project): Port[] {
    const published = (listOf(entries.ports) ?? []).flatMap(node => {
        const long = objectOf(node);
        const target = textOf(long?.target);
        const found = long ? parsePorts(`${textOf(long.published) ? `${textOf(long.published)}:` : ""}${target ?? ""}/${textOf(long.protocol) ?? "tcp"}`) : parsePorts(textOf(node) ?? "");
        if (found === undefined) {
            report.wrong(node, `services.${name}.ports`, "[[HOST:]PUBLISHED:]CONTAINER[/PROTOCOL], such as 8080:80");
            return [];
        }
        return found.map(port => ({ ...port, ...(isLocal(textOf(long?.host_ip)) && { isLocal: true as const }), published: port.published ?? "", node }));
    });
    for (const { target, protocol, node } of published.filter(port => port.protocol !== "tcp")) {
        const key = `services.${name}.ports ${target}/${protocol}`;
        if (published.some(other => other.target === target && other.protocol === "tcp")) report.warn(node, `${key} is left out: connections here are over TCP, which it also accepts.`);
        else report.refuse(node, `${key} can't be carried over: connections here are over TCP. Leave it out if the service works without it.`);
    }
    const exposed = (listOf(entries.expose) ?? []).flatMap(node => parsePorts(textOf(node) ?? "") ?? report.wrong(node, `services.${name}.expose`, "a port, such as 3000") ?? []);
    const guessed = isFixed(name) ? [] : [...listeningPorts(image ?? ""), ...mentions.ports(name)];
    const declared = build ? exposedPorts(build.context, build.dockerfile ?? "Dockerfile") : known.port === undefined ? [] : [known.port];
    // An image is often run twice: by its own command to serve, and by another one for the work behind it.
    const isOther = build !== undefined && (entries.command ?? entries.entrypoint) !== undefined && published.length + exposed.length === 0;
    if (isOther && declared.length > 0 && !isFixed(name) && !mentions.isHost(name)) {
        report.warn(entries.command ?? entries.entrypoint, `services.${name} listens to nothing: its command isn't the image's, and no other service names it as a host. If it does listen, write expose: ["${declared[0]}"].`);
        return [];
    }
    const usual = [...declared, ...guessed].map(target => ({ target, protocol: "tcp" }));
    const ranked = published.map(({ node: _, ...port }) => port).sort((one, other) => rank(one.target) - rank(other.target));
    const all: Port[] = [...ranked, ...exposed, ...usual].filter(({ protocol }) => protocol === "tcp");
    return all.filter(({ target }, index) => all.findIndex(other => other.target === target) === index);
}
