import { mebibytes } from "../../../components/quantity";
import { leastDatabaseMemory } from "../../../components/workload/limits";
import { placeholder } from "../../services/environment";
import { allPodsOf, connectionsOfServices, mostOf, usesDatabase } from "../../services/limits";
import type { AppSettings } from "../schema";
import type { Violation } from "../schema/rule";
import type { ServiceSettings, ServicesSettings } from "./services";
import { volumeName } from "./service-files";
import { taskNameOf } from "./service-tasks";

const example = { app: { type: "services", services: { web: { image: "ghcr.io/example/shop:1.2", port: 8080, exposed: true } } } };

/** Names that the commands and the stack's own parts use. */
const reserved = ["database", "gateway", "tasks"];

export function hasServices({ app }: { app: AppSettings }): Violation | undefined {
    if (app.type !== "services") return undefined;
    const name = reserved.find(known => Object.hasOwn(app.services, known));
    if (name !== undefined) {
        return {
            keys: [`app.services.${name}`, "app.services"], problem: `can't be called ${name}: that is a part of every stack`,
            allowed: "another name", example,
        };
    }
    return Object.keys(app.services).length > 0 ? undefined : {
        keys: ["app.services", "app.compose"], problem: "is missing", allowed: "at least one service, here or in a Compose file", example,
    };
}

/** In an environment that sleeps, one part more has a name. */
export function activatorHasItsName(
    { app, environment }: { app: AppSettings; environment: { sleepAfter?: number } },
): Violation | undefined {
    if (app.type !== "services" || environment.sleepAfter === undefined || !Object.hasOwn(app.services, "activator")) return undefined;
    return {
        keys: ["app.services.activator", "environment.sleepAfter"],
        problem: "can't be called activator: that is what wakes an environment with {environment.sleepAfter}", allowed: "another name", example,
    };
}

/** The stack ends with an address, so something must answer at it. */
export function exposesOne({ app }: { app: AppSettings }): Violation | undefined {
    if (app.type !== "services" || Object.keys(app.services).length === 0) return undefined;
    const exposed = Object.entries(app.services).filter(([, { exposed }]) => exposed);
    const [name] = Object.entries(app.services).find(([, { port }]) => port !== undefined) ?? Object.entries(app.services)[0];
    if (exposed.length === 0) {
        return {
            keys: [`app.services.${name}.exposed`, "environment.host"], problem: "is false, like all others: nothing would answer at the host",
            allowed: "true for the service that gets the host's requests", example: { app: { type: "services", services: { [name]: { exposed: true } } } },
        };
    }
    const same = exposed.find(([first, { path }], index) => exposed.some(([other, each], at) => at < index && first !== other && each.path === path));
    const other = same && exposed.find(([, each]) => each.path === same[1].path);
    return same && other && {
        keys: [`app.services.${same[0]}.path`, `app.services.${other[0]}.path`], problem: `is that of {app.services.${other[0]}} too`,
        allowed: "a path of its own for each exposed service", example: { app: { type: "services", services: { [same[0]]: { path: `/${same[0]}` } } } },
    };
}

/** What services say about each other and about secrets must exist. */
export function areConsistent({ app, secrets }: { app: AppSettings; secrets: Record<string, string> }): Violation | undefined {
    if (app.type !== "services") {
        const [name] = Object.keys(secrets);
        return name === undefined ? undefined : {
            keys: ["secrets", "app.type"], problem: "has no effect: only services have secrets of their own",
            allowed: "leave it out (pulumi config rm landfall:secrets), or {app.type} services", example: { secrets: {} },
        };
    }
    return Object.entries(app.services).map(([name, service]) => mentions(name, service, app, secrets)).find(Boolean)
        ?? circle(app) ?? sameNames(app) ?? sameTasks(app) ?? Object.keys(app.services).map(name => sharedVolume(name, app)).find(Boolean);
}

