import { RequestTimes, requestTimes } from "../workload/limits";

/** What the gateway must carry, from the limits of what stands behind it. */
export interface Traffic {
    /** How long each part of a request may take. */
    times: RequestTimes;
    /** Most pods that answer behind the gateway, a rolling update included. @example 13 */
    pods: number;
    /** Most requests that those pods have in hand or waiting at once. @example 1664 */
    requests: number;
}

/** For services of up to ten replicas. */
export const defaultTraffic: Traffic = { times: requestTimes(), pods: 13, requests: 1664 };

/** The gateway's own limits; see `gatewayLimits`. */
export interface GatewayLimits {
    times: RequestTimes;
    /** Seconds that a connection may stay open between two requests. */
    idleSeconds: number;
    /** Seconds that a connection which is being closed may stand still with the end of an answer in it. */
    flushSeconds: number;
    /** Seconds that a proxy which is told to stop goes on as before, as clients are still sent to it. */
    drainSeconds: number;
    /** Seconds from the order to stop to the end by force. */
    graceSeconds: number;
    /** Proxies at the least and at the most. */
    replicas: { min: number; max: number };
    /** Connections of clients to each of a proxy's two ports; more are closed at once. */
    connections: number;
    /** Requests to one service that a proxy has in hand, and as many again that wait for a connection. */
    requests: number;
}

/** Less than any load balancer's in front, of which Azure's four minutes are the least. */
const idleSeconds = 60;
/** What is left of them in a proxy that is full: a page's files still come by one connection. */
export const leastIdleSeconds = 10;

/** A proxy's share of a node; memory in MiB. `cpu.busy`: mean use, in CPUs, above which there are to be more proxies. */
export const proxySize = {
    cpu: { request: "100m", limit: 2, busy: 1 },
    memory: { request: 128, limit: 1024 },
};

/**
 * Every limit of the gateway, each at least that of what is behind it.
 * @param drainSeconds how long clients are still sent to a proxy that is about to stop; see LoadBalancing
 * @param nodes how many nodes must have a proxy
 */
export function gatewayLimits({ times, pods, requests }: Traffic, drainSeconds: number, nodes = 1): GatewayLimits {
    const min = Math.max(2, nodes);
    return {
        times,
        idleSeconds,
        // The kernel asks for more once a third of its 4 MiB is free: every 21 s at the slowest rate that is no stall.
        flushSeconds: 30,
        drainSeconds,
        // The proxy is asked every 5 s whether it has connections left, and then ends within a second or two.
        graceSeconds: drainSeconds + Math.max(times.drain, idleSeconds) + 15,
        replicas: { min, max: Math.max(min, mostProxies(pods)) },
        connections: mostConnections(),
        // No fewer than what Envoy itself allows.
        requests: Math.max(1024, requests),
    };
}

/**
 * Measured: a small file takes a proxy 0.6 ms of a CPU, and 3 ms where its client connects for it. So a CPU of proxies for
 * each pod lets in 300 new visitors a second for each, more than a pod has pages for.
 */
function mostProxies(pods: number): number {
    return Math.ceil(pods / proxySize.cpu.limit);
}

/** Half of the memory is for connections: a TLS connection takes about 64 KiB, and two ports have as many. */
function mostConnections(): number {
    const kibibytes = proxySize.memory.limit * 1024;
    return kibibytes / 2 / 64 / 2;
}
