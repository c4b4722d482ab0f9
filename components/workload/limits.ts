/**
 * The limits on a request's path that every web service and database share. They follow from a few settings, so no layer
 * accepts more than the next one can handle. Times are whole seconds, sizes whole mebibytes.
 */

/** Percentage of a Deployment's replicas that a rolling update adds temporarily: Kubernetes' default. */
export const surgePercent = 25;

/** Most pods during a rolling update at full scale. Kubernetes rounds the surge up. */
export function podsInRollout(maxReplicas: number): number {
    return maxReplicas + Math.ceil(maxReplicas * surgePercent / 100);
}

/** Bytes per second below which a transfer counts as stalled: half a megabit. */
export const slowestRate = 64 * 1024;

/** Seconds that a request may wait for a worker in a busy pod. People don't wait longer. */
const queueSeconds = 30;

/** The settings that all times follow from. */
export interface RequestTime {
    /** Seconds that the application may take to answer a request, once it has started. @default 60 */
    requestSeconds?: number;
    /** The largest request body or answer, in bytes. It determines how long a transfer may take. @default 64 MiB */
    largestTransfer?: number;
}

/** How long each layer waits, from the innermost to the outermost. Each waits at least as long as the one behind it. */
export interface RequestTimes {
    /** The database, for a lock that another query holds. */
    lockWait: number;
    /** The database, for one statement of the application. */
    statement: number;
    /** The application, for the database's answer. */
    databaseAnswer: number;
    /** The application, for a request that it has started. */
    request: number;
    /** The web server, for the application, which may first wait for a worker. */
    answer: number;
    /** The gateway, for the next byte in either direction. */
    idle: number;
    /** A transfer of the largest body or answer, on the slowest connection that doesn't count as stalled. */
    transfer: number;
    /** The gateway, for the whole request body. */
    reception: number;
    /** The gateway, from the end of the request to the end of the answer. */
    response: number;
    /** A terminating pod, for the requests that it has. */
    drain: number;
}

/** How long each layer waits. Fractions instead of differences keep the order for short times too. */
export function requestTimes({ requestSeconds = 60, largestTransfer = 64 << 20 }: RequestTime = {}): RequestTimes {
    const part = (tenths: number) => Math.floor(requestSeconds * tenths / 10);
    const transfer = Math.ceil(largestTransfer / slowestRate);
    const answer = requestSeconds + queueSeconds;
    return {
        lockWait: part(7),
        statement: part(8),
        databaseAnswer: part(9),
        request: requestSeconds,
        answer,
        idle: answer + 5,
        transfer,
        reception: transfer + 30,
        response: answer + transfer + 5,
        drain: answer + transfer + 5,
    };
}

/** The resources of a database server, apart from its volume. */
export interface DatabaseLimits {
    /** Concurrent connections of the application. The image reserves some more for probes, backups and the administrator. */
    connections: number;
    /** Mebibytes for data pages. */
    bufferPool: number;
    /** Mebibytes of memory that one session may use. A query that needs more fails. */
    sessionMemory: number;
    /** Mebibytes of temporary files that one session may write. A query that needs more fails. */
    sessionTemporary: number;
    /** Mebibytes of temporary files in all. */
    temporary: number;
    /** Mebibytes of the volume under /tmp, which holds them and small files of the server's own. */
    temporaryVolume: number;
    /** Bytes of the largest statement or row. */
    packet: number;
}

/** What MariaDB uses, measured with images/database, in mebibytes. */
const serverMemory = 112;
/** For a connection with the queries of pages; an idle one uses a tenth. */
const connectionMemory = 2;
/** A data page uses a little more than its size. */
const bufferPoolOverhead = 1.05;
/** Connections that images/database reserves in addition to the application's. */
export const reservedConnections = 5;
/** Share of the memory for data pages. The rest is for connections, temporary tables and the file system cache. */
const bufferPoolShare = 3 / 8;
/** Share of the memory for sessions that need more than others, and how many of these may run at once. */
const greedyShare = 1 / 8;
const greedySessions = 4;

/** The smallest memory limit, in mebibytes, of a server that accepts this many connections of the application. */
export function leastDatabaseMemory(connections: number): number {
    const others = serverMemory + (connections + reservedConnections) * connectionMemory;
    return Math.ceil(others / (1 - bufferPoolShare * bufferPoolOverhead - greedyShare));
}

/** Size of the largest text that one statement stores, unless the application says otherwise. */
export const largestText = 2 << 20;

/**
 * The configuration of a server with this memory limit, in mebibytes. It depends on nothing else, so no change of the
 * application restarts the database. `leastDatabaseMemory` says whether the limit is enough.
 * @param largestText size of the largest text that one statement stores, in bytes
 */
export function databaseLimits(memory: number, largestText: number): DatabaseLimits {
    const shared = memory * bufferPoolShare * bufferPoolOverhead + memory * greedyShare;
    // Twice what fits into memory: enough to sort the data of a site of this size. One query may use half.
    const temporary = memory * 2;
    return {
        connections: Math.floor((memory - serverMemory - shared) / connectionMemory) - reservedConnections,
        bufferPool: Math.floor(memory * bufferPoolShare),
        sessionMemory: Math.floor(memory * greedyShare / greedySessions),
        sessionTemporary: Math.floor(temporary / 2),
        temporary,
        temporaryVolume: temporary + 64,
        // Escaping may double a text's length.
        packet: 2 * largestText + (1 << 20),
    };
}

/** Seconds for which the activator of a sleeping environment holds a request. A pod that has just started has no queue. */
export const holdSeconds = queueSeconds;

/** What the activator of an environment that sleeps may use. */
export interface ActivatorLimits {
    /** Connections at once, which are at least the requests of the services behind it. */
    connections: number;
    cpu: { request: string; limit: string };
    memory: { request: string; limit: string };
}

/** Measured: mebibytes that Node uses, and kibibytes for a connection that stalls in both directions. */
const activatorMemory = { base: 64, connection: 104 };

/** @param requests that the services behind it handle or queue at once */
export function activatorLimits(requests: number): ActivatorLimits {
    const connections = Math.max(1024, requests);
    const memory = activatorMemory.base + Math.ceil(connections * activatorMemory.connection / 1024);
    return { connections, cpu: { request: "10m", limit: "500m" }, memory: { request: "48Mi", limit: `${memory}Mi` } };
}
