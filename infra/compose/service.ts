import * as path from "node:path";
import { asText } from "../services/environment";
import { exposedPorts, type KnownImage, knownImage } from "./images";
import type { Variables } from "./interpolation";
import { filesOf } from "./configs";
import { carried, uncarried } from "./keys";
import { listOf, type Node, objectOf, textOf } from "./node";
import { probesOf } from "./probes";
import type { Report } from "./report";
import { replicasOf, resourcesOf } from "./resources";
import { environmentOf } from "./variables";
import { parseDuration, parsePorts, type Port, splitWords } from "./values";
import { volumesOf } from "./volumes";

/** What a service's conversion depends on besides the service itself. */
export interface Project {
    /** Directory that relative paths begin in. */
    directory: string;
    variables: Variables;
    report: Report;
    /** Contents of `volumes` at the top, by name. */
    volumes: { [key: string]: Node };
    /** Contents of `configs` at the top, by name. */
    configs: { [key: string]: Node };
    /** Adds a secret and returns its name in landfall:secrets. */
    addSecret(name: string, content: string): string;
    /** The name in landfall:secrets of a secret at the top; undefined if it can't be read. */
    secretNamed(name: string, at: Node): string | undefined;
}

/** A service in the form of `landfall:app.services.<name>`, and what decides about the others. */
export interface Converted {
    settings: Record<string, unknown>;
    node: Node;
    known: KnownImage;
    ports: Port[];
    networks: string[];
}

export function convertService(name: string, node: Node, project: Project): Converted | undefined {
    const { report } = project;
    const entries = objectOf(node);
    if (entries === undefined) return report.wrong(node, `services.${name}`, "a mapping");
    checkKeys(name, entries, report);
    const image = imageOf(name, node, entries, project);
    if (image === undefined) return undefined;
    const known = image.image === undefined ? {} : knownImage(image.image);
    const ports = portsOf(name, entries, image, known, project);
    const storage = volumesOf(name, entries, known, image.build?.context, project);
    const [port, ...others] = ports.map(({ target }) => target);
    const { env, secrets } = environmentOf(name, entries, known, Object.keys(storage.volumes), project);
    const uid = uidOf(name, entries, known, report);
    const grace = entries.stop_grace_period && durationOf(entries.stop_grace_period, `services.${name}.stop_grace_period`, report);
    const settings = {
        ...image,
        ...(port !== undefined && { port }), ...(others.length > 0 && { tcpPorts: others }),
        ...commandsOf(name, entries, report),
        ...(textOf(entries.working_dir) !== undefined && { workingDir: textOf(entries.working_dir) }),
        ...(uid !== undefined && { uid }),
        ...resourcesOf(name, entries, report),
        ...replicasOf(name, entries, Object.keys(storage.volumes).length > 0, ports.some(({ published }) => published !== undefined) && !known.isDatabase, report),
        environment: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, asText(value)])),
        secrets: { ...secrets, ...secretFilesOf(name, entries, project) },
        files: filesOf(name, entries, project),
        ...storage,
        probes: probesOf(name, entries.healthcheck, port !== undefined, report),
        after: dependenciesOf(name, entries, report),
        ...(grace !== undefined && { graceSeconds: Math.max(1, Math.ceil(grace)) }),
    };
    return { settings, node, known, ports, networks: networksOf(entries) };
}

