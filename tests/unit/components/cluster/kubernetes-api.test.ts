import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { connect, type Connection, read } from "../../../../components/cluster/kubernetes-api";

const servers: http.Server[] = [];

/** An API server that answers its n-th request as it is told; undefined is silence. */
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
    const asOften = { patience: 0, seconds: 0.2 };

    it.each<[string, (number | undefined)[]]>([
        ["where it says nothing at first", [undefined, 200]],
        ["where it is still starting", [500, 200]],
        ["where something in front of it can't reach it yet", [503, 200]],
        ["where it has too much to do", [429, 200]],
    ])("%s", async (_, answers) => {
        const { connection, asked } = await serve(answers);
        expect(await read(connection, "/api/v1/nodes", asOften)).toMatchObject({ kind: "Status" });
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
        expect(Date.now() - start).toBeLessThan(900);
    });
});
