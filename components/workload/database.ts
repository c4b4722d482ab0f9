import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as path from "node:path";
import { Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { mebibytes } from "../quantity";
import { fromWorkingDirectory, libraryRoot } from "../project";
import { type Transform, transformedBy } from "../transform";
import { serverTls, type Tls } from "./certificate";
import { databaseDefaults } from "./defaults";
import { Environment } from "./environment";
import { ContainerImage } from "./image";
import { underOtherKinds } from "./kinds";
import { expiryAnnotation, Metadata, objectLabels, selectorLabels } from "./labels";
import { databaseLimits, largestText, leastDatabaseMemory, requestTimes } from "./limits";
import { Listener } from "./network";
import { configChecksum, podSpec, Resource } from "./pod";
import { createDisruptionBudget } from "./replicas";
import { createSources } from "./sources";
import { createStatefulSet } from "./stateful-set";
import { createVolume } from "./volume";

export interface DatabaseArgs {
    environment: Environment;
    /**
     * Reference with a tag or a digest, of the image in `databaseImageContext` or of one with the same interface. That
     * directory's Dockerfile documents the interface.
     * @default built from that directory on this computer, and delivered to the nodes
     */
    image?: pulumi.Input<string>;
    /** `single`: one server, whose data outlives its pod. @default "single" */
    mode?: "single";
    /** Name of the database and of its user. A later change has no effect on existing data. @example "shop" */
    database: string;
    /** Size of the volume. It can grow if its StorageClass allows that, and never shrinks. @default "5Gi" */
    volume?: pulumi.Input<string>;
    /** StorageClass of the volume. @default the cluster's class for volumes of one pod */
    storageClass?: string;
    /** @default { request: "250m", limit: "1" } */
    cpu?: Resource;
    /**
     * The limit determines how many connections the server accepts, and the size of all its buffers. It must be at least
     * 258Mi.
     * @default { request: "512Mi", limit: "1Gi" }
     */
    memory?: Resource & { limit: string };
    /** Size of the largest text that the application stores with one statement, in bytes. @default 2 MiB */
    largestText?: number;
    /** Seconds that the application may take to answer a request. The server gives up earlier. @default 60 */
    requestSeconds?: number;
    /**
     * `required`: the server refuses unencrypted connections. `offered`: it accepts them, for a program that can't use TLS;
     * network policies are then the only protection. @default "required"
     */
    tls?: "required" | "offered";
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/** The arguments with their defaults. */
type SizedArgs = DatabaseArgs & Required<Pick<DatabaseArgs, "image" | "volume" | "cpu" | "memory">>;

const token = "landfall:workload:Database";

/** User and group of the image's server. */
const uid = 10002;
const dataDirectory = "/var/lib/mysql";
const secretsDirectory = "/etc/landfall/credentials";
const tlsDirectory = "/etc/landfall/tls";
const clientsDirectory = "/etc/landfall/clients";

/**
 * Directory of the image of Landfall's MariaDB, relative to the program's working directory. Pass it to a ContainerImage to
 * build the image with your own date or base.
 */
export const databaseImageContext = fromWorkingDirectory(path.join(libraryRoot, "components/workload/images/database"));

/**
 * A MySQL-compatible database with its own persistent volume and credentials. It only accepts connections from components
 * that name it in `talksTo`, with TLS. Clients verify it by `authority`.
 *
 * @example
 * const database = new Database("database", { environment, database: "shop" });
 * const secretFiles = { "/etc/shop": { password: database.password, "database-ca.crt": database.authority } };
 * new WebService("shop", { …, env: { DATABASE_HOST: database.host }, secretFiles, talksTo: [database] });
 */
export class Database extends pulumi.ComponentResource implements Listener {
    readonly name: string;
    readonly namespace: pulumi.Output<string>;
    readonly cluster: Cluster;
    readonly port = 3306;
    /**
     * Its Service's address inside the cluster, not its name: with a name, every connection would depend on the cluster's
     * DNS. If a node with a DNS pod fails, some queries go unanswered for most of a minute.
     */
    readonly host: pulumi.Output<string>;
    readonly database: string;
    readonly user: string;
    /** Generated once, as a secret. */
    readonly password: pulumi.Output<string>;
    /**
     * Certificate (PEM) of the authority that signed the server's, which is valid for `host` and for the Service's names.
     * The authority can't sign for anything else.
     */
    readonly authority: pulumi.Output<string>;
    readonly statefulSet: kubernetes.apps.v1.StatefulSet;

    constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
        super(token, name, {}, transformedBy(args.transform, opts));
        const { environment } = args;
        const sized = withDefaults(name, args, this);
        this.name = name;
        this.namespace = environment.namespace;
        this.cluster = environment.cluster;
        this.database = args.database;
        this.user = args.database;
        const options = inCluster(this.cluster, this);
        const metadata = { name, namespace: this.namespace, labels: objectLabels(name) };

        this.password = createPassword(`${name}-password`, this);
        const claim = createVolume(`${name}-data`, name, environment, {
            size: sized.volume, accessMode: "ReadWriteOnce", storageClass: args.storageClass, group: uid,
        }, this);
        const service = createService(metadata, this.port, { ...options, aliases: underOtherKinds(token, this) });
        this.host = service.spec.clusterIP;
        const tls = serverTls(this, createPassword(`${name}-tls-seed`, this));
        this.authority = tls.authority;
        environment.sleep?.workloads.push({ kind: "StatefulSet", name, replicas: 1 });
        this.statefulSet = runServer(this, sized, { claim: claim.metadata.name, tls, metadata }, options);
        // A single server can't stay available while its node is drained: it moves, with its data.
        createDisruptionBudget(metadata, options);

        this.registerOutputs({ host: this.host, port: this.port });
    }

    /**
     * Lets a server with data from before version 0.2.0, whose clients had no TLS, refuse unencrypted connections once these
     * clients are updated and their earlier pods have ended. A server with newer data always does.
     * @param seconds that earlier pods may take to end
     */
    requireTlsAfter(clients: pulumi.Resource[], seconds: number, parent: pulumi.Resource): void {
        const name = clientsOf(this.name);
        new kubernetes.core.v1.ConfigMap(name, {
            metadata: { name, namespace: this.namespace, labels: objectLabels(this.name) },
            data: { encrypted: String(seconds) },
        }, inCluster(this.cluster, parent, { dependsOn: clients }));
    }
}

/** Name of the ConfigMap that tells the server about its clients. */
function clientsOf(name: string): string {
    return `${name}-clients`;
}

function withDefaults(name: string, args: DatabaseArgs, parent: pulumi.Resource): SizedArgs {
    const { volume, cpu, memory } = databaseDefaults;
    const { cluster } = args.environment;
    const sized = { ...args, volume: args.volume ?? volume, cpu: args.cpu ?? cpu, memory: args.memory ?? memory };
    const least = leastDatabaseMemory(1);
    if (mebibytes(sized.memory.limit) < least) {
        throw new pulumi.RunError(`The database "${name}" has a memory limit of ${sized.memory.limit}, which holds no connection.\n`
            + `Nothing was changed in it. The least is { memory: { limit: "${least}Mi" } }; each connection takes 4Mi more.`);
    }
    const build = () => new ContainerImage(`${name}-server`, { cluster, context: databaseImageContext }, { parent }).reference;
    return { ...sized, image: args.image ?? build() };
}

function createPassword(name: string, parent: pulumi.Resource): pulumi.Output<string> {
    return new random.RandomPassword(name, { length: 32, special: false }, { parent }).result;
}

function createService(
    metadata: Metadata, port: number, options: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Service {
    return new kubernetes.core.v1.Service(metadata.name, {
        // Clients wait for the server themselves, so the Service doesn't need to wait for a ready pod.
        metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } },
        spec: {
            selector: selectorLabels(metadata.name),
            ports: [{ name: "mysql", port, targetPort: "main" }],
        },
    }, options);
}

