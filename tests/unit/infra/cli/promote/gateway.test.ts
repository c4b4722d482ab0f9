import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { connect, type Connection } from "../../../../../components/cluster/kubernetes-api";
import { scrape, Tally } from "../../../../../infra/cli/promote/counts";
import { fetchPage } from "../../../../../infra/cli/promote/page";
import { sendTo, webSockets } from "../../../fixtures/web-sockets";

interface Proxy {
    restarts: number;
    running: boolean;
    ready: boolean;
    /** What it has counted; undefined if it doesn't answer. */
    requests?: number;
}

/** Proxies of a gateway behind an API server that forwards their ports. */
let proxies: Record<string, Proxy>;
const asked: string[] = [];
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-gateway-"));
const api = http.createServer((request, response) => {
    const items = Object.entries(proxies).map(([name, { restarts, running, ready }]) => ({
        metadata: { name, uid: `uid-${name}` },
        status: {
            conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
            containerStatuses: [{ name: "envoy", restartCount: restarts, state: running ? { running: { startedAt: "2026-11-29T12:00:00Z" } } : { waiting: {} } }, { name: "shutdown-manager" }],
        },
    }));
    const found = request.url?.startsWith("/api/v1/namespaces/landfall-gateway/pods?labelSelector=app.kubernetes.io%2Fname%3Denvoy");
    response.writeHead(found ? 200 : 404).end(JSON.stringify({ items }));
});
let pod = "";
const statistics = http.createServer((request, response) => {
    asked.push(decodeURIComponent(request.url ?? ""));
    const { requests } = proxies[pod];
    if (requests === undefined) return void request.socket.destroy();
    response.end(`envoy_cluster_upstream_rq_xx{envoy_response_code_class="2",envoy_cluster_name="uat_web_80"} ${requests}\n`);
});
let site: https.Server;
let place: { connection: Connection; kubeconfig: string };

beforeAll(async () => {
    execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=other", "-days", "2",
        "-keyout", path.join(directory, "key"), "-out", path.join(directory, "cert")], { stdio: "ignore" });
    const [key, cert] = ["key", "cert"].map(name => fs.readFileSync(path.join(directory, name)));
    site = https.createServer({ key, cert }, (request, response) => {
        response.end(`${request.headers.host} ${(request.socket as TLSSocket & { servername: string }).servername} ${request.url} ${"é".repeat(100_000)}`);
    });
    const listen = async (server: net.Server) => {
        await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
        return (server.address() as net.AddressInfo).port;
    };
    const ports: Record<number, number> = { 8002: await listen(statistics), 8443: await listen(site) };
    const sockets = webSockets("v4.channel.k8s.io");
    api.on("upgrade", (request, socket, head) => {
        const [, name, port] = /\/namespaces\/landfall-gateway\/pods\/([^/]+)\/portforward\?ports=(\d+)$/.exec(request.url ?? "") ?? [];
        pod = name;
        sockets.handleUpgrade(request, socket, head, opened => {
            for (const channel of [0, 1]) sendTo(opened, channel, Buffer.from([Number(port) & 255, Number(port) >> 8]));
            const target = net.connect(ports[Number(port)], "127.0.0.1");
            target.on("data", data => sendTo(opened, 0, data)).on("close", () => opened.close()).on("error", () => opened.close());
            opened.on("message", data => void target.write(data.subarray(1)));
            opened.on("close", () => target.destroy());
        });
    });
    const server = `http://127.0.0.1:${await listen(api)}`;
    const kubeconfig = JSON.stringify({
        "apiVersion": "v1", "kind": "Config", "current-context": "t", "clusters": [{ name: "t", cluster: { server, "insecure-skip-tls-verify": true } }],
        "users": [{ name: "t", user: {} }], "contexts": [{ name: "t", context: { cluster: "t", user: "t" } }],
    });
    place = { kubeconfig, connection: await connect(kubeconfig) };
});
afterAll(() => {
    for (const server of [api, statistics, site]) {
        server.closeAllConnections();
        server.close();
    }
    fs.rmSync(directory, { recursive: true });
});
beforeEach(() => {
    proxies = { a: { restarts: 0, running: true, ready: true, requests: 100 } };
    asked.length = 0;
});

describe("a gateway behind an API server", () => {
    it("says what it has counted, of this environment only", async () => {
        const [{ counts }] = await scrape(place, "uat", ["web"]);
        expect(counts?.requests).toBe(100);
        expect(asked).toEqual(["/stats/prometheus?filter=^cluster\\.uat_"]);
    });

    it("is counted on through a restart of a proxy", async () => {
        const tally = new Tally(await scrape(place, "uat", ["web"]));
        proxies.a.requests = 130;
        tally.add(await scrape(place, "uat", ["web"]));
        Object.assign(proxies.a, { restarts: 1, requests: 7 });
        tally.add(await scrape(place, "uat", ["web"]));
        expect(tally.total.requests).toBe(37);
    });

    it("isn't asked for a proxy that hasn't started, and may have a silent one", async () => {
        proxies.b = { restarts: 0, running: false, ready: false };
        expect(await scrape(place, "uat", ["web"])).toHaveLength(1);
        delete proxies.a.requests;
        expect(await scrape(place, "uat", ["web"])).toEqual([{ proxy: "uid-a/0" }]);
    });

    it("serves a page by HTTPS under its host's name, whole, whatever its certificate", async () => {
        const page = await fetchPage(place, "https://uat.example.com:8443", "/shop");
        expect(page).toEqual({ status: 200, text: `uat.example.com:8443 uat.example.com /shop ${"é".repeat(100_000)}` });
    });

    it("serves none without a proxy that is ready", async () => {
        proxies.a.ready = false;
        await expect(fetchPage(place, "https://uat.example.com", "/")).rejects.toThrow(/no proxy of the gateway is ready/);
    });
});
