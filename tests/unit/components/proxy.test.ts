import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connect } from "../../../components/cluster/kubernetes-api";
import { proxyFor, proxyVariables, useProxies } from "../../../components/proxy";
import { waitForAnswer } from "../../../infra/cli/start/answer";
import { networkFindings } from "../../../infra/cli/computer/network";
import { Probes, probes } from "../../../infra/cli/computer/probes";
import { downloadProgram } from "../../../infra/cli/tools/download";

const names = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

beforeEach(() => names.forEach(name => vi.stubEnv(name, undefined)));
afterEach(() => vi.unstubAllEnvs());

describe("the proxy for an address", () => {
    const env = { HTTPS_PROXY: "http://secure:3128", HTTP_PROXY: "http://plain:3128" };
    const of = (url: string, more = {}) => proxyFor(new URL(url), { ...env, ...more })?.href;

    it("is that of its protocol", () => {
        expect(of("https://get.pulumi.com/")).toBe("http://secure:3128/");
        expect(of("http://get.pulumi.com/")).toBe("http://plain:3128/");
        expect(proxyFor(new URL("https://x/"), {})).toBeUndefined();
        expect(proxyFor(new URL("https://x/"), { HTTPS_PROXY: " " })).toBeUndefined();
    });

    it("may be named in lower case, which counts first, and without a protocol", () => {
        expect(of("https://x.example/", { https_proxy: "other:8080" })).toBe("http://other:8080/");
        expect(of("https://x.example/", { https_proxy: "http://me:p%40ss@other:8080" })).toBe("http://me:p%40ss@other:8080/");
    });

    it("is refused where it is none, without what is in it", () => {
        expect(() => of("https://x.example/", { HTTPS_PROXY: "http://me:secret@:x" })).toThrow(/^HTTPS_PROXY is not the address(?!.*secret)/);
    });

    it.each(["http://localhost:5000/", "https://wordpress.localhost:8443/", "https://127.0.0.1:6443/", "https://127.8.0.1/", "https://[::1]/"])(
        "is none for this computer: %s", url => expect(of(url)).toBeUndefined());

    it.each([
        ["*", "https://get.pulumi.com/", false],
        ["example.com", "https://example.com/", false],
        ["example.com", "https://www.example.com/", false],
        ["example.com", "https://notexample.com/", true],
        [".example.com", "https://www.example.com/", false],
        [".example.com", "https://example.com/", true],
        ["*.example.com", "https://www.Example.com/", false],
        ["a.example, b.example", "https://b.example/", false],
        ["a.example b.example", "https://b.example/", false],
        ["x.example:8443", "https://x.example:8443/", false],
        ["x.example:8443", "https://x.example/", true],
        ["198.18.0.0/15", "https://198.19.3.4:6443/", false],
        ["198.18.0.0/15", "https://198.20.3.4:6443/", true],
        ["2001:db8::/32", "https://[2001:db8::7]:6443/", false],
        ["2001:db8::7", "https://[2001:db8::7]/", false],
        ["198.18.0.0/99,.,:,/", "https://198.18.0.1/", true],
    ])("NO_PROXY=%s for %s: by proxy %s", (NO_PROXY, url, byProxy) => {
        expect(of(url, { NO_PROXY }) !== undefined).toBe(byProxy);
    });

    it("is passed to the builds of images as it was given", () => {
        expect(proxyVariables({ HTTPS_PROXY: "http://p", no_proxy: "x", HTTP_PROXY: "", OTHER: "y" }))
            .toEqual({ HTTPS_PROXY: "http://p", no_proxy: "x" });
    });
});

