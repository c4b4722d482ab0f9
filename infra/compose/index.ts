import * as fs from "node:fs";
import * as path from "node:path";
import { StackFileError } from "../config/stack-file/reader";
import { isObject } from "../values";
import { type Alias, aliasesIn, networkAliasesOf } from "./aliases";
import { findingText, flagOf, isExternal, listOf, type Node, objectOf, textOf, textOfFile } from "./node";
import { withBuilds } from "./images";
import { loadFiles, type Loaded } from "./load";
import { mentionsIn } from "./mentions";
import { isServed } from "./ports";
import { offerDatabase, replaceDatabase } from "./replace-database";
import { Report } from "./report";
import { type Converted, convertService, jobsIn, type Project } from "./service";
import { shareVolumes } from "./share";

/** A Compose file has something that Landfall can't carry over, or that the specification doesn't know. */
export class ComposeError extends StackFileError {}

/** How to leave the files as they are. */
const wayOut = "A second file under landfall:app.compose may change what the first one says: `services: { NAME: { KEY: !override VALUE } }` replaces a key, and "
    + "`!reset null` leaves out a key or a whole service.";

type Values = Record<string, unknown>;

/** Compose files in the form of the configuration. */
export interface Compose {
    /** As under `landfall:app.services`. */
    services: Record<string, Values>;
    /** As under `landfall:secrets`. */
    secrets: Record<string, string>;
    warnings: string[];
}

/** What the stack's own settings say besides the files. */
export interface Given {
    /** `landfall:app.services`: overrides, by service. */
    services?: Record<string, Values>;
    /** Names in `landfall:secrets`. */
    secrets?: string[];
    /** `landfall:app.replaceDatabase`. */
    replaceDatabase?: string;
}

/**
 * Reads Compose files as the Compose specification has it.
 * @throws ComposeError with everything that can't be carried over, each with its file, line and reason
 */
export function readCompose(files: string[], given: Given = {}, environment: NodeJS.ProcessEnv = process.env): Compose {
    try {
        return carryOver(files, given, environment);
    } catch (error) {
        const { code, path: file, message } = error as NodeJS.ErrnoException;
        if (code === undefined || file === undefined) throw error;
        throw new ComposeError(`${path.relative(process.cwd(), file)}, which the Compose files name, can't be read: ${message}. Nothing was changed.`);
    }
}

function carryOver(files: string[], given: Given, environment: NodeJS.ProcessEnv): Compose {
    const report = new Report();
    const loaded = loadFiles(files, environment, report);
    const secrets: Record<string, string> = {};
    const services = withBuilds(active(loaded, report), loaded.services);
    const aliases = aliasesIn(services, given.services);
    const project = projectOf(loaded, aliases, secrets, given, report);
    const converted: Record<string, Converted> = {};
    for (const [name, node] of Object.entries(services)) {
        const service = convertService(name, node, project);
        if (service) converted[name] = service;
    }
    if (Object.keys(converted).length === 0 && report.refused.length === 0) report.refuse({ file: files[0], line: 1 }, "the files have no services");
    checkNetworks(loaded, report);
    checkVolumes(loaded, report);
    connect(converted, loaded, given, project);
    addAliases(converted, aliases, given, project);
    shareVolumes(loaded.volumes, converted, given.services ?? {}, report);
    expose(converted, given, report);
    if (given.replaceDatabase === undefined) offerDatabase(converted, report);
    else replaceDatabase(given.replaceDatabase, (aliases[given.replaceDatabase] ?? []).map(({ text }) => text), converted, secrets, given.services ?? {}, report);
    if (report.refused.length > 0) {
        // A file from which several services are extended is read as often.
        const problems = [...new Set(report.refused.map(findingText))];
        const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
        throw new ComposeError([`The Compose files have ${count}. Nothing was changed.`, ...problems, ...report.refused.some(({ text }) => text.includes("can't be carried over")) ? [wayOut] : []].join("\n"));
    }
    return {
        services: Object.fromEntries(Object.entries(converted).map(([name, { settings }]) => [name, settings])),
        secrets, warnings: [...new Set(report.warnings)],
    };
}

/** Services with a profile only run if somebody asks for the profile. */
function active({ services, variables }: Loaded, report: Report): { [key: string]: Node } {
    const wanted = (variables.COMPOSE_PROFILES ?? "").split(",").map(profile => profile.trim());
    return Object.fromEntries(Object.entries(services).filter(([name, node]) => {
        const profiles = objectOf(node)?.profiles;
        const known = profilesOf(node);
        if (profiles === undefined || known.length === 0 || wanted.includes("*") || known.some(profile => wanted.includes(profile))) return true;
        report.warn(profiles, `services.${name} is left out: it has the profile ${known[0]}. COMPOSE_PROFILES=${known[0]} in .env beside the file brings it back.`);
        return false;
    }));
}