function checkKeys(name: string, entries: { [key: string]: Node }, report: Report): void {
    if (!/^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/.test(name)) {
        report.refuse(Object.values(entries)[0] ?? { file: "", line: 0 }, `services.${name} can't be a name in Kubernetes' DNS: use lower-case letters, digits and "-", `
            + "at most 30, here and wherever others connect to it");
    }
    for (const [key, node] of Object.entries(entries)) {
        const at = `services.${name}.${key}`;
        if (carried.includes(key) || key.startsWith("x-")) continue;
        const found = Object.hasOwn(uncarried, key) ? uncarried[key] : undefined;
        if (found === undefined) report.refuse(node, `${at} is no key of the Compose specification`);
        else if (found.refused) report.refuse(node, `${at} can't be carried over: ${found.reason}.`);
        else report.warn(node, `${at} is left out: ${found.reason}.`);
    }
    if (entries.privileged?.value === true) {
        report.refuse(entries.privileged, `services.${name}.privileged can't be carried over: the Pod Security Standard \`restricted\` forbids it. Leave it out.`);
    }
    const mode = textOf(entries.network_mode);
    if (mode !== undefined && mode !== "bridge" && mode !== "none") {
        report.refuse(entries.network_mode, `services.${name}.network_mode ${mode} can't be carried over: a pod has a network of its own. Use ports, and names of services.`);
    }
    for (const link of listOf(entries.links) ?? []) {
        const [service, alias = service] = (textOf(link) ?? "").split(":");
        if (alias !== service) report.refuse(link, `services.${name}.links calls ${service} ${alias}: services are found under their own names only. Use ${service}.`);
    }
    for (const option of listOf(entries.security_opt) ?? []) {
        if (!/^no-new-privileges(:true)?$/.test(textOf(option) ?? "")) {
            report.refuse(option, `services.${name}.security_opt ${textOf(option)} can't be carried over: every pod has seccomp's default profile and no privileges.`);
        }
    }
    const restart = textOf(entries.restart);
    if (restart !== undefined && !["always", "unless-stopped"].includes(restart)) {
        report.warn(entries.restart, `services.${name}.restart ${restart} is left out: Kubernetes always restarts a container that ends.`);
    }
    const signal = textOf(entries.stop_signal);
    if (signal !== undefined && !/^(SIG)?TERM$/i.test(signal)) {
        report.warn(entries.stop_signal, `services.${name}.stop_signal ${signal} is left out: write STOPSIGNAL ${signal} into the Dockerfile.`);
    }
}

interface Image {
    image?: string;
    build?: { context: string; dockerfile?: string; args?: Record<string, string>; target?: string };
}

const buildKeys = ["context", "dockerfile", "args", "target"];

function imageOf(name: string, node: Node, entries: { [key: string]: Node }, { directory, report, variables }: Project): Image | undefined {
    const key = `services.${name}`;
    const build = objectOf(entries.build);
    if (build === undefined) {
        const image = textOf(entries.image);
        if (image === undefined) {
            report.refuse(node, `${key} has neither an image nor a build`);
            return undefined;
        }
        if (/(:[^/]*|@.*)$/.test(image)) return { image };
        report.warn(entries.image, `${key}.image ${image} has no tag, which means latest: nodes may run different versions. Write ${image}:VERSION.`);
        return { image: `${image}:latest` };
    }
    for (const [other, value] of Object.entries(build).filter(([each]) => !buildKeys.includes(each) && !each.startsWith("x-"))) {
        const breaks = ["secrets", "ssh", "additional_contexts", "dockerfile_inline", "network", "privileged", "entitlements"].includes(other);
        if (breaks) report.refuse(value, `${key}.build.${other} can't be carried over: an image is built from its context and arguments only.`);
        else report.warn(value, `${key}.build.${other} is left out: it doesn't change what is built.`);
    }
    const context = textOf(build.context) ?? ".";
    if (/^(\w+:\/\/|git@|github\.com\/)/.test(context)) return report.wrong(build.context, `${key}.build.context`, "a directory on this computer");
    const args = Object.entries(objectOf(build.args) ?? {}).flatMap(([arg, value]) => {
        const text = textOf(value) ?? variables[arg];
        return text === undefined ? [] : [[arg, text]];
    });
    return {
        build: {
            // A path of this computer would make the state differ between computers.
            context: path.relative(process.cwd(), path.join(directory, context)).split(path.sep).join("/") || ".",
            ...(textOf(build.dockerfile) !== undefined && { dockerfile: textOf(build.dockerfile) }),
            ...(args.length > 0 && { args: Object.fromEntries(args) as Record<string, string> }),
            ...(textOf(build.target) !== undefined && { target: textOf(build.target) }),
        },
    };
}

