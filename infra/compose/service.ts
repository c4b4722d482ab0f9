import * as path from "node:path";
import { asText } from "../services/environment";
import { type KnownImage, knownImage } from "./images";
import type { Variables } from "./interpolation";
import { checkKeys } from "./checks";
import { filesOf } from "./configs";
import type { Mentions } from "./mentions";
import { listOf, type Node, objectOf, textOf } from "./node";
import { isServed, portsOf } from "./ports";
import { probesOf } from "./probes";
import type { Report } from "./report";
import { jobMode, replicasOf, resourcesOf } from "./resources";
import { environmentOf, secretsWithin } from "./variables";
import { parseDuration, type Port, splitWords } from "./values";
import { type Storage, storageOf } from "./volumes";

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
    mentions: Mentions;
    /** Whether the settings say what its volumes are. It stays the workload that has them, so no port is guessed: that could make it another. */
    isFixed(name: string): boolean;
    /** Whether it ends when its work is done: another service waits for that, or the settings say so. */
    isJob(name: string): boolean;
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
    sources: Storage["sources"];
    onlyRead: Storage["onlyRead"];
}

export function convertService(name: string, node: Node, project: Project): Converted | undefined {
    const { report } = project;
    const entries = objectOf(node);
    if (entries === undefined) return report.wrong(node, `services.${name}`, "a mapping");
    const isJob = project.isJob(name);
    checkKeys(name, entries, isJob, report);
    const image = imageOf(name, node, entries, project);
    if (image === undefined) return undefined;
    const known = image.image === undefined ? {} : knownImage(image.image);
    const ports = isJob ? [] : portsOf(name, entries, image, known, project);
    const { sources, onlyRead, ...storage } = storageOf(name, entries, known, image.build?.context, project);
    const [port, ...others] = ports.map(({ target }) => target);
    const { env, secrets } = environmentOf(name, entries, known, Object.keys(storage.volumes), project);
    const uid = uidOf(name, entries, known, report);
    const grace = entries.stop_grace_period && durationOf(entries.stop_grace_period, `services.${name}.stop_grace_period`, report);
    const contents = together({
        files: { ...storage.files, ...filesOf(name, entries, project) },
        secrets: { ...secrets, ...storage.secrets, ...secretFilesOf(name, entries, project) },
    }, project);
    const commands = commandsOf(name, entries, report);
    for (const variable of secretsWithin([...commands.command ?? [], ...commands.args ?? [], ...Object.values(contents.files)], project.variables)) {
        report.warn(node, `services.${name} has the value of ${variable} in its command or in a file that isn't secret: whoever reads the stack's state reads it. `
            + `If the program can, let it read the variable from its environment, where it is a secret.`);
    }
    const settings = {
        ...image,
        ...(isJob && { job: true }),
        ...(port !== undefined && { port }), ...(others.length > 0 && { tcpPorts: others }),
        ...commands,
        ...workingDirOf(name, entries, report),
        ...(uid !== undefined && { uid }),
        ...resourcesOf(name, entries, report),
        ...replicasOf(name, entries, { isJob, hasVolume: Object.keys(storage.volumes).length > 0, isServed: isServed({ ports, known }) }, report),
        environment: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, asText(value)])),
        volumes: storage.volumes, ephemeral: storage.ephemeral,
        ...contents,
        probes: isJob ? {} : probesOf(name, entries.healthcheck, port !== undefined, report),
        after: dependenciesOf(name, entries, report),
        ...(grace !== undefined && { graceSeconds: Math.max(1, Math.ceil(grace)) }),
    };
    return { settings, node, known, ports, networks: networksOf(entries), sources, onlyRead };
}

export interface Image {
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
            context: path.relative(process.cwd(), path.resolve(directory, context)).split(path.sep).join("/") || ".",
            ...(textOf(build.dockerfile) !== undefined && { dockerfile: textOf(build.dockerfile) }),
            ...(args.length > 0 && { args: Object.fromEntries(args) as Record<string, string> }),
            ...(textOf(build.target) && { target: textOf(build.target) }),
        },
    };
}

function wordsOf(node: Node | undefined, key: string, report: Report): string[] | undefined {
    if (node === undefined || node.value === null) return undefined;
    const items = listOf(node);
    if (items) return items.map(item => textOf(item) ?? "");
    const { words, rest } = splitWords(textOf(node) ?? "") ?? { words: report.wrong(node, key, "a command whose quotes and parentheses are closed"), rest: "" };
    if (rest !== "") report.warn(node, `${key}: ${JSON.stringify(rest)} is left out, as Compose leaves it out: no shell reads the command. Write ["sh", "-c", "…"] to have one.`);
    return words;
}