function profilesOf(node: Node | undefined): string[] {
    return (listOf(objectOf(node)?.profiles) ?? []).map(profile => textOf(profile) ?? "");
}

function projectOf(loaded: Loaded, aliases: Record<string, Alias[]>, secrets: Record<string, string>, { secrets: known = [], services = {} }: Given, report: Report): Project {
    const keyOf = (name: string): string => name.replace(/[^A-Za-z0-9_-]/g, "-").replace(/^([^A-Za-z])/, "s$1").slice(0, 100);
    const addSecret = (name: string, content: string): string => {
        const plain = keyOf(name);
        let key = plain;
        // Two names may become the same key, as those of two services' files in one place.
        for (let next = 2; !known.includes(key) && Object.hasOwn(secrets, key) && secrets[key] !== content; next++) key = `${plain.slice(0, 95)}-${next}`;
        if (!known.includes(key)) secrets[key] = content;
        return key;
    };
    const jobs = jobsIn(loaded.services);
    const secretNamed = (name: string, at: Node): string | undefined => {
        const key = keyOf(name);
        if (known.includes(key)) return key;
        const entries = objectOf(loaded.secrets[name]);
        const way = `Set it: pulumi config set --secret --path landfall:secrets.${key}`;
        if (isExternal(entries?.external)) return void report.refuse(entries!.external, `secrets.${name} is external: its content isn't in this file. ${way}`);
        if (entries === undefined) return void report.refuse(at, `secrets.${name} isn't listed at the top of the file. List it, or leave it out`);
        const [file, variable] = [textOf(entries.file), textOf(entries.environment)];
        if (variable !== undefined) {
            const content = loaded.variables[variable];
            return content ? addSecret(name, content) : void report.refuse(entries.environment, `secrets.${name} needs the variable ${variable}, which isn't set. ${way}`);
        }
        const full = file && path.resolve(loaded.directory, file);
        if (!full || !fs.statSync(full, { throwIfNoEntry: false })?.isFile()) return void report.refuse(entries.file ?? at, `secrets.${name} has no file that can be read. ${way}`);
        const text = textOfFile(full);
        return text === undefined ? void report.refuse(entries.file, `secrets.${name} isn't text in UTF-8. Encode it as base64, and decode it in the image's entrypoint`) : addSecret(name, text);
    };
    return {
        directory: loaded.directory, variables: loaded.variables, volumes: loaded.volumes, configs: loaded.configs, report, mentions: mentionsIn(loaded, aliases), addSecret, secretNamed,
        isFixed: name => services[name]?.volumes !== undefined, isJob: name => (services[name]?.job ?? jobs.includes(name)) === true,
    };
}

/** A network that other projects use has this stack's services only. */
function checkNetworks({ networks, services }: Loaded, report: Report): void {
    for (const [name, node] of Object.entries(networks)) {
        const { external } = objectOf(node) ?? {};
        if (isExternal(external)) report.warn(external, `networks.${name} is external, and other projects' containers aren't in it here.`);
    }
    for (const [service, node] of Object.entries(services)) {
        for (const [name, at] of Object.entries(objectOf(objectOf(node)?.networks) ?? {})) {
            if (name !== "default" && !Object.hasOwn(networks, name)) report.refuse(at, `services.${service}.networks has ${name}, which isn't listed at the top of the file. Add \`networks: { ${name}: }\``);
        }
    }
}

/** A volume that somebody else made is refused. */
function checkVolumes({ volumes }: Loaded, report: Report): void {
    for (const [name, node] of Object.entries(volumes)) {
        const { external, driver, driver_opts: options } = objectOf(node) ?? {};
        if (isExternal(external)) report.refuse(external, `volumes.${name} is external: its data must be moved into a volume of this stack. Leave \`external\` out.`);
        if ((textOf(driver) ?? "local") !== "local") report.refuse(driver, `volumes.${name}.driver can't be carried over: set landfall:app.services.<name>.volumes.<path>.storageClass.`);
        if (options) report.refuse(options, `volumes.${name}.driver_opts can't be carried over: the StorageClass determines them.`);
    }
}

/** The settings can say a service's further names instead of the files. A database that is replaced needs none. */
function addAliases(converted: Record<string, Converted>, aliases: Record<string, Alias[]>, { services = {}, replaceDatabase: replaced }: Given, { mentions, report }: Project): void {
    const hasPort = (name: string) => converted[name]?.settings.port !== undefined || services[name]?.port !== undefined;
    for (const [name, { settings }] of Object.entries(converted)) {
        if (services[name]?.networkAliases !== undefined || name === replaced) continue;
        const own = networkAliasesOf(name, { aliases, hasPort, mentions, report });
        if (own.length > 0) settings.networkAliases = own;
    }
}

