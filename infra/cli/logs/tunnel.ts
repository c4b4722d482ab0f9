import * as http from "node:http";
import { Duplex } from "node:stream";
import * as tls from "node:tls";
import { readKubeconfig } from "../../../components/cluster/kubernetes-api";
import type { Socket } from "../site/pod";

/** A port of a pod. */
export interface PodPort {
    kubeconfig: string;
    namespace: string;
    pod: string;
    port: number;
}

/** Kubernetes has two channels for each port: its data, and the reason if the port can't be reached. */
const channels = { data: 0, error: 1 };

/**
 * A connection to the port, through the API server and the pod's kubelet, as `kubectl port-forward` makes it. Nothing listens
 * on this computer, and no network policy has to let it in.
 */
async function openPort({ kubeconfig, namespace, pod, port }: PodPort): Promise<Duplex> {
    const [config, { WebSocketHandler }] = await Promise.all([
        readKubeconfig(kubeconfig), import("@kubernetes/client-node/dist/web-socket-handler.js"),
    ]);
    let socket: Socket | undefined;
    const stream = new Duplex({
        read: () => socket?.resume(),
        write: (piece: Buffer, _encoding, done) => socket?.send(Buffer.concat([Buffer.from([channels.data]), piece]), done),
        destroy: (error, done) => {
            socket?.close();
            done(error);
        },
    });
    // It may fail before anyone has it: whoever gets it looks.
    stream.on("error", () => undefined);
    // Each channel begins with the port's number.
    const begun = new Set<number>();
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/portforward?ports=${port}`;
    const opened = new WebSocketHandler(config).connect(path, null, (channel, piece) => {
        const data = begun.has(channel) ? piece : piece.subarray(2);
        begun.add(channel);
        if (data.length === 0) return true;
        if (channel === channels.error) stream.destroy(new Error(data.toString().trim()));
        else if (!stream.push(data)) socket?.pause();
        return true;
    });
    socket = await opened.catch((error: unknown) => {
        throw new Error((error as { message?: string }).message ?? String(error));
    }) as unknown as Socket;
    socket.on("error", error => stream.destroy(error));
    socket.on("close", () => stream.push(null));
    return stream;
}

/** Sends a form to an HTTP server in a pod. Returns its answer, whatever its status. */
export async function post(
    place: PodPort, path: string, form: Record<string, string>, headers: Record<string, string>, signal: AbortSignal,
): Promise<http.IncomingMessage> {
    const connection = await openPort(place);
    const body = new URLSearchParams(form).toString();
    return new Promise((resolve, reject) => {
        if (connection.errored) return reject(connection.errored);
        connection.on("error", reject);
        const sent = http.request({
            method: "POST", path, signal, host: place.pod,
            headers: { ...headers, "connection": "close", "content-type": "application/x-www-form-urlencoded", "content-length": Buffer.byteLength(body) },
            createConnection: () => connection as unknown as import("node:net").Socket,
        }, resolve);
        sent.on("error", reject).end(body);
    });
}

/**
 * Gets a page from an HTTP server in a pod, whatever its status; over TLS if there is a name for the server. Its certificate
 * isn't verified: the API server leads to the pod.
 */
export async function get(
    place: PodPort, path: string, { host, tls: servername }: { host: string; tls?: string }, signal: AbortSignal,
): Promise<{ status: number; text: string }> {
    const connection = await openPort(place);
    const secured = servername === undefined ? connection : tls.connect({ socket: connection, servername, rejectUnauthorized: false });
    try {
        return await new Promise((resolve, reject) => {
            if (connection.errored) return reject(connection.errored);
            for (const stream of [connection, secured]) stream.on("error", reject);
            const sent = http.request({
                path, signal, host: place.pod, headers: { host, connection: "close" },
                createConnection: () => secured as unknown as import("node:net").Socket,
            }, response => {
                let text = "";
                response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
                response.on("error", reject).on("end", () => resolve({ status: response.statusCode ?? 0, text }));
            });
            sent.on("error", reject).end();
        });
    } finally {
        connection.destroy();
    }
}
