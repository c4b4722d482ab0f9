import * as pulumi from "@pulumi/pulumi";
import type { PlatformGateway } from "../../components/platform";
import { type Transform, transformedBy } from "../../components/transform";
import {
    ContainerImage, Database, databaseImageContext, Environment, Job, Listener, ScheduledTask, StatefulService, WebService, Worker,
} from "../../components/workload";
import type { ServiceSettings, ServicesSettings, Settings } from "../config";
import { volumeName } from "../config/sections/service-files";
import { taskNameOf } from "../config/sections/service-tasks";
import { promotedImage } from "../promotion";
import { outsideOf } from "../wordpress";
import { type Known, resolveEnvironment } from "./environment";
import { kindOf, largestTransferOf, usesDatabase } from "./limits";
import { probesOf } from "./probes";

export interface ServicesArgs {
    settings: Pick<Settings, "secrets" | "environment" | "promotion"> & { app: ServicesSettings };
    environment: Environment;
    gateway: PlatformGateway;
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/** Where services that use the database find the certificate of its authority, unless their settings name another file. */
const authorityDirectory = "/etc/landfall/database";
const authorityFile = "ca.crt";

type Service = Job | WebService | StatefulService | Worker;
type Variables = Record<string, pulumi.Input<string>>;

/** What all services know. */
interface Surroundings extends ServicesArgs {
    database?: Database;
    known: Known;
    /** Their sides of connections, before any of them exists. */
    listeners: Record<string, Listener>;
    images: Record<string, pulumi.Input<string>>;
    /** Those that exist already. */
    created: Readonly<Record<string, Service>>;
}

/** An application of any containers, described by the stack's config. */
export class Services extends pulumi.ComponentResource {
    /** Where people find it, for example `https://shop.localhost:8443`. */
    readonly address: pulumi.Output<string>;
    /** References of the images that it runs. */
    readonly images: pulumi.Output<string[]>;

    constructor(name: string, args: ServicesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:app:Services", name, {}, transformedBy(args.transform, opts));
        const { environment, gateway, settings: { app, secrets, promotion, environment: { host } } } = args;
        const address = `https://${host}${gateway.portSuffix}`;
        const promoted = (part: string) => promotedImage(part, promotion, environment.cluster, this);
        const built: Record<string, pulumi.Input<string>> = {};
        const images: Record<string, pulumi.Input<string>> = Object.fromEntries(Object.entries(app.services).map(([part, service]) =>
            // Often, the same sources are built for what serves, works and migrates.
            [part, promoted(part) ?? service.image ?? (built[JSON.stringify(service.build)] ??= buildImage(part, service, app, environment, this))]));
        if (usesDatabase(app)) {
            images.database = promoted("database") ?? app.database.image
                ?? new ContainerImage("database", {
                    cluster: environment.cluster, context: databaseImageContext, owner: environment.imageOwner, ...app.images,
                }, { parent: this }).reference;
        }
        const database = usesDatabase(app) ? createDatabase(app, images.database, environment, this) : undefined;

        const known = { plain: { address, host }, secret: Object.fromEntries(Object.entries(secrets).map(([key, value]) => [`secrets.${key}`, value])) };
        const surroundings: Omit<Surroundings, "created"> = { ...args, database, known, images, listeners: listenersOf(app, environment) };
        const created: Record<string, Service> = {};
        for (const part of inOrder(app)) {
            const { job, database: usesIt, after } = app.services[part];
            // A job has few tries, while others restart until the database answers.
            const dependsOn = [...after.map(other => created[other]), ...job && usesIt && database ? [database] : []];
            created[part] = createService(part, app.services[part], { ...surroundings, created }, { parent: this, dependsOn });
        }

        this.address = pulumi.output(address);
        this.images = pulumi.all(Object.values(images));
        this.registerOutputs({ address: this.address });
    }