/** The main port comes first: a published one, else a declared one, else what the image is known for. */
function portsOf(name: string, entries: { [key: string]: Node }, { build }: Image, known: KnownImage, { report }: Project): Port[] {
    const published = (listOf(entries.ports) ?? []).flatMap(node => {
        const long = objectOf(node);
        const target = textOf(long?.target);
        const found = long ? parsePorts(`${textOf(long.published) ? `${textOf(long.published)}:` : ""}${target ?? ""}/${textOf(long.protocol) ?? "tcp"}`) : parsePorts(textOf(node) ?? "");
        if (found === undefined) {
            report.wrong(node, `services.${name}.ports`, "[[HOST:]PUBLISHED:]CONTAINER[/PROTOCOL], such as 8080:80");
            return [];
        }
        if (found.some(({ protocol }) => protocol !== "tcp")) {
            report.refuse(node, `services.${name}.ports has ${found[0].protocol}, and connections here are over TCP. Leave it out.`);
        }
        return found.map(port => ({ ...port, published: port.published ?? "" }));
    });
    const exposed = (listOf(entries.expose) ?? []).flatMap(node => parsePorts(textOf(node) ?? "") ?? report.wrong(node, `services.${name}.expose`, "a port, such as 3000") ?? []);
    const declared = build ? exposedPorts(build.context, build.dockerfile ?? "Dockerfile") : known.port === undefined ? [] : [known.port];
    const usual = declared.map(target => ({ target, protocol: "tcp" }));
    const all: Port[] = [...published, ...exposed, ...usual];
    return all.filter(({ target }, index) => all.findIndex(other => other.target === target) === index);
}

function wordsOf(node: Node | undefined, key: string, report: Report): string[] | undefined {
    if (node === undefined || node.value === null) return undefined;
    const items = listOf(node);
    return items ? items.map(item => textOf(item) ?? "") : splitWords(textOf(node) ?? "") ?? report.wrong(node, key, "a command whose quotes are closed");
}

/** Docker's entrypoint is Kubernetes' command, and Docker's command is its arguments. */
function commandsOf(name: string, { entrypoint, command }: { [key: string]: Node }, report: Report): { command?: string[]; args?: string[] } {
    const program = wordsOf(entrypoint, `services.${name}.entrypoint`, report);
    const words = wordsOf(command, `services.${name}.command`, report) ?? [];
    // An empty entrypoint removes the image's own.
    if (program?.length === 0) return words.length > 0 ? { command: words } : {};
    return { ...(program && { command: program }), ...(words.length > 0 && { args: words }) };
}

function uidOf(name: string, { user }: { [key: string]: Node }, known: KnownImage, report: Report): number | undefined {
    const text = textOf(user);
    if (text === undefined) return known.uid;
    const [uid, gid = uid] = text.split(":");
    const key = `services.${name}.user ${text}`;
    if (/^(0|root)$/.test(uid)) {
        report.warn(user, `${key} is left out: no container runs as root. It runs as landfall:app.services.${name}.uid, and writes to volumes and ephemeral directories only.`);
        return known.uid;
    }
    if (!/^\d+$/.test(uid)) {
        report.warn(user, `${key} is left out: Kubernetes needs the user's number. Set landfall:app.services.${name}.uid.`);
        return known.uid;
    }
    if (gid !== uid) report.warn(user, `${key}: the group is left out. A container's group has its user's number.`);
    return Number(uid);
}

function secretFilesOf(name: string, { secrets }: { [key: string]: Node }, project: Project): Record<string, string> {
    return Object.fromEntries((listOf(secrets) ?? []).flatMap(node => {
        const long = objectOf(node);
        const source = textOf(long?.source) ?? textOf(node);
        if (source === undefined) return project.report.wrong(node, `services.${name}.secrets`, "the name of a secret, or a mapping with `source`") ?? [];
        const target = textOf(long?.target) ?? source;
        const secret = project.secretNamed(source, node);
        return secret === undefined ? [] : [[path.posix.resolve("/run/secrets", target), secret]];
    }));
}

function dependenciesOf(name: string, { depends_on: dependsOn }: { [key: string]: Node }, report: Report): string[] {
    return Object.entries(objectOf(dependsOn) ?? {}).map(([other, node]) => {
        if (textOf(objectOf(node)?.condition) === "service_completed_successfully") {
            report.refuse(node, `services.${name}.depends_on.${other} waits for its end, and every service here runs on. Do ${other}'s work in ${name}'s entrypoint.`);
        }
        return other;
    });
}

function networksOf({ networks, network_mode: mode }: { [key: string]: Node }): string[] {
    if (textOf(mode) === "none") return [];
    return networks === undefined || networks.value === null ? ["default"] : Object.keys(objectOf(networks) ?? {});
}

export function durationOf(node: Node, key: string, report: Report): number | undefined {
    return parseDuration(textOf(node) ?? "") ?? report.wrong(node, key, "a duration, such as 30s or 1m30s");
}