function mentions(
    name: string, service: ServiceSettings, { services }: ServicesSettings, secrets: Record<string, string>,
): Violation | undefined {
    const key = `app.services.${name}`;
    const refuse = (below: string, problem: string, allowed: string): Violation => ({
        keys: [`${key}.${below}`, "app.services"], problem, allowed, example: { app: { type: "services", services: { [name]: {} } } },
    });
    const others = Object.keys(services).filter(other => other !== name);
    for (const list of ["talksTo", "after"] as const) {
        const strange = service[list].find(other => !others.includes(other));
        if (strange !== undefined) {
            return refuse(list, strange === name ? "names the service itself" : `names ${strange}, which is no service`, others.join(", ") || "nothing: there is no other service");
        }
    }
    const silent = service.talksTo.find(other => services[other].port === undefined);
    if (silent !== undefined) return refuse("talksTo", `names ${silent}, which has no port`, `others, or {app.services.${silent}.port}`);
    const wanted = [...Object.values(service.secrets), ...placeholdersOf(service).flatMap(text => /^secrets\.(.+)$/.exec(text)?.[1] ?? [])];
    const missing = wanted.find(secret => !Object.hasOwn(secrets, secret) && !(service.database && secret.startsWith("database.")));
    if (missing?.startsWith("database.")) return refuse("secrets", `names ${missing} without a database`, `true in {${key}.database}`);
    if (missing !== undefined) {
        return refuse("secrets", `names ${missing}, which is not in {secrets}`, `set it: pulumi config set --secret --path landfall:secrets.${missing}`);
    }
    const strange = placeholdersOf(service).find(text => !isPlaceholder(text, service));
    return strange === undefined ? undefined
        : refuse("environment", `has \${${strange}}, which stands for nothing`, service.database
            ? "${address}, ${host}, ${secrets.NAME}, ${database.host}, .port, .name, .user, .password and .ca_file; $${…} is text"
            : `\${address}, \${host} and \${secrets.NAME}; with {${key}.database} also \${database.host} and others; $\${…} is text`);
}

/** The names between `${` and `}` in the environment. */
function placeholdersOf({ environment }: ServiceSettings): string[] {
    return Object.values(environment).flatMap(value => [...value.matchAll(placeholder)].flatMap(([found, inner]) => found.startsWith("$$") ? [] : inner));
}

function isPlaceholder(text: string, { database }: ServiceSettings): boolean {
    return ["address", "host"].includes(text) || text.startsWith("secrets.")
        || (database && /^database\.(host|port|name|user|password|ca_file)$/.test(text));
}

/** Services that wait for each other are never created. */
function circle({ services }: ServicesSettings): Violation | undefined {
    const reaches = (from: string, to: string, seen: string[] = []): boolean =>
        services[from].after.some(next => next === to || (!seen.includes(next) && reaches(next, to, [...seen, next])));
    const name = Object.keys(services).find(each => reaches(each, each));
    return name === undefined ? undefined : {
        keys: [`app.services.${name}.after`, "app.services"], problem: "leads back to the service itself: each would wait for the other",
        allowed: "an order without a circle", example: { app: { type: "services", services: { [name]: { after: [] } } } },
    };
}