    /** What people need to know about it. */
    get outputs() {
        const { address, images } = this;
        return { address, images };
    }
}

function createDatabase(app: ServicesSettings, image: pulumi.Input<string>, environment: Environment, parent: pulumi.Resource): Database {
    const users = Object.values(app.services).filter(service => service.database);
    const requestSeconds = Math.max(...users.map(service => service.requestSeconds));
    return new Database("database", { ...app.database, environment, image, database: "app", requestSeconds }, { parent });
}

function buildImage(
    name: string, { build }: ServiceSettings, { images }: ServicesSettings, { cluster, imageOwner: owner }: Environment, parent: pulumi.Resource,
): pulumi.Output<string> {
    const { context, dockerfile, args, target } = build!;
    return new ContainerImage(name, {
        cluster, context, owner, ...images,
        ...(dockerfile !== "Dockerfile" && { dockerfile }), ...(Object.keys(args).length > 0 && { args }), target,
    }, { parent }).reference;
}

function listenersOf({ services }: ServicesSettings, { namespace, cluster }: Environment): Record<string, Listener> {
    return Object.fromEntries(Object.entries(services).flatMap(([name, { port, tcpPorts }]) => port === undefined ? []
        : [[name, { name, namespace, cluster, port, otherPorts: tcpPorts.filter(other => other !== port) }]]));
}

/** The names of services, each behind those that it comes after, and those whose volumes it shares. */
function inOrder({ services }: ServicesSettings): string[] {
    const sorted: string[] = [];
    const add = (name: string): void => {
        [...services[name].after, ...Object.values(services[name].volumes).flatMap(({ of }) => of ?? [])].forEach(add);
        if (!sorted.includes(name)) sorted.push(name);
    };
    Object.keys(services).forEach(add);
    return sorted;
}

function createService(
    name: string, service: ServiceSettings, surroundings: Surroundings, opts: pulumi.ComponentResourceOptions,
): Service {
    const { environment, gateway, database, listeners, settings } = surroundings;
    const { port, path, requestSeconds, graceSeconds, deadlineSeconds, replicas } = service;
    const { host, aliases, redirects } = settings.environment;
    // What its scheduled tasks have, too.
    const common = {
        environment,
        image: surroundings.images[name],
        uid: service.uid, cpu: service.cpu, memory: service.memory,
        ...(service.workingDir !== undefined && { workingDir: service.workingDir }),
        ...contentOf(service, surroundings),
        ephemeral: service.ephemeral, files: service.files,
        talksTo: [...service.talksTo.map(other => listeners[other]), ...service.database && database ? [database] : []],
        reaches: outsideOf(service),
    };
    // Others that it may talk to may come later, or never.
    const waitsFor = common.talksTo.filter(listener => listener === database || service.after.includes(listener.name));
    const given = graceSeconds !== undefined && { graceSeconds };
    const commands = { ...(service.command && { command: service.command }), ...(service.args && { args: service.args }) };
    const args = { ...common, ...commands, replicas, targetCpu: service.targetCpu, probes: probesOf(service.probes) };
    const served = {
        ...(service.exposed && { exposed: { gateway, host, aliases, redirects, ...(path !== "/" && { path }) } }),
        ...(port !== undefined && { tcpPorts: [port, ...service.tcpPorts], networkAliases: service.networkAliases }),
        requestSeconds, largestTransfer: largestTransferOf(service), ...(!service.exposed && given),
    };
    const all = Object.entries(service.volumes).map(([directory, { of, ...volume }]) => ({ directory, of, volume: { ...volume, name: volumeName(directory, volume) } }));
    const volumes = Object.fromEntries(all.filter(({ of }) => of === undefined).map(({ directory, volume }) => [directory, volume]));
    const sharedClaims = Object.fromEntries(all.flatMap(({ directory, of, volume }) => of === undefined ? [] : [[directory, claimOf(of, volume.name, surroundings)]]));
    const shared = { ...args, ...Object.keys(sharedClaims).length > 0 && { sharedClaims } };
    const create = (): Service => {
        switch (kindOf(service)) {
            case "job": return new Job(name, { ...common, ...commands, waitsFor, deadlineSeconds, volumes, sharedClaims }, opts);
            case "stateful": return new StatefulService(name, { ...shared, ...served, port, volumes }, opts);
            case "worker": return new Worker(name, { ...args, ...given }, opts);
            case "web": return new WebService(name, { ...shared, ...served, port: port!, volumes }, opts);
        }
    };
    const workload = create();
    for (const [task, { schedule, command, deadlineSeconds }] of Object.entries(service.tasks)) {
        new ScheduledTask(taskNameOf(name, task), {
            ...common, waitsFor, schedule, command, deadlineSeconds,
            ...("claims" in workload && { persistent: { ...workload.claims, ...sharedClaims } }),
            // The service's pods may set up what it needs.
            after: [workload],
            beside: { workload, always: workload instanceof StatefulService },
        }, { parent: opts.parent });
    }
    return workload;
}

/** The claim of a volume that another service has. */
function claimOf(owner: string, wanted: string, { created, settings: { app } }: Surroundings): pulumi.Output<string> {
    const [directory] = Object.entries((app as ServicesSettings).services[owner].volumes).find(([path, volume]) => volumeName(path, volume) === wanted)!;
    return (created[owner] as Exclude<Service, Worker>).claims[directory];
}

/** Its environment variables and secret files. */
function contentOf(
    service: ServiceSettings, { database, known, settings: { secrets } }: Surroundings,
): { env: Variables; secretEnv: Variables; secretFiles: Record<string, Variables> } {
    const caFile = fileOf("database.authority", service);
    const uses = service.database && database ? databaseOf(database, caFile ?? `${authorityDirectory}/${authorityFile}`) : { plain: {}, secret: {} };
    const { env, secretEnv } = resolveEnvironment(service.environment, {
        plain: { ...known.plain, ...uses.plain }, secret: { ...known.secret, ...uses.secret },
    });
    const secretFiles: Record<string, Variables> = {};
    const content: Variables = { ...secrets, ...uses.secret, ...database && { "database.authority": database.authority } };
    for (const [place, secret] of Object.entries(service.secrets)) {
        const [, directory, file] = /^(\/.*)\/([^/]+)$/.exec(place) ?? [];
        if (file === undefined) secretEnv[place] = content[secret];
        else (secretFiles[directory] ??= {})[file] = content[secret];
    }
    if (service.database && database && caFile === undefined) secretFiles[authorityDirectory] = { [authorityFile]: database.authority };
    // A program that reads the password from a file needs no variable with it.
    const hasFile = fileOf("database.password", service) !== undefined;
    const usual = Object.entries({ ...uses.plain, ...hasFile ? {} : uses.secret }).map(([key, value]) => [key.replace(".", "_").toUpperCase(), value] as const)
        .filter(([key]) => !Object.hasOwn(service.environment, key) && !Object.hasOwn(secretEnv, key));
    for (const [key, value] of usual) (key === "DATABASE_PASSWORD" ? secretEnv : env)[key] = value;
    return { env, secretEnv, secretFiles };
}

/** The file of a service that has a secret. */
function fileOf(wanted: string, { secrets }: ServiceSettings): string | undefined {
    return Object.entries(secrets).find(([place, secret]) => place.startsWith("/") && secret === wanted)?.[0];
}

function databaseOf({ host, port, database, user, password }: Database, caFile: string): Known {
    return {
        plain: {
            "database.host": host, "database.port": String(port), "database.name": database, "database.user": user,
            "database.ca_file": caFile,
        },
        secret: { "database.password": password },
    };
}
