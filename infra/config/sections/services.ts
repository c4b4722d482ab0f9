import * as z from "zod";
import { defaultUid, graceSeconds, webDefaults, workerDefaults } from "../../../components/workload/defaults";
import { byName, choice, flag, image, listOf, localPath, matching, port, portablePath, quantity, whole } from "../schema/fields";
import { rule, type Violation } from "../schema/rule";
import { applicationType, databaseKeys, databaseMeta, images, resource } from "./app";
import { kindOf } from "../../services/limits";
import { egress } from "./outside";
import { networkAliases } from "./service-aliases";
import { jobEnds, jobKeys, ofStanding } from "./service-job";
import { probes } from "./service-probes";
import { absolute, ephemeral, files, filesFit, serviceName, serviceNames, volumeName, volumes } from "./service-files";
import { tasks } from "./service-tasks";
import { bySize, presets, type Size } from "./sizes";

const section = "app.services.<name>";
const variable = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
export const secretName = /^[A-Za-z][A-Za-z0-9_-]{0,99}$/;

function build() {
    return z.strictObject({
        context: portablePath("a directory on this computer").meta({ description: "Directory with the Dockerfile and what it copies.", example: "app" }),
        dockerfile: matching("a path below the context", /^[^/\s]\S*$/).default("Dockerfile").meta({
            description: "The Dockerfile, relative to the context.", example: "docker/web.Dockerfile",
        }),
        args: byName("letters, digits and \"_\"", /^[A-Za-z_]\w*$/, "VERSION", z.string().meta({ allowed: "text" })).prefault({}).meta({
            description: "Build arguments. They are visible in the image, so they must not be secret.", example: { VERSION: "1.2" }, defaultText: "none",
        }),
        target: matching("the name of a stage", /^[a-z][\w.-]*$/).optional().meta({
            description: "Stage of the Dockerfile to build.", example: "production", defaultText: "the last one",
        }),
    }).optional().meta({ description: "Instead of an image: how to build one on this computer.", example: { context: "app" }, defaultText: "none", instead: ["image"], shared: false });
}

function replicas(size: Size) {
    const { min: least, max: most } = presets[size].service.replicas;
    const keys = z.strictObject({
        min: whole(1, 1000).optional().meta({ description: "Smallest number of pods.", example: 2, defaultText: `${bySize(preset => preset.service.replicas.min)}, or max if that is less` }),
        max: whole(1, 1000).optional().meta({
            description: "Largest number of pods.", example: 20, defaultText: `${bySize(preset => preset.service.replicas.max)}, or min if that is more`,
        }),
    });
    return rule(keys, ["min", "max"], ({ min = 1, max = min }) => min <= max ? undefined : {
        keys: ["min", "max"], problem: `is more than {${section}.replicas.max}`, allowed: "min of at most max", example: { min, max: min },
    }).transform(({ min, max = Math.max(most, min ?? 1) }) => ({ min: min ?? Math.min(least, max), max }))
        .optional().meta({
            description: "Range in which the autoscaler chooses the number of pods.", example: { min: 2, max: 10 },
            defaultText: `min: ${bySize(preset => preset.service.replicas.min)}, max: ${bySize(preset => preset.service.replicas.max)}; `
                + "with a ReadWriteOnce volume, or without a port, one pod",
            shared: false,
        });
}

