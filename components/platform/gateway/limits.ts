import { RequestTimes, requestTimes } from "../../workload/limits";

/** The traffic that the gateway must handle, from the limits of the services behind it. */
export interface Traffic {
    /** How long each part of a request may take. */
    times: RequestTimes;
    /** Largest number of pods behind the gateway, also during a rolling update. @example 13 */
    pods: number;
    /** Largest number of requests that those pods handle or queue at once. @example 1664 */
    requests: number;
}

/** For services of up to ten replicas. */
export const defaultTraffic: Traffic = { times: requestTimes(), pods: 13, requests: 1664 };

/** The gateway's own limits; see `gatewayLimits`. */
export interface GatewayLimits {
    /** contour.ts sets the proxies' timeouts; workload/route.ts sets the one of a whole request, for each service. */
    times: RequestTimes;
    /** Seconds that a connection may stay open between two requests. */
    idleSeconds: number;
    /** Seconds that a closing connection may stall while it still has the end of an answer to send. */
    flushSeconds: number;
    /** Seconds that a terminating proxy continues as before, because clients are still sent to it. */
    drainSeconds: number;
    /** Seconds from the start of the termination until the proxy is killed. */
    graceSeconds: number;
    /** Smallest and largest number of proxies. */
    replicas: { min: number; max: number };
    /** Client connections to each of a proxy's two ports. Further ones are closed at once. */
    connections: number;
    /** How many of these one client address may have. As many as all, where the gateway can't tell clients apart. */
    clientConnections: number;
    /** Requests to one service that a proxy handles at once. As many again may wait for a connection. */
    requests: number;
}

/** Shorter than the timeout of any load balancer in front; the shortest is Azure's, four minutes. */
const idleSeconds = 60;
/** The same in a proxy that is full: long enough for a page's files to use one connection. */
export const leastIdleSeconds = 10;

/** A proxy's resources; memory in MiB. `cpu.busy`: mean use, in CPUs, above which proxies are added. */
export const proxySize = {
    cpu: { request: "100m", limit: 2, busy: 1 },
    memory: { request: 128, limit: 1024 },
};

/**
 * All limits of the gateway. Each is at least the limit of the service behind it.
 * @param drainSeconds how long clients are still sent to a terminating proxy; see LoadBalancing
 * @param nodes how many nodes must have a proxy
 * @param clientConnections of one address, if that isn't the usual number
 */
export function gatewayLimits(
    { times, pods, requests }: Traffic, drainSeconds: number, nodes = 1, clientConnections = usualClientConnections,
): GatewayLimits {
    const min = Math.max(2, nodes);
    return {
        times,
        idleSeconds,
        // The kernel reads on when a third of its 4 MiB is free: every 21 s at the slowest rate that doesn't count as stalled.
        flushSeconds: 30,
        drainSeconds,
        // A check every 5 s asks whether the proxy has connections left. Without any, it ends within a second or two.
        graceSeconds: drainSeconds + Math.max(times.drain, idleSeconds) + 15,
        replicas: { min, max: Math.max(min, mostProxies(pods)) },
        connections: mostConnections,
        clientConnections: Math.min(mostConnections, clientConnections),
        // Not fewer than Envoy's own default.
        requests: Math.max(1024, requests),
    };
}

/**
 * Measured: a small file costs a proxy 0.6 ms of CPU, and 3 ms with a new connection. So one CPU of proxies for each pod
 * accepts 300 new visitors a second per pod, which is more than a pod can answer with pages.
 */
function mostProxies(pods: number): number {
    return Math.ceil(pods / proxySize.cpu.limit);
}

/** KiB that a connection takes: with TLS, and on its way from the listener for clients. Measured. */
const connectionMemory = 64 + 24;

/** Half of the memory is for connections. Each of the two ports has its own. */
export const mostConnections = Math.floor(proxySize.memory.limit * 1024 / 2 / connectionMemory / 2);

/**
 * Offices and mobile networks have hundreds of people behind one address, each with a connection by HTTP/2, or six. Eight
 * addresses would have to work together to fill a proxy.
 */
export const usualClientConnections = Math.floor(mostConnections / 8);
