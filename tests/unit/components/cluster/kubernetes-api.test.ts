import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { RequestOptions } from "node:https";
import { type Connection, connect, read, readKubeconfig } from "../../../../components/cluster/kubernetes-api";
import { kubeconfigFor } from "../../fixtures/kubernetes-api";

const servers: http.Server[] = [];

/** An API server that answers its n-th request with the n-th of these; undefined is silence. */
async function serve(answers: (number | undefined)[]): Promise<{ connection: Connection; asked: () => number }> {
    let asked = 0;
    const server = http.createServer((_, response) => {
        const code = answers[Math.min(asked++, answers.length - 1)];
        if (code) response.writeHead(code).end(JSON.stringify({ kind: "Status", message: `code ${code}` }));
    });
    servers.push(server);
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return { connection: { server: new URL(`http://127.0.0.1:${port}`), options: {} }, asked: () => asked };
}

afterEach(() => {
    for (const server of servers.splice(0)) {
        server.closeAllConnections();
        server.close();
    }
});

it("a kubeconfig's token may be in a file, which is read whenever the cluster is asked", async () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-"));
    const tokenFile = path.join(directory, "token");
    const kubeconfig = JSON.stringify({
        "current-context": "one", contexts: [{ name: "one", context: { cluster: "one", user: "one" } }],
        clusters: [{ name: "one", cluster: { server: "https://203.0.113.1" } }], users: [{ name: "one", user: { tokenFile } }],
    });
    for (const token of ["first", "second"]) {
        fs.writeFileSync(tokenFile, `${token}\n`);
        expect((await connect(kubeconfig)).options.headers).toEqual({ Authorization: `Bearer ${token}` });
    }
    fs.rmSync(directory, { recursive: true });
});

describe("what a cluster says is read, with no patience for one that isn't there,", () => {
    const asOften = { patience: 0 };

    it.each<[string, (number | undefined)[], number?]>([
        ["where it says nothing at first", [undefined, 200], 2],
        ["where it is still starting", [500, 200]],
        ["where something in front of it can't reach it yet", [503, 200]],
        ["where it has too much to do", [429, 200]],
    ])("%s", async (_, answers, seconds) => {
        const { connection, asked } = await serve(answers);
        expect(await read(connection, "/api/v1/nodes", { ...asOften, seconds })).toMatchObject({ kind: "Status" });
        expect(asked()).toBe(2);
    });

    it("and nothing there is an answer, too", async () => {
        const { connection } = await serve([404]);
        expect(await read(connection, "/api/v1/nodes", asOften)).toBeUndefined();
    });

    it.each([401, 403])("and asked once where it refuses with %i", async code => {
        const { connection, asked } = await serve([code]);
        await expect(read(connection, "/api/v1/nodes", asOften)).rejects.toThrow(`code ${code}`);
        expect(asked()).toBe(1);
    });

    it("and a cluster that isn't there is no reason to wait", async () => {
        const { connection } = await serve([200]);
        servers[0].close();
        const start = Date.now();
        await expect(read(connection, "/api/v1/nodes", asOften)).rejects.toThrow(/ECONNREFUSED/);
        expect(Date.now() - start).toBeLessThan(20_000); // of the minute that a busy one gets
    });
});

describe("a kubeconfig", () => {
    const encoded = (text: string) => Buffer.from(text).toString("base64");
    const kubeconfig = (user: object, cluster: object = {}, context: object = {}) => JSON.stringify({
        "current-context": "one",
        contexts: [{ name: "other", context: { cluster: "k", user: "nobody" } }, { name: "one", context: { cluster: "k", user: "u", ...context } }],
        clusters: [{ name: "k", cluster: { server: "https://203.0.113.7:6443/k8s", ...cluster } }],
        users: [{ name: "u", user }, { name: "nobody", user: {} }],
    });
    const certificate = { "client-certificate-data": encoded("certificate"), "client-key-data": encoded("key") };
    const exec = {
        apiVersion: "client.authentication.k8s.io/v1", interactiveMode: "Never", command: process.execPath,
        args: ["--print", JSON.stringify(JSON.stringify({
            apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: { token: "of the program" },
        }))],
    };

    it.each<[string, string]>([
        ["of a client's certificate", kubeconfig(certificate, { "certificate-authority-data": encoded("authority") })],
        ["of a token", kubeconfig({ token: "t" }, {}, { namespace: "shop" })],
        ["of nothing", kubeconfig({})],
        ["of a password", kubeconfig({ username: "u", password: "p" })],
        ["of a program", kubeconfig({ exec })],
        ["of a server by another name", kubeconfig({ token: "t" }, { "tls-server-name": "kubernetes", "insecure-skip-tls-verify": true })],
    ])("%s is read as the client's library reads it", async (_, text) => {
        const library = await readKubeconfig(text);
        const expected: RequestOptions = {};
        await library.applyToHTTPSOptions(expected);
        const { server, options, namespace } = await connect(text);
        const told = ({ agent, headers, auth, servername }: RequestOptions) => {
            const { ca, cert, key, rejectUnauthorized } = (agent as unknown as { options: RequestOptions }).options;
            return { headers: { ...headers }, auth, servername, ca, cert, key, rejectUnauthorized };
        };
        expect(told(options)).toEqual(told(expected));
        expect(server.href).toBe("https://203.0.113.7:6443/k8s");
        expect(namespace).toBe(library.getContextObject("one")?.namespace);
    });

    it("'s other context has its own user", async () => {
        expect((await connect(kubeconfig({ token: "t" }), "other")).options.headers).not.toHaveProperty("Authorization");
        await expect(connect(kubeconfig({ token: "t" }), "none")).rejects.toThrow('no cluster for the context "none"');
    });

    it("'s server is asked several times by one connection", async () => {
        const { connection: { server } } = await serve([200]);
        let connections = 0;
        servers[0].on("connection", () => connections++);
        const connection = await connect(kubeconfigFor(server.href));
        for (const path of ["/api", "/apis"]) await read(connection, path, { patience: 0 });
        expect(connections).toBe(1);
    });
});