/** Services of one network may connect to each other. The settings can say it more strictly. */
function connect(converted: Record<string, Converted>, loaded: Loaded, { services = {} }: Given, { report, mentions, isJob }: Project): void {
    const hasPort = (name: string) => converted[name].settings.port !== undefined || services[name]?.port !== undefined;
    for (const [name, { node }] of Object.entries(converted)) {
        if (!hasPort(name) && !isJob(name) && mentions.isHost(name)) {
            report.warn(node, `services.${name} has no port, and other services name it as a host: if they connect to it, write expose: ["PORT"], or set landfall:app.services.${name}.port.`);
        }
    }
    for (const [name, { settings, networks, node }] of Object.entries(converted)) {
        settings.talksTo = Object.keys(converted).filter(other => other !== name && hasPort(other)
            && converted[other].networks.some(network => networks.includes(network)));
        const after = settings.after as string[];
        const strange = after.filter(other => !Object.hasOwn(converted, other));
        if (strange.length > 0) {
            const [place] = [objectOf(node)?.depends_on ?? node];
            const optional = strange.every(other => flagOf(objectOf(objectOf(objectOf(node)?.depends_on)?.[other])?.required) === false);
            const [profile] = strange.flatMap(other => profilesOf(loaded.services[other]));
            const why = profile === undefined ? "isn't among the services" : `has the profile ${profile}. COMPOSE_PROFILES=${profile} in .env beside the file brings it back`;
            if (!optional) report.refuse(place, `services.${name}.depends_on names ${strange.join(", ")}, which ${why}. Leave it out, or write \`required: false\``);
        }
        settings.after = after.filter(other => !strange.includes(other));
    }
}

/** Who publishes a port is meant for people. If there are several, they have to be told apart. */
function expose(converted: Record<string, Converted>, { services = {} }: Given, report: Report): void {
    const published = Object.entries(converted).filter(([, { ports }]) => ports.some(port => port.published !== undefined));
    const places = (node: Node) => objectOf(node)?.ports ?? node;
    if (Object.values(services).some(({ exposed }) => exposed !== undefined)) return;
    const served = published.filter(([, service]) => isServed(service));
    const isForOthers = ([, service]: [string, Converted]) => isServed({ ...service, ports: service.ports.filter(port => !port.isLocal) });
    const candidates = served.some(isForOthers) ? served.filter(isForOthers) : served;
    for (const [name, { node }] of served.filter(each => !candidates.includes(each))) {
        report.warn(places(node), `services.${name}.ports isn't published: it is bound to this computer. To publish it, set landfall:app.services.${name}.exposed and a path of its own.`);
    }
    for (const [name, { node, ports }] of published.filter(([, service]) => !isServed(service))) {
        report.warn(places(node), `services.${name}.ports isn't published: the gateway speaks HTTP only, and port ${ports[0].target} is another protocol's. Services of this stack reach it.`);
    }
    if (candidates.length > 1) {
        const names = candidates.map(([name]) => name);
        report.refuse(places(candidates[1][1].node), `${names.join(" and ")} publish ports, and there is one host. Say which gets its requests: `
            + `landfall:app.services.${names[0]}.exposed: true; others may have a path of their own.`);
        return;
    }
    if (candidates.length === 0) return;
    const [name, { settings, node, ports }] = candidates[0];
    settings.exposed = true;
    const fixed = ports.filter(port => port.published);
    if (fixed.length > 0) {
        report.warn(places(node), `services.${name}.ports ${fixed.map(port => `${port.published}:${port.target}`).join(", ")}: people reach port ${String(settings.port)} `
            + "over HTTPS at landfall:environment.host, not at a port of a machine.");
    }
}

/** The settings of services, with those of the stack's file over those of the Compose files. */
export function withOverrides(base: Record<string, Values>, over: Record<string, Values>): Record<string, Values> {
    const names = [...new Set([...Object.keys(base), ...Object.keys(over)])];
    return Object.fromEntries(names.map(name => {
        const service = { ...base[name] };
        if (over[name]?.image !== undefined) delete service.build;
        if (over[name]?.build !== undefined) delete service.image;
        for (const key of Object.keys(isObject(over[name]?.secrets) ? over[name].secrets : {})) {
            if (isObject(service.environment)) service.environment = Object.fromEntries(Object.entries(service.environment).filter(([each]) => each !== key));
        }
        for (const key of Object.keys(isObject(over[name]?.environment) ? over[name].environment : {})) {
            if (isObject(service.secrets)) service.secrets = Object.fromEntries(Object.entries(service.secrets).filter(([each]) => each !== key));
        }
        return [name, merged(service, over[name])];
    }));
}

function merged(base: Values, over: unknown): Values {
    if (!isObject(over)) return over === undefined ? base : over as Values;
    return Object.fromEntries([...new Set([...Object.keys(base), ...Object.keys(over)])].map(key =>
        [key, !Object.hasOwn(over, key) ? base[key] : isObject(base[key]) && isObject(over[key]) ? merged(base[key], over[key]) : over[key]]));
}
