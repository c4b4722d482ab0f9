import * as fs from "node:fs";
import * as path from "node:path";
import { type Node, objectOf, textOf } from "./node";

/** What a Compose file doesn't say of an image, because Docker needs no answer. */
export interface KnownImage {
    /** The port on which it listens. */
    port?: number;
    /** The user for which its files are made. */
    uid?: number;
    /** Where it writes, besides its volumes. */
    ephemeral?: string[];
    isDatabase?: boolean;
}

const database = { uid: 999, isDatabase: true };

/** Docker's official images, as their own documentation describes them. */
const official: Record<string, KnownImage> = {
    mariadb: { ...database, port: 3306, ephemeral: ["/run/mysqld"] },
    mysql: { ...database, port: 3306, ephemeral: ["/var/run/mysqld"] },
    postgres: { ...database, port: 5432, ephemeral: ["/var/run/postgresql"] },
    mongo: { ...database, port: 27017 },
    redis: { port: 6379, uid: 999 }, valkey: { port: 6379, uid: 999 },
    memcached: { port: 11211, uid: 11211 },
    rabbitmq: { port: 5672, uid: 999 },
    nginx: { port: 80, uid: 101, ephemeral: ["/var/cache/nginx", "/run"] },
    httpd: { port: 80, uid: 33, ephemeral: ["/usr/local/apache2/logs"] },
};

/** What is known of an image by its name. */
export function knownImage(reference: string): KnownImage {
    const [, name = "", tag = ""] = /^(?:(?:docker\.io\/)?(?:library\/)?|valkey\/)([a-z]+)(?::([^@]*))?(?:@.*)?$/.exec(reference) ?? [];
    const known = Object.hasOwn(official, name) ? official[name] : {};
    // Alpine's packages have other users.
    return name === "postgres" && tag.includes("alpine") ? { ...known, uid: 70 } : known;
}

/** Where programs listen unless told otherwise, by the ending of an image's name: those that others connect to without naming the port. */
const listening: [names: RegExp, port: number][] = [
    [/^(postgres|postgresql|postgis|pgvector|timescaledb)$/, 5432], [/^(mariadb|mysql|percona)$/, 3306], [/^(mongo|mongodb)$/, 27017], [/^(redis|valkey|keydb|dragonfly)$/, 6379], [/^memcached$/, 11211],
    [/^rabbitmq$/, 5672], [/^kafka$/, 9092], [/^zookeeper$/, 2181], [/^nats$/, 4222], [/^clickhouse(-server)?$/, 8123], [/^(elasticsearch|opensearch)$/, 9200], [/^meilisearch$/, 7700], [/^solr$/, 8983],
    [/^influxdb$/, 8086], [/^couchdb$/, 5984], [/^cassandra$/, 9042], [/^minio$/, 9000], [/^guacd$/, 4822], [/^eclipse-mosquitto$/, 1883],
];

/** Servers of databases by the ending of an image's name, whoever built it. */
const databases = /^(postgres|postgresql|postgis|pgvector|timescaledb|mariadb|mysql|percona|mongo|mongodb|clickhouse|elasticsearch|opensearch|influxdb|couchdb|cassandra|neo4j|etcd)(-(server|community-server|ha))?$/;

/** Whether an image's files make sense only together, as a database's do. */
export function isDatabase(reference: string): boolean {
    return databases.test(endingOf(reference));
}

export function listeningPorts(reference: string): number[] {
    const name = endingOf(reference);
    return listening.filter(([names]) => names.test(name)).map(([, port]) => port);
}

function endingOf(reference: string): string {
    return reference.replace(/[:@][^/]*$/, "").split("/").pop()!;
}

/** The TCP ports that the last stage of a Dockerfile declares. */
export function exposedPorts(context: string, dockerfile: string): number[] {
    const file = path.join(context, dockerfile);
    if (!fs.existsSync(file)) return [];
    const stages = fs.readFileSync(file, "utf8").split(/^\s*FROM\s/im);
    return [...stages[stages.length - 1].matchAll(/^\s*EXPOSE\s+(.+)$/gim)].flatMap(([, ports]) => ports.trim().split(/\s+/))
        .flatMap(port => /^(\d+)(\/tcp)?$/i.exec(port) ? [Number.parseInt(port, 10)] : []);
}

/** The services. What has the image that one of `all` builds is built as that one is: no registry has it. */
export function withBuilds(services: { [key: string]: Node }, all: { [key: string]: Node }): { [key: string]: Node } {
    const nameOf = (node: Node): string | undefined => textOf(objectOf(node)?.image)?.replace(/^([^:@]*(?::\d+\/[^:@]*)?)$/, "$1:latest");
    const builders = Object.values(all).filter(node => objectOf(node)?.build && nameOf(node) !== undefined);
    return Object.fromEntries(Object.entries(services).map(([name, node]) => {
        const entries = objectOf(node);
        const builder = entries?.build ? undefined : builders.find(each => nameOf(each) === nameOf(node));
        return [name, builder === undefined ? node : { ...node, value: { ...entries, build: objectOf(builder)!.build } }];
    }));
}