function runServer(
    database: Database, args: SizedArgs, { claim, tls, metadata }: { claim: pulumi.Output<string>; tls: Tls; metadata: Metadata },
    options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.StatefulSet {
    const limits = databaseLimits(mebibytes(args.memory.limit), args.largestText ?? largestText);
    const times = requestTimes(args);
    const bytes = (size: number) => String(size * 2 ** 20);
    const env = {
        MARIADB_DATABASE: args.database,
        MARIADB_USER: database.user,
        MARIADB_PASSWORD_FILE: `${secretsDirectory}/password`,
        MARIADB_TLS: args.tls ?? "required",
        MARIADB_TLS_DIR: tlsDirectory,
        MARIADB_CLIENTS_DIR: clientsDirectory,
        MARIADB_MAX_CONNECTIONS: String(limits.connections),
        MARIADB_BUFFER_POOL_SIZE: bytes(limits.bufferPool),
        MARIADB_SESSION_MEMORY: bytes(limits.sessionMemory),
        MARIADB_TMP_SESSION: bytes(limits.sessionTemporary),
        MARIADB_TMP_TOTAL: bytes(limits.temporary),
        MARIADB_LOCK_WAIT_SECONDS: String(times.lockWait),
        MARIADB_STATEMENT_SECONDS: String(times.statement),
        MARIADB_MAX_PACKET: String(limits.packet),
    };
    const credentials = { [secretsDirectory]: { password: database.password } };
    const secretFiles = { ...credentials, [tlsDirectory]: tls.files };
    const spec = podSpec(database.name, {
        ...args, uid, env, secretFiles,
        priorityClassName: args.environment.priorityClasses?.database,
        port: database.port,
        probes: {
            // The program itself waits for the server.
            startup: { ...healthcheck("startup"), timeoutSeconds: 25, periodSeconds: 2, failureThreshold: 60 },
            readiness: { ...healthcheck("ready"), periodSeconds: 5, failureThreshold: 3 },
            // A slow server must not be restarted: that would only make it slower. One that hangs for five minutes is.
            liveness: { ...healthcheck("live"), periodSeconds: 30, failureThreshold: 10 },
        },
        // The server's start file, in /run, contains the password.
        ephemeral: { "/tmp": `${limits.temporaryVolume}Mi`, "/run/mysqld": { memory: "1Mi" } },
        persistent: { [dataDirectory]: claim },
        // A clean shutdown writes the buffer pool back. Killing the server earlier only makes the next start slower.
        terminationGracePeriodSeconds: 120,
    }, {
        ...createSources(database.name, args.environment, { env, secretFiles }, database),
        later: { [clientsDirectory]: clientsOf(database.name) },
    });
    const checksum = configChecksum({
        // The image's healthcheck puts a certificate of the next term to use, without a restart.
        env, secretFiles: { ...credentials, [tlsDirectory]: { identity: tls.identity } },
    });
    return createStatefulSet({ ...metadata, annotations: { [expiryAnnotation]: tls.expires } }, { spec, checksum, environment: args.environment }, options);
}

function healthcheck(what: string): kubernetes.types.input.core.v1.Probe {
    return { exec: { command: ["/usr/local/bin/healthcheck", what] }, timeoutSeconds: 10 };
}
