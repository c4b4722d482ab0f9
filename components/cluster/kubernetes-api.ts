import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import * as http from "node:http";
import * as https from "node:https";
import { proxyFor } from "../proxy";

/** Plain JSON: the client library's own objects would lose fields that it does not know. */
export type Json = Record<string, unknown>;

/** An answer of the API server other than success. */
export class KubernetesError extends Error {
    constructor(
        readonly code: number,
        message: string,
    ) {
        super(message);
    }
}

/** How the API server of a kubeconfig's context is asked. */
export interface Connection {
    server: URL;
    options: https.RequestOptions;
    namespace?: string;
}

/**
 * Reads a kubeconfig; the API server is asked through a proxy where the environment names one. The library's part for that
 * is loaded alone, as all of it takes seconds.
 */
export async function readKubeconfig(kubeconfig: string, context?: string): Promise<KubeConfig> {
    const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js");
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    if (context) config.setCurrentContext(context);
    const cluster = config.getCurrentCluster();
    if (!cluster) throw new Error(`The kubeconfig has no cluster for the context "${config.getCurrentContext()}"`);
    const proxyUrl = cluster.proxyUrl ?? proxyFor(new URL(cluster.server))?.href;
    if (proxyUrl) config.clusters = config.clusters.map(other => (other === cluster ? { ...cluster, proxyUrl } : other));
    return config;
}

/** How to ask the API server that a kubeconfig names. */
export async function connect(kubeconfig: string, context?: string): Promise<Connection> {
    const config = await readKubeconfig(kubeconfig, context);
    const server = new URL(config.getCurrentCluster()?.server as string);
    const options: https.RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
    return { server, options, ...(namespace && { namespace }) };
}

/** Asks once, and waits at most so many seconds while nothing is said. @throws KubernetesError for what isn't success */
export function send(
    { server, options }: Connection, method: string, path: string, { body, seconds = 60, accept = "application/json" }: { body?: Json; seconds?: number; accept?: string } = {},
): Promise<Json> {
    const url = new URL(server.pathname.replace(/\/$/, "") + path, server);
    const type = method === "PATCH" ? "application/apply-patch+yaml" : "application/json";
    const payload = body && Buffer.from(JSON.stringify(body));
    const content = payload && { "content-type": type, "content-length": payload.length };
    const headers = { ...options.headers, accept, ...content };
    const { request } = url.protocol === "http:" ? http : https;
    return new Promise((resolve, reject) => {
        const sent = request(url, { ...options, method, headers, timeout: seconds * 1000 }, response => {
            let text = "";
            response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
            response.on("error", reject).on("end", () => {
                const answer = parse(text);
                const code = response.statusCode ?? 0;
                if (code >= 200 && code < 300) return resolve(answer);
                const message = typeof answer.message === "string" ? answer.message : `HTTP ${code}: ${text.slice(0, 500)}`;
                return reject(new KubernetesError(code, message));
            });
        });
        sent.on("timeout", () => sent.destroy(new Error(`${server.origin} does not answer`)));
        sent.on("error", reject).end(payload);
    });
}

function parse(text: string): Json {
    try {
        return JSON.parse(text) as Json;
    } catch {
        return {};
    }
}
