import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as path from "node:path";
import { Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { mebibytes } from "../quantity";
import { fromWorkingDirectory, libraryRoot } from "../project";
import { databaseDefaults } from "./defaults";
import { Environment } from "./environment";
import { ContainerImage } from "./image";
import { Metadata, objectLabels, selectorLabels } from "./labels";
import { databaseLimits, leastDatabaseMemory, requestTimes } from "./limits";
import { Listener } from "./network";
import { configChecksum, podSpec, Resource } from "./pod";
import { createConfigMap, createSecrets } from "./sources";
import { createVolume } from "./volume";

export interface DatabaseArgs {
    environment: Environment;
    /**
     * A reference with a tag or a digest: of the image in `databaseImageContext`, or of one with the same interface, which
     * that directory's Dockerfile names.
     * @default built from that directory on this computer, and brought to the nodes
     */
    image?: pulumi.Input<string>;
    /** `single`: one server, whose data survives it. @default "single" */
    mode?: "single";
    /** Name of the database and of its user. Later changes have no effect on the data that is there. @example "shop" */
    database: string;
    /** Size of the volume, which may grow where its class allows it, and never shrinks. @default "5Gi" */
    volume?: pulumi.Input<string>;
    /** StorageClass of the volume. @default the cluster's for volumes that one pod writes */
    storageClass?: string;
    /** @default { request: "250m", limit: "1" } */
    cpu?: Resource;
    /**
     * How many connections the server takes, and how much of everything else, follows from the limit: at least 258Mi.
     * @default { request: "512Mi", limit: "1Gi" }
     */
    memory?: Resource & { limit: string };
    /** Bytes of the largest text that the application stores by one statement. @default 2 MiB */
    largestText?: number;
    /** Seconds that the application may take to answer a request; the server gives up earlier. @default 60 */
    requestSeconds?: number;
    /** Last word on the StatefulSet's arguments, for what is not modelled here. */
    transform?: (args: kubernetes.apps.v1.StatefulSetArgs) => kubernetes.apps.v1.StatefulSetArgs;
}

/** With the defaults. */
type SizedArgs = DatabaseArgs & Required<Pick<DatabaseArgs, "image" | "volume" | "cpu" | "memory">>;

/** User and group of the image's server. */
const uid = 10002;
const dataDirectory = "/var/lib/mysql";
const secretsDirectory = "/etc/landfall/credentials";

/**
 * Directory of the image of Landfall's MariaDB, relative to the program's working directory: for those who build it with
 * a date or a base of their own, by a ContainerImage.
 */
export const databaseImageContext = fromWorkingDirectory(path.join(libraryRoot, "components/workload/images/database"));

/**
 * A MySQL-compatible database with a persistent volume and credentials of its own. It lets in what declares that it
 * talks to it.
 *
 * @example
 * const database = new Database("database", { environment, database: "shop" });
 * new WebService("shop", { …, env: { DATABASE_HOST: database.host }, talksTo: [database] });
 */
export class Database extends pulumi.ComponentResource implements Listener {
    readonly name: string;
    readonly namespace: pulumi.Output<string>;
    readonly cluster: Cluster;
    readonly port = 3306;
    /**
     * Its Service's address inside the cluster. Not its name: the cluster's DNS would have a say in every connection, and
     * for most of a minute after one of its pods is lost with a node, some of the questions go unanswered.
     */
    readonly host: pulumi.Output<string>;
    readonly database: string;
    readonly user: string;
    /** Secret, generated once. */
    readonly password: pulumi.Output<string>;
    readonly statefulSet: kubernetes.apps.v1.StatefulSet;

    constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:workload:Database", name, {}, opts);
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
        const service = createService(metadata, this.port, options);
        this.statefulSet = createStatefulSet(this, sized, claim.metadata.name, metadata, options);
        createDisruptionBudget(metadata, options);

        this.host = service.spec.clusterIP;
        this.registerOutputs({ host: this.host, port: this.port });
    }
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
        // Clients wait for the server themselves, so the address needs no server to be there yet.
        metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } },
        spec: {
            selector: selectorLabels(metadata.name),
            ports: [{ name: "mysql", port, targetPort: "main" }],
        },
    }, options);
}

function createStatefulSet(
    database: Database, args: SizedArgs, claim: pulumi.Output<string>, metadata: Metadata,
    options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.StatefulSet {
    const limits = databaseLimits(mebibytes(args.memory.limit), args.largestText ?? 2 << 20);
    const times = requestTimes(args);
    const bytes = (size: number) => String(size * 2 ** 20);
    const env = {
        MARIADB_DATABASE: args.database,
        MARIADB_USER: database.user,
        MARIADB_PASSWORD_FILE: `${secretsDirectory}/password`,
        MARIADB_MAX_CONNECTIONS: String(limits.connections),
        MARIADB_BUFFER_POOL_SIZE: bytes(limits.bufferPool),
        MARIADB_SESSION_MEMORY: bytes(limits.sessionMemory),
        MARIADB_TMP_SESSION: bytes(limits.sessionTemporary),
        MARIADB_TMP_TOTAL: bytes(limits.temporary),
        MARIADB_LOCK_WAIT_SECONDS: String(times.lockWait),
        MARIADB_STATEMENT_SECONDS: String(times.statement),
        MARIADB_MAX_PACKET: String(limits.packet),
    };
    const secretFiles = { [secretsDirectory]: { password: database.password } };
    const spec = podSpec(database.name, {
        ...args, uid, env, secretFiles,
        port: database.port,
        probes: {
            // It waits for the server by itself.
            startup: { ...healthcheck("startup"), timeoutSeconds: 25, periodSeconds: 2, failureThreshold: 60 },
            readiness: { ...healthcheck("ready"), periodSeconds: 5, failureThreshold: 3 },
            // Slow is not gone: a restart would only make a busy server slower. One that hangs for five minutes is gone.
            liveness: { ...healthcheck("live"), periodSeconds: 30, failureThreshold: 10 },
        },
        // The server's start file, in /run, holds the password.
        ephemeral: { "/tmp": `${limits.temporaryVolume}Mi`, "/run/mysqld": { memory: "1Mi" } },
        persistent: { [dataDirectory]: claim },
        // A clean shutdown writes the buffer pool back; killing it earlier only makes the next start longer.
        terminationGracePeriodSeconds: 120,
    }, {
        configMap: createConfigMap(database.name, args.environment, env, database),
        secrets: createSecrets(database.name, args.environment, secretFiles, database),
    });
    const statefulSetArgs: kubernetes.apps.v1.StatefulSetArgs = {
        metadata,
        spec: {
            serviceName: metadata.name,
            replicas: 1,
            selector: { matchLabels: selectorLabels(metadata.name) },
            template: {
                metadata: {
                    labels: metadata.labels,
                    annotations: { "landfall.dev/config": configChecksum({ env, secretFiles }) },
                },
                spec,
            },
        },
    };
    return new kubernetes.apps.v1.StatefulSet(
        metadata.name, args.transform?.(statefulSetArgs) ?? statefulSetArgs, options);
}

function healthcheck(what: string): kubernetes.types.input.core.v1.Probe {
    return { exec: { command: ["/usr/local/bin/healthcheck", what] }, timeoutSeconds: 10 };
}

function createDisruptionBudget(metadata: Metadata, options: pulumi.CustomResourceOptions): void {
    new kubernetes.policy.v1.PodDisruptionBudget(metadata.name, {
        metadata,
        // One server can't be kept up while its node is drained: it moves, and its data with it.
        spec: { maxUnavailable: 1, selector: { matchLabels: selectorLabels(metadata.name) } },
    }, options);
}