function workingDirOf(name: string, { working_dir: node }: { [key: string]: Node }, report: Report): { workingDir?: string } {
    const workingDir = textOf(node);
    if (!workingDir) return {};
    return workingDir.startsWith("/") ? { workingDir: path.posix.resolve(workingDir) } : report.wrong(node, `services.${name}.working_dir`, "an absolute path, such as /srv/app") ?? {};
}

/** Docker's entrypoint is Kubernetes' command, and Docker's command is its arguments. */
function commandsOf(name: string, { entrypoint, command }: { [key: string]: Node }, report: Report): { command?: string[]; args?: string[] } {
    const program = wordsOf(entrypoint, `services.${name}.entrypoint`, report);
    const words = wordsOf(command, `services.${name}.command`, report) ?? [];
    // An empty entrypoint removes the image's own.
    if (program?.length === 0) {
        if (words.length > 0) return { command: words };
        report.refuse(entrypoint, `services.${name}.entrypoint removes the image's, and only the image knows its command. Write the command too, as it is in the Dockerfile's CMD`);
    }
    return { ...(program?.length && { command: program }), ...(words.length > 0 && { args: words }) };
}

function uidOf(name: string, { user }: { [key: string]: Node }, known: KnownImage, report: Report): number | undefined {
    const text = textOf(user);
    if (!text) return known.uid;
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
        for (const key of ["uid", "gid", "mode"].filter(each => long?.[each])) {
            project.report.warn(long![key], `services.${name}.secrets.${source}.${key} is left out: the service's user reads the file, and nobody writes it.`);
        }
        const secret = project.secretNamed(source, node);
        return secret === undefined ? [] : [[path.posix.resolve("/run/secrets", target), secret]];
    }));
}

/** A directory with secret files has no others: what isn't secret there is brought the same way. */
function together({ files, secrets }: { files: Record<string, string>; secrets: Record<string, string> }, { addSecret }: Project) {
    const directories = new Set(Object.keys(secrets).filter(place => place.startsWith("/")).map(place => path.posix.dirname(place)));
    const isBeside = (place: string) => directories.has(path.posix.dirname(place));
    return {
        files: Object.fromEntries(Object.entries(files).filter(([place]) => !isBeside(place))),
        secrets: {
            ...secrets,
            ...Object.fromEntries(Object.entries(files).filter(([place]) => isBeside(place)).map(([place, content]) => [place, addSecret(`file${place.replaceAll("/", "-")}`, content)])),
        },
    };
}

const completed = "service_completed_successfully";

/** Names of the services whose end others wait for, or which Swarm would run to completion. */
export function jobsIn(services: { [key: string]: Node }): string[] {
    const ofSwarm = Object.keys(services).filter(name => textOf(objectOf(objectOf(services[name])?.deploy)?.mode) === jobMode);
    return [...ofSwarm, ...Object.values(services).flatMap(node => Object.entries(objectOf(objectOf(node)?.depends_on) ?? {}))
        .filter(([, node]) => textOf(objectOf(node)?.condition) === completed).map(([name]) => name)];
}

/** A link is a dependency too. */
function dependenciesOf(name: string, { depends_on: dependsOn, links }: { [key: string]: Node }, report: Report): string[] {
    const linked = (listOf(links) ?? []).flatMap(link => textOf(link)?.split(":")[0] ?? []);
    for (const [other, node] of Object.entries(objectOf(dependsOn) ?? {})) {
        const key = `services.${name}.depends_on.${other}`;
        const condition = objectOf(node)?.condition;
        if (condition && !["service_started", "service_healthy", completed].includes(textOf(condition) ?? "")) {
            report.wrong(condition, `${key}.condition`, `service_started, service_healthy or ${completed}`);
        }
    }
    return [...new Set([...Object.keys(objectOf(dependsOn) ?? {}), ...linked])];
}

function networksOf({ networks, network_mode: mode }: { [key: string]: Node }): string[] {
    if (textOf(mode) === "none") return [];
    return networks === undefined || networks.value === null ? ["default"] : Object.keys(objectOf(networks) ?? {});
}

export function durationOf(node: Node, key: string, report: Report): number | undefined {
    return parseDuration(textOf(node) ?? "") ?? report.wrong(node, key, "a duration, such as 30s or 1m30s");
}
