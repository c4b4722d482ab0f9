/**
 * The limits on a request's path that every web service and database share. Each follows from the few that a person
 * sets, so that no layer accepts what the one behind it can't carry. Times are whole seconds, sizes whole mebibytes.
 */

/** Part of a Deployment's replicas that a rolling update adds for a while, in percent: Kubernetes' own default. */
export const surgePercent = 25;

/** Pods at the height of a rolling update at full scale. Kubernetes rounds the surge up. */
export function podsInRollout(maxReplicas: number): number {
    return maxReplicas + Math.ceil(maxReplicas * surgePercent / 100);
}

/** Bytes a second below which a transfer counts as stalled: half a megabit. */
export const slowestRate = 64 * 1024;

/** Seconds that a request may wait for a worker in a pod that is busy; longer, and people have left. */
const queueSeconds = 30;

/** What a person decides about time. */
export interface RequestTime {
    /** Seconds that the application may take to answer a request that it has begun. @default 60 */
    requestSeconds?: number;
    /** The largest body or answer, in bytes: how long a transfer may take follows. @default 64 MiB */
    largestTransfer?: number;
}

/** How long each layer waits, from the innermost to the outermost: each at least as long as the one behind it. */
export interface RequestTimes {
    /** The database, for a lock that another query holds. */
    lockWait: number;
    /** The database, for one statement of the application. */
    statement: number;
    /** The application, for an answer of the database. */
    databaseAnswer: number;
    /** The application, for a request that it has begun. */
    request: number;
    /** The web server, for the application: it may have to wait for a worker first. */
    answer: number;
    /** The gateway, for the next byte in either direction. */
    idle: number;
    /** The largest body or answer, on the slowest connection that doesn't count as stalled. */
    transfer: number;
    /** The gateway, for the whole of a request's body. */
    reception: number;
    /** The gateway, from the end of the request to the end of the answer. */
    response: number;
    /** A pod that is told to stop, for the requests that it has. */
    drain: number;
}

/** How long each layer waits. Fractions rather than differences, so that the order holds for short times too. */
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

/** What a database server is given, beside its volume. */
export interface DatabaseLimits {
    /** Connections of the application at once. The image keeps some more for probes, backups and the administrator. */
    connections: number;
    /** Mebibytes for data pages. */
    bufferPool: number;
    /** Mebibytes that one session may take; a query that wants more fails. */
    sessionMemory: number;
    /** Mebibytes of temporary files that one session may fill; a query that wants more fails. */
    sessionTemporary: number;
    /** Mebibytes of temporary files in all. */
    temporary: number;
    /** Mebibytes of the volume under /tmp, in which the server keeps them beside small files of its own. */
    temporaryVolume: number;
    /** Bytes of the largest statement or row. */
    packet: number;
}

/** What MariaDB takes, measured with images/database, in mebibytes. */
const serverMemory = 112;
/** With the queries of pages; an idle one takes a tenth. */
const connectionMemory = 2;
/** A page of data takes a little more than its size. */
const bufferPoolOverhead = 1.05;
/** What images/database keeps beside the application's. */
export const reservedConnections = 5;
/** Part of the memory for data pages; the rest serves connections, temporary tables and the file system's cache. */
const bufferPoolShare = 3 / 8;
/** Part of the memory for sessions that take more than others, and how many of these there may be at once. */
const greedyShare = 1 / 8;
const greedySessions = 4;

/** The least memory limit, in mebibytes, of a server that holds so many connections of the application. */
export function leastDatabaseMemory(connections: number): number {
    const others = serverMemory + (connections + reservedConnections) * connectionMemory;
    return Math.ceil(others / (1 - bufferPoolShare * bufferPoolOverhead - greedyShare));
}

/**
 * How a server with this memory limit, in mebibytes, is set up. It depends on nothing else, so that no change of the
 * application restarts the database; `leastDatabaseMemory` says whether it is enough.
 * @param largestText bytes of the largest text that one statement stores
 */
export function databaseLimits(memory: number, largestText: number): DatabaseLimits {
    const shared = memory * bufferPoolShare * bufferPoolOverhead + memory * greedyShare;
    // Twice what fits into memory: enough to sort what a site of this size holds. One query may take half.
    const temporary = memory * 2;
    return {
        connections: Math.floor((memory - serverMemory - shared) / connectionMemory) - reservedConnections,
        bufferPool: Math.floor(memory * bufferPoolShare),
        sessionMemory: Math.floor(memory * greedyShare / greedySessions),
        sessionTemporary: Math.floor(temporary / 2),
        temporary,
        temporaryVolume: temporary + 64,
        // Escaped, a text may be twice as long.
        packet: 2 * largestText + (1 << 20),
    };
}
