import * as https from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { Site, suiteSite } from "./site";

/** How a slow transfer has ended. */
export interface Transfer {
    status: number;
    /** Bytes of the answer's body. */
    received: number;
    text: string;
    seconds: number;
}

interface SlowRequest {
    method?: string;
    path: string;
    headers?: Record<string, string>;
    body?: Buffer;
    /** Bytes a second in which the body is sent and the answer is read. */
    rate: number;
    /** Seconds after which it is given up. */
    seconds: number;
}

/** Asks the site as a client on a slow line does: four times a second a part of the body, and of the answer. */
export function askSlowly(request: SlowRequest, site: Site = suiteSite): Promise<Transfer> {
    const { method = "GET", path, headers, body = Buffer.alloc(0), rate, seconds } = request;
    const begin = Date.now();
    return new Promise((resolve, reject) => {
        const sent = https.request({
            host: "127.0.0.1", port: site.https, method, path, agent: false, servername: site.host, ca: site.ca(),
            headers: { Host: new URL(site.address).host, ...(body.length > 0 && { "Content-Length": body.length }), ...headers },
        });
        const timer = setTimeout(() => sent.destroy(new Error(`not done within ${seconds} s`)), seconds * 1000);
        const parts: Buffer[] = [];
        let status = 0;
        const done = (): void => {
            clearTimeout(timer);
            const all = Buffer.concat(parts);
            resolve({ status, received: all.length, text: all.toString(), seconds: (Date.now() - begin) / 1000 });
        };
        sent.on("response", response => {
            status = response.statusCode ?? 0;
            void readSlowly(response, rate, part => parts.push(part)).then(done, reject);
        });
        // An answer may come before the body is complete; what is cut off then is no failure.
        sent.on("error", error => (status > 0 ? done() : reject(new Error(`${method} ${path}: ${error.message}`))));
        void sendSlowly(sent, body, rate, () => status > 0);
    });
}

async function sendSlowly(request: NodeJS.WritableStream, body: Buffer, rate: number, answered: () => boolean): Promise<void> {
    const part = Math.ceil(rate / 4);
    for (let sent = 0; sent < body.length && !answered(); sent += part) {
        request.write(body.subarray(sent, sent + part));
        await pause(250);
    }
    request.end();
}

async function readSlowly(answer: NodeJS.ReadableStream, rate: number, keep: (part: Buffer) => void): Promise<void> {
    for await (const part of answer) {
        keep(part as Buffer);
        await pause((part as Buffer).length / rate * 1000);
    }
}
