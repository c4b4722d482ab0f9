/** What the gateway must carry, from the limits of what stands behind it. */
export interface Traffic {
    /** Seconds that a client may wait for the first byte of an answer, and for each next one. @example 90 */
    answerSeconds: number;
    /** Seconds that the largest body or answer may take on the slowest connection. @example 1024 */
    transferSeconds: number;
    /** Most pods that answer behind the gateway, a rolling update included. @example 13 */
    pods: number;
    /** Most requests that those pods have in hand or waiting at once. @example 832 */
    requests: number;
}

/** For ten replicas, 64 MiB at 512 kbit/s, and pages of at most 90 s. */
export const defaultTraffic: Traffic = { answerSeconds: 90, transferSeconds: 1024, pods: 13, requests: 1024 };

/** The gateway's own limits; see `gatewayLimits`. */
export interface GatewayLimits {
    /** Seconds from the first byte of a request until its last has been passed on. */
    requestSeconds: number;
    /** Seconds that a request or an answer may stand still. */
    stallSeconds: number;
    /** Seconds that a connection may stay open between two requests. */
    idleSeconds: number;
    /** Seconds that a connection which is being closed may stand still with the end of an answer in it. */
    flushSeconds: number;
    /** Seconds that a proxy which is told to stop goes on as before, as clients still find it. */
    drainSeconds: number;
    /** Seconds that a proxy then waits for what its clients have begun. */
    lastSeconds: number;
    /** Seconds from the order to stop to the end by force. */
    graceSeconds: number;
    /** Proxies at the least and at the most. */
    replicas: { min: number; max: number };
    /** Connections of clients to each of a proxy's two ports; more are closed at once. */
    connections: number;
    /** Requests to one service that a proxy has in hand, and as many again that wait for a connection. */
    requests: number;
}

/** A proxy's share of a node. `cpu.busy`: mean use, in CPUs, above which there are to be more proxies. */
export const proxySize = {
    cpu: { request: "100m", limit: 2, busy: 1 },
    memory: { request: 128, limit: 512, unit: "Mi" },
};

/**
 * Every limit of the gateway, each at least that of what is behind it.
 * @param drainSeconds how long clients are still sent to a proxy that is about to stop; see LoadBalancing
 * @param nodes how many nodes must have a proxy
 */
export function gatewayLimits(traffic: Traffic, drainSeconds: number, nodes = 1): GatewayLimits {
    const { answerSeconds, transferSeconds, pods, requests } = traffic;
    const lastSeconds = answerSeconds + transferSeconds;
    const min = Math.max(2, nodes);
    return {
        // A body that comes in waits for a worker as an answer does.
        requestSeconds: transferSeconds + answerSeconds,
        // The answer's own limit comes first, with an error page.
        stallSeconds: answerSeconds + 15,
        // Less than any load balancer's in front (Azure's 4 minutes are the least).
        idleSeconds: 60,
        // At the slowest rate the kernel asks for more every 21 s: of its 4 MiB a third must be free, at 64 KiB/s.
        flushSeconds: 30,
        drainSeconds,
        lastSeconds,
        // The proxy is asked every 5 s whether it has connections left, and then ends within a second or two.
        graceSeconds: drainSeconds + lastSeconds + 15,
        replicas: { min, max: Math.max(min, mostProxies(pods)) },
        connections: mostConnections(),
        // No fewer than what Envoy itself allows.
        requests: Math.max(1024, requests),
    };
}

/**
 * A small file costs a proxy about as much as it costs a pod; a page costs a pod a hundred times as much. So proxies
 * with half as many CPUs as there are pods are never what a site waits for.
 */
function mostProxies(pods: number): number {
    return Math.ceil(pods / proxySize.cpu.limit);
}

/** Half of the memory is for connections: a TLS connection takes about 64 KiB, and two ports have as many. */
function mostConnections(): number {
    const kibibytes = proxySize.memory.limit * 1024;
    return kibibytes / 2 / 64 / 2;
}
