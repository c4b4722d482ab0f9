import * as dns from "node:dns/promises";
import * as http from "node:http";
import * as https from "node:https";
import type { DnsRecord } from "../../../components/platform/dns";
import { proxyFor } from "../../../components/proxy";

const patience = 120_000;

/** Whether an address answers. */
export interface Answer {
    answers: boolean;
    /** The last HTTP status, or why there was none. */
    last: string;
}

/** How to reach an address. */
interface Way {
    /**
     * Whether it is on a laptop: then the connection goes to 127.0.0.1, whatever the host name is. Not every system
     * resolves `*.localhost`, and none resolves an invented name.
     */
    local: boolean;
    /** The CA that must have signed the site's certificate, in PEM. @default those that this system trusts */
    ca?: string;
}

/** Asks the address until it answers with success or a redirection, for up to two minutes. */
export async function waitForAnswer(
    address: string, { local, ca }: Way, signal?: AbortSignal, timeout = patience,
): Promise<Answer> {
    const url = new URL(address);
    const end = Date.now() + timeout;
    const onLoopback = local || url.hostname === "localhost" || url.hostname.endsWith(".localhost");
    if (!onLoopback && (await addressesOf(url.hostname)).length === 0) {
        return { answers: false, last: `the name ${url.hostname} does not resolve yet` };
    }
    for (;;) {
        const proxy = onLoopback ? undefined : proxyFor(url);
        const last = await (proxy ? requestBy(proxy, url, ca) : request(url, onLoopback ? "127.0.0.1" : url.hostname, ca));
        if (/^[23]\d\d$/.test(last)) return { answers: true, last };
        if (Date.now() >= end || signal?.aborted) return { answers: false, last };
        await new Promise(resolve => setTimeout(resolve, 1000));
    }
}

/** The status of a GET, or why there was none. */
function request(url: URL, host: string, ca?: string): Promise<string> {
    const secure = url.protocol === "https:";
    return new Promise(resolve => {
        const options: https.RequestOptions = {
            host,
            port: url.port || (secure ? 443 : 80),
            path: url.pathname,
            headers: { Host: url.host },
            timeout: 10_000,
            ...(secure ? { servername: url.hostname, ...(ca && { ca }) } : {}),
        };
        const asked = (secure ? https : http).get(options, response => {
            response.resume();
            resolve(String(response.statusCode));
        });
        asked.on("timeout", () => asked.destroy(new Error("no answer within 10 s")));
        asked.on("error", error => resolve(error.message));
    });
}

/** Like `request`, through a proxy. */
async function requestBy(proxy: URL, url: URL, ca?: string): Promise<string> {
    const { ProxyAgent, request } = await import("undici");
    const dispatcher = new ProxyAgent({ uri: proxy.href, requestTls: { ca } });
    try {
        const { statusCode, body } = await request(url, { dispatcher, headersTimeout: 10_000 });
        await body.dump();
        return String(statusCode);
    } catch (error) {
        return (error as Error).message;
    } finally {
        await dispatcher.destroy();
    }
}

/** Compares where a host name leads with the DNS records that it should have. */
export async function whereTo(host: string, records: DnsRecord[]): Promise<"nowhere" | "there" | "elsewhere"> {
    const found = await addressesOf(host);
    if (found.length === 0) return "nowhere";
    const wanted = (await Promise.all(records.filter(({ name }) => name === host).map(({ value }) => addressesOf(value)))).flat();
    return wanted.length === 0 || found.some(address => wanted.includes(address)) ? "there" : "elsewhere";
}

/** The records as one writes them into a zone, with what a person must know about their type. */
export function describeRecords(records: DnsRecord[]): string {
    const notes = [...new Set(records.flatMap(({ note }) => note ?? []))];
    return records.map(({ name, type, value }) => `${name} ${type} ${value}`).join(", ") + notes.map(note => ` (ALIAS: ${note})`).join("");
}

/** An address resolves to itself. */
async function addressesOf(name: string): Promise<string[]> {
    return dns.lookup(name, { all: true }).then(found => found.map(({ address }) => address), () => []);
}