/** A volume of another service must be there, be made for several pods, and be created first. */
function sharedVolume(name: string, { services }: ServicesSettings): Violation | undefined {
    for (const [directory, volume] of Object.entries(services[name].volumes)) {
        const { of } = volume;
        if (of === undefined) continue;
        const refuse = (problem: string, allowed: string): Violation => ({
            keys: [`app.services.${name}.volumes`, `app.services.${of}`], problem: `has the volume of ${of} at ${directory}, ${problem}`, allowed,
            example: { app: { type: "services", services: { [name]: { volumes: { [directory]: { of, name: volumeName(directory, volume) } } } } } },
        });
        if (of === name || !Object.hasOwn(services, of)) return refuse("which is no other service", Object.keys(services).filter(other => other !== name).join(", "));
        const [place, own] = Object.entries(services[of].volumes).find(([path, each]) => each.of === undefined && volumeName(path, each) === volumeName(directory, volume)) ?? [];
        if (own === undefined) return refuse(`which has none called ${volumeName(directory, volume)}`, "the `name` of one of its volumes");
        if (own.accessMode !== "ReadWriteMany") return refuse("which is for one pod", `accessMode ReadWriteMany for {app.services.${of}.volumes} ${place}`);
        if (services[of].uid !== services[name].uid) return refuse("which runs as another user: neither could change the other's files", "the same {app.services.<name>.uid} for both");
        if (comesAfter(of, name, services)) return refuse("which waits for this one: neither would start", `no {app.services.${of}.after} that leads here`);
    }
    return undefined;
}

/** Whether a service is created after another, because it waits for it or has its volume. */
function comesAfter(one: string, other: string, services: ServicesSettings["services"], seen: string[] = []): boolean {
    const before = [...services[one].after, ...Object.values(services[one].volumes).flatMap(({ of }) => of ?? [])].filter(each => Object.hasOwn(services, each) && !seen.includes(each));
    return before.some(each => each === other || comesAfter(each, other, services, [...seen, one]));
}

/** Names of claims consist of the service's and the volume's: `a` with `b-c` and `a-b` with `c` would share one. */
function sameNames({ services }: ServicesSettings): Violation | undefined {
    const claims = Object.entries(services).flatMap(([name, { volumes }]) =>
        Object.entries(volumes).filter(([, { of }]) => of === undefined).map(([path, volume]) => ({ name, path, claim: `${name}-${volumeName(path, volume)}` })));
    const second = claims.find(({ claim }, index) => claims.findIndex(other => other.claim === claim) < index);
    return second && {
        keys: [`app.services.${second.name}.volumes`, "app.services"], problem: `has a volume at ${second.path} whose claim, ${second.claim}, is another's too`,
        allowed: "a `name` of its own for one of the two", example: { app: { type: "services", services: { [second.name]: {} } } },
    };
}

/** A task's pods are told from a service's by their name. */
function sameTasks({ services }: ServicesSettings): Violation | undefined {
    const tasks = Object.entries(services).flatMap(([name, service]) => Object.keys(service.tasks).map(task => ({ name, task, full: taskNameOf(name, task) })));
    const second = tasks.find(({ full }, index) => Object.hasOwn(services, full) || tasks.findIndex(other => other.full === full) < index);
    return second && {
        keys: [`app.services.${second.name}.tasks`, "app.services"], problem: `has ${second.task}, whose pods would be called ${second.full}, as others are`,
        allowed: "another name for the task", example: { app: { type: "services", services: { [second.name]: {} } } },
    };
}

/** If the database refuses a connection, a service fails. */
export function databaseHoldsServices(app: ServicesSettings): Violation | undefined {
    if (!usesDatabase(app)) return undefined;
    const connections = connectionsOfServices(app);
    const least = leastDatabaseMemory(connections);
    if (mebibytes(app.database.memory.limit) >= least) return undefined;
    const users = Object.entries(app.services).filter(([, { database }]) => database);
    const [[largest, service]] = users.sort(([, a], [, b]) => allPodsOf(b) * b.connections - allPodsOf(a) * a.connections);
    const causes = [`app.services.${largest}.connections`, ...mostOf(service).map(key => `app.services.${largest}.${key}`)];
    return {
        keys: ["app.database.memory.limit", ...causes],
        problem: `can't hold the ${connections} connections that the services may open at their largest (max and a quarter, for rolling updates)`,
        allowed: `at least ${least}Mi; or lower ${causes.map(key => `{${key}}`).join(" or ")}`,
        example: { app: { database: { memory: { limit: `${least}Mi` } } } },
    };
}
