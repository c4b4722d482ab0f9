import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import * as yaml from "js-yaml";
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { proxyFor } from "../proxy";

/** Plain JSON, because the client library's classes drop unknown fields. */
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

/** The API server accepted the connection but did not answer in time. A timeout means that it is busy, not that it is gone. */
class Silence extends Error {}

/** What a request to the API server of a kubeconfig's context needs. */
export interface Connection {
    server: URL;
    options: https.RequestOptions;
    namespace?: string;
}

/**
 * Reads a kubeconfig. If the environment names a proxy, requests to the API server use it. Only this part of the client
 * library is loaded, as loading all of it takes seconds.
 */
export async function readKubeconfig(kubeconfig: string, context?: string): Promise<KubeConfig> {
    const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js");
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    const { users } = yaml.load(kubeconfig, { schema: yaml.CORE_SCHEMA }) as { users?: { name: string; user?: { tokenFile?: string } }[] | null };
    // The library has another name for this than kubectl.
    config.users = config.users.map(user => {
        const file = users?.find(({ name }) => name === user.name)?.user?.tokenFile;
        return file ? { ...user, token: fs.readFileSync(file, "utf8").trim() } : user;
    });
    if (context) config.setCurrentContext(context);
    const cluster = config.getCurrentCluster();
    if (!cluster) throw new Error(`The kubeconfig has no cluster for the context "${config.getCurrentContext()}"`);
    const proxyUrl = cluster.proxyUrl ?? proxyFor(new URL(cluster.server))?.href;
    if (proxyUrl) config.clusters = config.clusters.map(other => (other === cluster ? { ...cluster, proxyUrl } : other));
    return config;
}

/** Connects to the API server that a kubeconfig names. Consecutive requests share their connections. */
export async function connect(kubeconfig: string, context?: string): Promise<Connection> {
    const connection = plainConnection(kubeconfig, context) ?? await anyConnection(kubeconfig, context);
    Object.assign(connection.options.agent as object, { keepAlive: true });
    return connection;
}

/** A kubeconfig's lists of named entries. */
type Kubeconfig = Record<string, { name: string; [key: string]: unknown }[] | undefined>;

/** The keys of a kubeconfig that need no other file or program. */
const plainKeys = ["server", "certificate-authority-data", "client-certificate-data", "client-key-data", "token"];

/**
 * The connection for a kubeconfig that contains its credentials, if there is no proxy; undefined for any other kubeconfig.
 * Loading the client library would take longer than the program's requests.
 */
function plainConnection(kubeconfig: string, context?: string): Connection | undefined {
    const config = yaml.load(kubeconfig, { schema: yaml.CORE_SCHEMA }) as Kubeconfig & { "current-context"?: string };
    const find = (kind: string, name?: string) =>
        config[`${kind}s`]?.find(entry => entry.name === name)?.[kind] as Record<string, string> | undefined;
    const { cluster, user, namespace } = find("context", context || config["current-context"]) ?? {};
    const fields = { ...find("cluster", cluster), ...find("user", user) };
    if (!fields.server?.startsWith("https:") || Object.keys(fields).some(key => !plainKeys.includes(key))) return undefined;
    const server = new URL(fields.server);
    if (proxyFor(server)) return undefined;
    const [ca, cert, key] = plainKeys.slice(1, 4).map(name => fields[name] && Buffer.from(fields[name], "base64"));
    const agent = new https.Agent({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
    const headers = fields.token ? { Authorization: `Bearer ${fields.token}` } : {};
    return { server, options: { agent, headers }, ...(namespace && { namespace }) };
}

async function anyConnection(kubeconfig: string, context?: string): Promise<Connection> {
    const config = await readKubeconfig(kubeconfig, context);
    const server = new URL(config.getCurrentCluster()?.server as string);
    const options: https.RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
    return { server, options, ...(namespace && { namespace }) };
}

/** Sends one request. Fails after so many seconds of silence. @throws KubernetesError if the answer isn't success */
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
        sent.on("timeout", () => {
            const Cause = sent.socket?.connecting === false ? Silence : Error;
            sent.destroy(new Cause(`${server.origin} does not answer`));
        });
        sent.on("error", reject).end(payload);
    });
}

/** For how many seconds requests to a server that is busy or starting are repeated. */
const busySeconds = 60;

/**
 * Reads the object or list at the path; undefined if there is none. Retries while the server is busy.
 *
 * @param options.patience for how many seconds to retry if nothing accepts the connection
 * @param options.seconds to wait for each answer
 * @throws KubernetesError for an answer that waiting won't change
 */
export async function read(
    connection: Connection, path: string, { patience, seconds = 10, accept }: { patience: number; seconds?: number; accept?: string },
): Promise<Json | undefined> {
    const start = Date.now();
    for (;;) {
        try {
            return await send(connection, "GET", path, { seconds, accept });
        } catch (error) {
            const code = error instanceof KubernetesError ? error.code : undefined;
            if (code === 404) return undefined;
            const isFinal = code !== undefined && code !== 429 && code < 500;
            const isThere = code !== undefined || error instanceof Silence;
            const limit = isThere ? Math.max(patience, busySeconds) : patience;
            if (isFinal || Date.now() - start >= limit * 1000) throw error;
            await sleep(1000);
        }
    }
}

function parse(text: string): Json {
    try {
        return JSON.parse(text) as Json;
    } catch {
        return {};
    }
}