function keysOfService(size: Size) {
    return z.strictObject({
        image: image().optional().meta({
            description: "Image. It must run as any user, with a read-only root file system, and stop on SIGTERM.",
            example: "ghcr.io/example/shop:1.2", defaultText: "none", shared: false,
        }),
        build: build(),
        command: listOf("arguments", z.string().meta({ allowed: "text" }), 1).optional().meta({
            description: "Program and arguments, instead of the image's entrypoint.", example: ["serve", "--verbose"], defaultText: "the image's",
        }),
        args: listOf("arguments", z.string().meta({ allowed: "text" }), 1).optional().meta({
            description: "Arguments, instead of the image's command.", example: ["--verbose"], defaultText: "the image's",
        }),
        workingDir: matching("an absolute path", absolute).optional().meta({ description: "Directory in which the program starts.", example: "/srv/app", defaultText: "the image's" }),
        ...jobKeys,
        port: port().optional().meta({
            description: "TCP port on which the container listens. Other services reach it under the service's name and this port, or port 80.",
            example: 8080, defaultText: "none: nothing connects to it",
        }),
        tcpPorts: listOf("ports", port()).default([]).meta({ description: "Further TCP ports that other services connect to.", example: [9090], defaultText: "none" }),
        networkAliases: networkAliases(),
        exposed: flag().default(false).meta({
            description: "Whether the gateway sends it the requests for `landfall:environment.host`. It must speak HTTP.", example: true,
        }),
        path: matching("a path beginning with /, without one at its end", /^\/([^\s?#]*[^\s?#/])?$/).default("/").meta({
            description: "If it is exposed: the beginning of the paths that it gets. The longest match of all services wins.", example: "/api",
        }),
        replicas: replicas(size),
        targetCpu: whole(10, 95).default(webDefaults.targetCpu).meta({
            description: "Percentage of the requested CPU above which the autoscaler adds pods.", example: 60, shared: false,
        }),
        cpu: resource("web", "CPU", size, section),
        memory: resource("web", "Memory", size, section),
        uid: whole(1, 2 ** 31 - 1).default(defaultUid).meta({ description: "User and group that the container runs as, whatever the image says.", example: 999 }),
        environment: byName("names of environment variables", variable, "LOG_LEVEL", z.union([z.string(), z.number(), z.boolean()]).transform(String).meta({ allowed: "text" }))
            .prefault({}).meta({
                description: "Environment variables. `${address}` and `${host}` are the application's; with `database`, there are also "
                    + "`${database.host}`, `.port`, `.name`, `.user`, `.password` and `.ca_file`; `${secrets.NAME}` is a secret.",
                example: { LOG_LEVEL: "info", BASE_URL: "${address}" }, defaultText: "none",
            }),
        secrets: byName("names of environment variables, or absolute paths of files, not in the root directory", /^(\/[^\s:,]*[^\s:,/]\/[^\s:,/]+|[A-Za-z_][A-Za-z0-9_.-]*)$/, "API_KEY",
            matching("a name in landfall:secrets, database.password or database.authority", new RegExp(`${secretName.source}|^database\\.(password|authority)$`))).prefault({}).meta({
            description: "Environment variables or files, and the name in `landfall:secrets` of each one's content. With `database`, there are also "
                + "`database.password` and `database.authority`, the certificate of DATABASE_CA_FILE.",
            example: { API_KEY: "apiKey", "/run/secrets/api-key": "apiKey" }, defaultText: "none",
        }),
        volumes: volumes(),
        files: files(),
        ephemeral: ephemeral(),
        probes: probes(),
        tasks: tasks(),
        talksTo: listOf("names of services", matching(serviceNames, serviceName)).default([]).meta({
            description: "Services that it connects to. It can't reach others.", example: ["cache"], defaultText: "none",
        }),
        after: listOf("names of services", matching(serviceNames, serviceName)).default([]).meta({
            description: "Services that must be ready, and jobs that must have succeeded, before it is created. After that, it must wait for them by itself, because Kubernetes restarts "
                + "pods in any order.",
            example: ["cache"], defaultText: "none",
        }),
        database: flag().default(false).meta({
            description: "Whether it uses the stack's MariaDB. It gets DATABASE_HOST, DATABASE_PORT, DATABASE_NAME, DATABASE_USER and, unless a file in "
                + "`secrets` has it, DATABASE_PASSWORD. DATABASE_CA_FILE is a file with the certificate (PEM) of the authority by which it verifies "
                + "the database's.",
            example: true,
        }),
        connections: whole(1, 1000).default(10).meta({ description: "Database connections that one pod may open.", example: 20 }),
        egress: egress(),
        requestSeconds: whole(10, 230).default(60).meta({ description: "Seconds that a request may take to answer. All timeouts follow from it.", example: 120 }),
        largestTransfer: quantity("bytes", "1Ki", "512Mi").prefault("16Mi").meta({
            description: "Largest request body or answer that a slow client may take its time for. It determines how long a pod drains.", example: "64Mi",
        }),
        requests: whole(1, 100_000).default(256).meta({ description: "Requests that one pod can have in progress or waiting.", example: 1000 }),
        graceSeconds: whole(1, 3600).optional().meta({
            description: "If it isn't exposed: seconds from SIGTERM until a pod is killed.", example: 120,
            defaultText: `${graceSeconds}; if it has a port and no volumes of its own, what its longest request needs`,
        }),
    });
}

type Keys = z.output<ReturnType<typeof keysOfService>>;

function hasOneImage({ image, build }: Pick<Keys, "image" | "build">): Violation | undefined {
    if ((image === undefined) !== (build === undefined)) return undefined;
    return image === undefined
        ? { keys: ["image", "build"], problem: "is missing", allowed: "an image, or build with a directory that has a Dockerfile", example: { image: "ghcr.io/example/shop:1.2", port: 8080 } }
        : { keys: ["image", "build"], problem: "is one too many: {app.services.<name>.build} makes another", allowed: "one of the two", example: { image, build: undefined } };
}

function hasPort({ port, exposed, tcpPorts, probes }: Pick<Keys, "port" | "exposed" | "tcpPorts" | "probes">): Violation | undefined {
    if (port !== undefined) return undefined;
    const needs = exposed ? "exposed" : tcpPorts.length > 0 ? "tcpPorts"
        : (["startup", "readiness", "liveness"] as const).map(key => probes[key] && probes[key].command === undefined ? `probes.${key}` : undefined).find(Boolean);
    return needs === undefined ? undefined : {
        keys: ["port", needs], problem: "is missing", allowed: `the port on which the container listens; or leave out {${section}.${needs}}`, example: { port: 8080 },
    };
}

function runsOnce({ job, port, volumes, replicas }: Pick<Keys, "job" | "port" | "volumes" | "replicas">): Violation | undefined {
    if (replicas === undefined || replicas.max === 1 || kindOf({ job, port, volumes }) !== "stateful") return undefined;
    return {
        keys: ["replicas.max", "volumes"], problem: "is more than the one pod that can use a volume with accessMode ReadWriteOnce, or that has volumes but no port",
        allowed: "1; or accessMode ReadWriteMany, if the program can share its files", example: { replicas: { min: 1, max: 1 } },
    };
}

function isMeantOnce(
    { secrets, environment, volumes, ephemeral, files }: Pick<Keys, "secrets" | "environment" | "volumes" | "ephemeral" | "files">,
): Violation | undefined {
    const twice = Object.keys(secrets).find(key => Object.hasOwn(environment, key));
    if (twice !== undefined) {
        return { keys: ["secrets", "environment"], problem: `and environment both say what ${twice} is`, allowed: "each variable in one of them", example: {} };
    }
    const file = Object.keys(files).find(each => Object.hasOwn(secrets, each));
    if (file !== undefined) return { keys: ["files", "secrets"], problem: `and secrets both say what ${file} is`, allowed: "each file in one of them", example: {} };
    const secretDirectory = Object.keys(secrets).filter(place => place.startsWith("/")).map(place => place.slice(0, place.lastIndexOf("/")))
        .find(directory => directory === "/tmp" || Object.hasOwn(volumes, directory) || Object.hasOwn(ephemeral, directory));
    if (secretDirectory !== undefined) {
        return {
            keys: ["secrets", "volumes", "ephemeral"], problem: `has a file in ${secretDirectory}, where the program writes: a directory with secret files has nothing else`,
            allowed: "a directory of their own for secret files", example: { secrets: { "/run/secrets/api-key": "apiKey" } },
        };
    }
    const path = Object.keys(volumes).find(directory => Object.hasOwn(ephemeral, directory));
    return path === undefined ? undefined
        : { keys: ["volumes", "ephemeral"], problem: `and ephemeral both are at ${path}`, allowed: "each directory in one of them", example: {} };
}

function service(size: Size) {
    const whole = rule(rule(keysOfService(size), ["image", "build"], hasOneImage), ["port", "exposed", "tcpPorts", "probes"], hasPort);
    const ending = rule(whole, ["job", ...ofStanding], jobEnds);
    const once = rule(ending, ["job", "port", "volumes", "replicas"], runsOnce);
    const fitting = rule(once, ["files"], filesFit);
    return rule(fitting, ["secrets", "environment", "volumes", "ephemeral", "files"], isMeantOnce).transform(given => {
        const usual = kindOf(given) === "web" ? presets[size].service.replicas : workerDefaults.replicas;
        const ephemeral = { ...!Object.hasOwn(given.volumes, "/tmp") && { "/tmp": "64Mi" }, ...given.ephemeral };
        return { ...given, ephemeral, replicas: given.replicas ?? usual };
    }).meta({ description: "A service: one container, as often as needed.", example: { image: "ghcr.io/example/shop:1.2", port: 8080, exposed: true } });
}

/** A volume that only one pod mounts is ReadWriteOnce, unless another service shares it. */
function withVolumes(services: Record<string, z.output<ReturnType<typeof service>>>): typeof services {
    const shared = Object.values(services).flatMap(({ volumes }) =>
        Object.entries(volumes).map(([path, volume]) => `${volume.of}/${volumeName(path, volume)}`));
    return Object.fromEntries(Object.entries(services).map(([name, given]) => [name, kindOf(given) === "web" ? given : {
        ...given,
        volumes: Object.fromEntries(Object.entries(given.volumes).map(([path, volume]) =>
            [path, volume.of !== undefined || shared.includes(`${name}/${volumeName(path, volume)}`) ? volume : { ...volume, accessMode: "ReadWriteOnce" as const }])),
    }]));
}

/** A program that a Compose file brings to a server of its own knows nothing of certificates. */
function databaseTls() {
    return choice("required", "offered").optional().meta({
        description: "`required`: the database refuses unencrypted connections. `offered`: it accepts them, for a program that can't use TLS; "
            + "network policies are then the only protection.",
        example: "offered", defaultText: "required; with `replaceDatabase`, offered", change: "in place; the database restarts",
    });
}

/** `landfall:app` with type: services, with the defaults of a size. */
export function servicesSchema(size: Size = "medium") {
    return z.strictObject({
        type: applicationType("services"),
        compose: z.union([localPath("a Compose file"), z.array(localPath("a Compose file")).min(1)]).optional().meta({
            allowed: "a path, or a list of them, of which later ones override earlier ones", example: "compose.yaml",
            description: "Compose file with the services. Keys under `services` add to it or override it.", defaultText: "none", shared: false,
        }),
        replaceDatabase: matching(serviceNames, serviceName).optional().meta({
            description: "A service of the Compose file that is a MariaDB or MySQL server. The stack's own database replaces it: services that connect to it get "
                + "`database: true`, and the new address, names and password wherever their environment has the old ones.",
            example: "db", defaultText: "none: it runs as the file says, in one pod",
        }),
        services: byName(serviceNames, serviceName, "web", service(size)).prefault({}).meta({
            description: "The services by name. With `compose`, each key here overrides the file's.",
            example: { web: { image: "ghcr.io/example/shop:1.2", port: 8080, exposed: true } }, defaultText: "those of the Compose file",
        }),
        images: images(),
        database: z.strictObject({ ...databaseKeys(size), tls: databaseTls() }).prefault({}).meta(databaseMeta),
    }).transform(given => {
        const { tls = given.replaceDatabase === undefined ? "required" : "offered", ...database } = given.database;
        return { ...given, services: withVolumes(given.services), database: { ...database, tls } };
    }).meta({
        description: "An application of any containers, which needs no code.",
        example: { type: "services", services: { web: { image: "ghcr.io/example/shop:1.2", port: 8080, exposed: true } } }, change: "in place",
    });
}

export type ServicesSettings = z.output<ReturnType<typeof servicesSchema>>;
export type ServiceSettings = ServicesSettings["services"][string];