describe("behind a proxy", () => {
    const body = "#!/bin/sh\n";
    const checksum = createHash("sha256").update(body).digest("hex");
    const { fetch, FormData, Headers, Request, Response } = globalThis;
    let site: http.Server;
    let proxy: http.Server;
    let asked: { address?: string; login?: string }[];

    /** A proxy that lets everyone who asks for port 80 through to one site, and nobody else to anywhere. */
    beforeEach(async () => {
        asked = [];
        site = http.createServer((request, response) => response.end(request.url?.endsWith("sum") ? checksum : body));
        proxy = http.createServer();
        proxy.on("connect", (request, client: net.Socket) => {
            asked.push({ address: request.url, login: request.headers["proxy-authorization"] });
            client.on("error", () => undefined);
            if (!request.url?.endsWith(":80")) return void client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
            const through = net.connect((site.address() as net.AddressInfo).port, "127.0.0.1", () => {
                client.write("HTTP/1.1 200 Connection established\r\n\r\n");
                client.pipe(through).pipe(client);
            }).on("error", () => client.destroy());
            client.on("close", () => through.destroy());
        });
        for (const server of [site, proxy]) await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
        const address = `me:secret@127.0.0.1:${(proxy.address() as net.AddressInfo).port}`;
        vi.stubEnv("HTTP_PROXY", address);
        vi.stubEnv("HTTPS_PROXY", `http://${address}`);
        useProxies();
    });
    afterEach(async () => {
        Object.assign(globalThis, { fetch, FormData, Headers, Request, Response });
        for (const server of [site, proxy]) {
            server.closeAllConnections();
            await new Promise(resolve => server.close(resolve));
        }
    });

    it("a host answers whose name only the proxy can resolve", async () => {
        expect(await probes.answers("http://get.pulumi.invalid/install.sh")).toBe(true);
        expect(asked[0]).toEqual({ address: "get.pulumi.invalid:80", login: `Basic ${Buffer.from("me:secret").toString("base64")}` });
    });

    it("an address is asked by HTTPS_PROXY if it is secure, and doesn't answer where the proxy refuses", async () => {
        expect(await probes.answers("https://get.pulumi.invalid/install.sh")).toBe(false);
        expect(asked.map(({ address }) => address)).toEqual(["get.pulumi.invalid:443"]);
    });

    it("an address is asked directly that NO_PROXY has", async () => {
        vi.stubEnv("NO_PROXY", ".invalid");
        expect(await probes.answers("http://get.pulumi.invalid/")).toBe(false);
        expect(asked).toEqual([]);
    });

    it("a Request is answered with a Response, which programs that use the library may rely on", async () => {
        const form = new globalThis.FormData();
        form.append("key", "value");
        const answer = await globalThis.fetch(new globalThis.Request("http://get.pulumi.invalid/", { method: "POST", body: form }));
        expect(answer).toBeInstanceOf(globalThis.Response);
        expect(await answer.text()).toBe(body);
        expect(asked[0].address).toBe("get.pulumi.invalid:80");
    });

    it("the site in a cloud is asked for its answer", async () => {
        const cloud = (host: string) => waitForAnswer(`http://${host}/`, { local: false }, undefined, 10);
        expect(await cloud("198.18.0.9")).toEqual({ answers: true, last: "200" });
        expect(asked[0].address).toBe("198.18.0.9:80");
        expect((await cloud("198.18.0.9:8080")).last).toMatch(/403/);
    });

    it("a program is downloaded", async () => {
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
        try {
            const file = path.join(directory, "kind");
            await downloadProgram("http://kind.invalid/kind", "http://kind.invalid/kind.sha256sum", file);
            expect(fs.readFileSync(file, "utf8")).toBe(body);
        } finally {
            fs.rmSync(directory, { recursive: true });
        }
    });

    it("the report names it without its login, and says that containers can't reach one of this computer", async () => {
        const needs = { target: "kind", docker: true, containers: true, usualNodes: true, ports: [], disk: true } as const;
        const open = { answers: async () => true } as unknown as Probes;
        const texts = (await networkFindings({ ...needs, ports: [] }, open)).findings.map(({ text }) => text).join("\n");
        expect(texts).toMatch(/open through the proxy 127\.0\.0\.1:\d+\n[^]*Containers can't reach the proxy/);
        expect(texts).not.toContain("secret");
        vi.stubEnv("HTTPS_PROXY", "http://proxy.corp.example:3128");
        expect((await networkFindings({ ...needs, ports: [] }, open)).findings.map(({ text }) => text))
            .toEqual(["The network is open through the proxy proxy.corp.example:3128"]);
    });
});

describe("the API server of a cluster", () => {
    const kubeconfig = (server: string) => JSON.stringify({
        "current-context": "c", contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
        clusters: [{ name: "k", cluster: { server } }], users: [{ name: "u", user: { token: "t" } }],
    });
    const agentOf = async (server: string) => (await connect(kubeconfig(server))).options.agent as { proxy?: URL };

    it("is asked by the proxy, but not on this computer", async () => {
        vi.stubEnv("HTTPS_PROXY", "http://proxy.corp.example:3128");
        expect(String((await agentOf("https://k8s.example.com:6443")).proxy)).toBe("http://proxy.corp.example:3128/");
        expect((await agentOf("https://127.0.0.1:6443")).proxy).toBeUndefined();
    });
});
