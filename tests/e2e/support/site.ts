import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { stackFile } from "../../../infra/cli/stack/home";
import { address, names } from "./names";

/** Where a site answers: by HTTPS on a port of 127.0.0.1, whatever this computer makes of the host's name. */
export interface Site {
    host: string;
    https: number;
    http?: number;
    /** As its visitors know it. */
    address: string;
    /** Authority that must have signed its certificate, PEM. */
    ca: () => string;
}

/** The site of the suite's stack. */
export const suiteSite: Site = { ...names, address, ca: authority };

/** An answer of the site. */
export interface Answer {
    status: number;
    headers: http.IncomingHttpHeaders;
    body: Buffer;
    text: string;
    /** The certificate that the site has shown; left out where it was asked by HTTP. */
    certificate?: PeerCertificate;
}

interface Request {
    method?: string;
    path: string;
    headers?: Record<string, string>;
    body?: string | Buffer;
    /** Seconds to wait for the end of the answer; any limit of the site's own is shorter. */
    seconds?: number;
    /** Whether to ask by HTTP, without TLS. */
    insecure?: boolean;
    /** Name that the certificate has to be for. */
    servername?: string;
    /** Authority that must have signed it, PEM; undefined for those that every computer trusts. */
    ca?: string;
}

/** The authority that the stack's certificate is signed by, from the file that `npm start` names. */
export function authority(): string {
    return fs.readFileSync(stackFile(names.stack, "ca.crt"), "utf8");
}

/** Asks the site through the gateway. */
export function ask(request: Request, site = suiteSite): Promise<Answer> {
    const { method = "GET", path, headers = {}, body, seconds = 120, insecure = false } = request;
    const port = insecure ? site.http : site.https;
    const { servername = site.host } = request;
    const tls = insecure ? {} : { servername, ca: "ca" in request ? request.ca : site.ca() };
    return new Promise((resolve, reject) => {
        const options: https.RequestOptions = {
            host: "127.0.0.1",
            port,
            method,
            path,
            agent: false,
            headers: {
                Host: insecure ? `${site.host}:${port}` : new URL(site.address).host,
                ...(body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) }),
                ...headers,
            },
            ...tls,
        };
        const sent = (insecure ? http : https).request(options, response => {
            const certificate = insecure ? undefined : (response.socket as TLSSocket).getPeerCertificate(true);
            const parts: Buffer[] = [];
            response.on("data", (part: Buffer) => parts.push(part));
            response.on("error", fail);
            response.on("end", () => {
                clearTimeout(timer);
                const all = Buffer.concat(parts);
                const { statusCode: status = 0, headers } = response;
                resolve({ status, headers, body: all, text: all.toString(), ...(certificate && { certificate }) });
            });
        });
        const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${seconds} s`)), seconds * 1000);
        const fail = (error: Error): void => {
            clearTimeout(timer);
            reject(new Error(`${method} ${path}: ${error.message}`));
        };
        sent.on("error", fail);
        sent.end(body);
    });
}

/** The path of an address of the site. */
export function pathOf(url: string): string {
    if (!url.startsWith(`${address}/`)) throw new Error(`${url} is not an address of ${address}`);
    return url.slice(address.length);
}

/** A post or a file, as WordPress's REST interface describes it. */
export interface Item {
    id: number;
    link: string;
    source_url: string;
}

/** A person who has logged in. */
export class Editor {
    private readonly cookies = new Map<string, string>();
    private nonce = "";

    private constructor(private readonly site: Site) {}

    /** Logs in by the form, as a browser does. */
    static async logIn(password: string, user = "admin", site = suiteSite, tries = 3): Promise<Editor> {
        const editor = new Editor(site);
        await editor.send({ path: "/wp-login.php" }); // sets the cookie that the form looks for
        const form = new URLSearchParams({
            log: user, pwd: password, "wp-submit": "Log In", redirect_to: `${site.address}/wp-admin/`, testcookie: "1",
        });
        const { status, text } = await editor.send({
            method: "POST", path: "/wp-login.php", body: form.toString(),
            headers: { "Content-Type": "application/x-www-form-urlencoded" },
        });
        if (![...editor.cookies.keys()].some(name => name.startsWith("wordpress_logged_in_"))) {
            const reason = /id="login_error"[^>]*>([\s\S]*?)<\/div>/.exec(text)?.[1].replace(/<[^>]*>/g, "").trim();
            throw new Error(`The login of ${user} was refused (${status}): ${reason ?? "no reason given"}`);
        }
        editor.nonce = (await editor.send({ path: "/wp-admin/admin-ajax.php?action=rest-nonce" })).text;
        // Of two sessions that a person begins at the same moment, as files of the suite that run beside each other do, WordPress keeps one.
        await sleep(1000);
        const { status: own } = await editor.send({ path: "/wp-json/wp/v2/users/me", headers: { "X-WP-Nonce": editor.nonce } });
        return own === 200 || tries === 1 ? editor : Editor.logIn(password, user, site, tries - 1);
    }

    /** Publishes a post. */
    publish(title: string, content: string): Promise<Item> {
        const body = JSON.stringify({ title, content, status: "publish" });
        return this.create("posts", body, { "Content-Type": "application/json" });
    }

    /** Writes a post that is to be published later. */
    schedule(title: string, content: string, at: Date): Promise<Item> {
        const body = JSON.stringify({ title, content, status: "future", date_gmt: at.toISOString().slice(0, 19) });
        return this.create("posts", body, { "Content-Type": "application/json" });
    }

    /** Uploads a file. */
    upload(name: string, type: string, content: Buffer): Promise<Item> {
        return this.create("media", content, {
            "Content-Type": type, "Content-Disposition": `attachment; filename="${name}"`,
        });
    }

    /** What tells the site who asks; for requests that are not sent by this class. */
    get credentials(): Record<string, string> {
        return { "Cookie": this.cookie, "X-WP-Nonce": this.nonce };
    }

    private async create(what: string, body: string | Buffer, headers: Record<string, string>): Promise<Item> {
        const path = `/wp-json/wp/v2/${what}`;
        const authorised = { ...headers, "X-WP-Nonce": this.nonce };
        const answer = await this.send({ method: "POST", path, body, headers: authorised, seconds: 300 });
        if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text.slice(0, 500)}`);
        return JSON.parse(answer.text) as Item;
    }

    private get cookie(): string {
        return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    }

    private async send(request: Request): Promise<Answer> {
        const { cookie } = this;
        const headers = { ...request.headers, ...(cookie && { Cookie: cookie }) };
        const answer = await ask({ ...request, headers }, this.site);
        for (const line of answer.headers["set-cookie"] ?? []) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
            if (name) this.cookies.set(name, value);
        }
        return answer;
    }
}
