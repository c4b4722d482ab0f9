// @ts-check
import * as net from "node:net";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { unavailable } from "./page.mjs";

/** @import { Sleeper } from "./sleeper.mjs" */

/** Milliseconds that a connection inside the cluster may take, and between two attempts; longer if the API server refuses. */
const patience = { connect: 2000, again: 100, refused: 1000 };
/** Milliseconds for which the other side may close a connection by itself once it has the whole answer. */
const linger = 5000;

/**
 * A Service that requests go to.
 * @typedef {object} Backend
 * @property {number} listen Port at which its requests arrive.
 * @property {string} host
 * @property {number} port
 */

/**
 * Passes connections on, byte by byte, and wakes what they lead to. It neither reads nor changes requests: what the gateway
 * wrote about the client, uploads, WebSockets and time limits stay between the gateway and the service.
 */
export class Proxy {
    /** @type {Set<net.Socket>} */
    #clients = new Set();

    /**
     * @param {Backend[]} backends
     * @param {Pick<Sleeper, "state" | "pending" | "missing" | "wake" | "touch" | "doubt">} sleeper
     * @param {{ hold: number, connections: number, log?: (message: string) => void }} options
     * hold: milliseconds for which a request waits at most. connections: how many there may be at once.
     */
    constructor(backends, sleeper, { hold, connections, log = () => {} }) {
        this.sleeper = sleeper;
        this.hold = hold;
        this.log = log;
        this.servers = backends.map(backend => {
            const server = net.createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, client =>
                void this.#serve(client, backend));
            server.maxConnections = connections;
            return { server, backend, backlog: connections };
        });
    }

    /** @returns {Promise<void>} */
    async listen() {
        await Promise.all(this.servers.map(({ server, backend, backlog }) =>
            once(server.listen({ port: backend.listen, backlog }), "listening")));
    }

    /** Closes the connections that carry no request. */
    closeIdle() {
        for (const client of this.#clients) client.destroy();
    }

    /** Accepts no more connections. Resolves once the last has ended. @returns {Promise<void>} */
    async close() {
        await Promise.all(this.servers.map(({ server }) => new Promise(resolve => server.close(resolve))));
    }

    /**
     * @param {net.Socket} client
     * @param {Backend} backend
     */
    async #serve(client, backend) {
        client.on("error", () => client.destroy());
        // A connection on which nothing is sent is no request: a probe, or one in reserve.
        if (!await hasData(client)) return void client.destroy();
        const { sleeper } = this;
        let isPending = false;
        /** @param {boolean} wanted */
        const pending = wanted => {
            sleeper.touch();
            if (isPending !== wanted) sleeper.pending += wanted ? 1 : -1;
            isPending = wanted;
        };
        pending(true);
        // The end of a connection without a request is no use. closeIdle would keep the environment awake.
        client.once("close", () => isPending && pending(false));
        const service = await this.#reach(backend);
        if (service instanceof Error) return void this.#refuse(client, service);
        if (client.destroyed) return void service.destroy();
        this.#clients.add(client);
        client.once("close", () => {
            this.#clients.delete(client);
            service.destroy();
        });
        // A reset, so that half an answer never seems a whole one.
        service.on("error", () => client.resetAndDestroy());
        service.once("close", () => {
            client.unpipe(service);
            finish(client);
        });
        client.on("data", () => pending(true));
        service.on("data", () => pending(false));
        client.pipe(service).pipe(client);
    }

    /**
     * A connection to the service, for which it is woken if it sleeps; the reason if there is none in time.
     * @param {Backend} backend
     * @returns {Promise<net.Socket | Error>}
     */
    async #reach({ host, port }) {
        const end = performance.now() + this.hold;
        let problem = new Error("");
        for (;;) {
            const isAwake = this.sleeper.state === "awake" || await inTime(this.sleeper.wake(), end - performance.now())
                .catch(error => void (problem = error));
            // If the API server doesn't answer, the service may still do.
            const service = isAwake === false ? undefined : await connect(host, port);
            if (service) return service;
            const left = end - performance.now();
            if (left <= 0) return problem;
            this.sleeper.doubt();
            await pause(Math.min(left, isAwake === undefined ? patience.refused : patience.again));
        }
    }

    /**
     * @param {net.Socket} client
     * @param {Error} problem
     */
    #refuse(client, problem) {
        if (problem.message) this.log(`couldn't wake: ${problem.message}`);
        const head = String(client.read() ?? "").startsWith("HEAD ");
        const { missing } = this.sleeper;
        const why = problem.message ? "The cluster's API server did not do what the activator asked."
            : missing.length > 0 ? `Not ready yet: ${missing.join(", ")}.` : "";
        client.write(unavailable({ seconds: Math.round(this.hold / 1000), why, head }));
        finish(client);
    }
}

/**
 * Ends a connection once everything is sent. Reads on meanwhile: unread bytes would reset it before the gateway has read all.
 * @param {net.Socket} client
 */
function finish(client) {
    const end = () => void setTimeout(() => client.destroy(), linger).unref();
    client.end().resume();
    if (client.writableFinished) end();
    else client.once("finish", end);
}

/** Whether anything arrives before the connection ends. @param {net.Socket} socket */
async function hasData(socket) {
    await Promise.race([once(socket, "readable"), once(socket, "close")]).catch(() => {});
    return socket.readableLength > 0;
}

/**
 * @param {Promise<void>} work
 * @param {number} milliseconds
 * @returns {Promise<boolean>} whether it was done in time
 */
async function inTime(work, milliseconds) {
    const timer = new AbortController();
    const late = pause(Math.max(0, milliseconds), false, { signal: timer.signal }).catch(() => false);
    return Promise.race([work.then(() => true), late]).finally(() => timer.abort());
}

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<net.Socket | undefined>}
 */
function connect(host, port) {
    return new Promise(resolve => {
        const socket = net.connect({ host, port, allowHalfOpen: true, noDelay: true, keepAlive: true });
        const fail = () => {
            socket.destroy();
            resolve(undefined);
        };
        socket.setTimeout(patience.connect, fail).once("error", fail).once("connect", () => {
            socket.setTimeout(0).removeListener("error", fail);
            resolve(socket);
        });
    });
}
