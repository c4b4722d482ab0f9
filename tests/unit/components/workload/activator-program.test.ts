import * as http from "node:http";
import * as net from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { Cluster, type Workload } from "../../../../components/workload/images/activator/activator/cluster.mjs";
import { Proxy } from "../../../../components/workload/images/activator/activator/proxy.mjs";
import { Sleeper } from "../../../../components/workload/images/activator/activator/sleeper.mjs";

const web: Workload = { kind: "Deployment", name: "web", replicas: 2 };
const database: Workload = { kind: "StatefulSet", name: "database", replicas: 1 };
const tasks: Workload = { kind: "CronJob", name: "scheduled-tasks", replicas: 0 };
const job: Workload = { kind: "Job", name: "migrate", replicas: 0 };
const paths = {
    job: "/apis/batch/v1/namespaces/shop/jobs/migrate",
    web: "/apis/apps/v1/namespaces/shop/deployments/web",
    database: "/apis/apps/v1/namespaces/shop/statefulsets/database",
    tasks: "/apis/batch/v1/namespaces/shop/cronjobs/scheduled-tasks",
};

interface Stored {
    metadata: { generation: number };
    spec: { replicas?: number; suspend?: boolean };
    status: { observedGeneration: number; replicas?: number; readyReplicas?: number; currentReplicas?: number; updatedReplicas?: number; active?: object[]; conditions?: object[] };
}

/** The part of a Kubernetes API server that the activator uses. A scaled workload's pods start after `startTime`. */
class Api {
    readonly objects: Record<string, Stored> = {
        [paths.web]: running(2), [paths.database]: running(1),
        [paths.tasks]: { metadata: { generation: 1 }, spec: { suspend: false }, status: { observedGeneration: 1 } },
    };
    /** Every change: `web 0`. */
    readonly changes: string[] = [];
    startTime = 50;
    denies = false;
    /** Called once the web's pods are ready, and once they are gone. */
    webReady = (_ready: boolean): void => {};
    private readonly server = http.createServer((request, response) => void this.answer(request, response));

    async start(): Promise<string> {
        this.server.listen(0, "127.0.0.1");
        await once(this.server, "listening");
        onTestFinished(() => void this.server.close().closeAllConnections());
        return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
        const text = Buffer.concat(await request.toArray() as Buffer[]).toString();
        const { pathname, searchParams } = new URL(request.url!, "http://api");
        const found = this.objects[pathname.replace(/\/scale$/, "")];
        const refuse = (code: number): void => void response.writeHead(code).end(JSON.stringify({ message: "no" }));
        if (this.denies) return refuse(403);
        if (found === undefined) return refuse(404);
        if (request.method === "PATCH") {
            expect(request.headers["content-type"]).toBe("application/merge-patch+json");
            expect(searchParams.get("fieldManager")).toBe("landfall-activator");
            this.change(pathname, found, (JSON.parse(text) as { spec: Stored["spec"] }).spec);
        }
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found));
    }

    private change(path: string, stored: Stored, spec: Stored["spec"]): void {
        const name = path.replace(/\/scale$/, "").split("/").pop()!;
        // The right to change a CronJob is for the whole of it, that to scale for this part of a Deployment alone.
        expect(path.endsWith("/scale")).toBe(name !== "scheduled-tasks");
        this.changes.push(`${name} ${spec.replicas ?? (spec.suspend ? "suspended" : "resumed")}`);
        Object.assign(stored.spec, spec);
        stored.metadata.generation++;
        setTimeout(() => {
            const { replicas } = stored.spec;
            Object.assign(stored.status, { observedGeneration: stored.metadata.generation, replicas, readyReplicas: replicas, currentReplicas: replicas });
            if (name === "web") this.webReady(replicas! > 0);
        }, this.startTime);
    }
}

function runningJob(): Stored {
    return { metadata: { generation: 1 }, spec: {}, status: { observedGeneration: 1, conditions: [{ type: "Suspended", status: "False" }] } };
}

function running(replicas: number): Stored {
    return { metadata: { generation: 1 }, spec: { replicas }, status: { observedGeneration: 1, replicas, readyReplicas: replicas, currentReplicas: replicas } };
}

let api: Api;
let cluster: Cluster;
let messages: string[];
beforeEach(async () => {
    api = new Api();
    cluster = new Cluster({ server: await api.start(), namespace: "shop" });
    messages = [];
});

const ended: (() => void)[] = [];
afterEach(() => ended.splice(0).forEach(end => end()));

/** An activator before a service. Its service listens while the web's pods are ready. */
async function activate(
    serve: http.RequestListener, { sleepAfter = 1e6, hold = 5000, isAwake = false } = {},
): Promise<{ sleeper: Sleeper; port: number; service: http.Server; proxy: Proxy; end: () => void }> {
    const service = http.createServer(serve);
    service.listen(0, "127.0.0.1");
    await once(service, "listening");
    const { port } = service.address() as AddressInfo;
    const close = (): void => void service.close().closeAllConnections();
    api.webReady = ready => void (ready ? service.listening || service.listen(port, "127.0.0.1") : close());
    if (!isAwake) {
        close();
        for (const path of [paths.web, paths.database]) Object.assign(api.objects[path], running(0));
        api.objects[paths.tasks].spec.suspend = true;
    }
    const log = (message: string): void => void messages.push(message);
    const sleeper = new Sleeper([database, web, tasks, job], cluster, { sleepAfter, serving: ["web"], log });
    const proxy = new Proxy([{ listen: 0, host: "127.0.0.1", port }], sleeper, { hold, connections: 100, log });
    sleeper.beforeSleep = () => proxy.closeIdle();
    await proxy.listen();
    const stop = new AbortController();
    void sleeper.run(stop.signal);
    ended.push(() => {
        stop.abort();
        proxy.closeIdle();
        void proxy.close();
        close();
    });
    return { sleeper, proxy, service, end: () => stop.abort(), port: (proxy.servers[0].server.address() as AddressInfo).port };
}

interface Answer {
    status: number;
    headers: http.IncomingHttpHeaders;
    body: string;
}

async function ask(port: number, options: http.RequestOptions = {}, body?: Buffer): Promise<Answer> {
    const request = http.request({ port, host: "127.0.0.1", agent: false, ...options });
    const answered = once(request, "response");
    request.on("error", () => {}).end(body);
    const [response] = await answered as [http.IncomingMessage];
    return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(await response.toArray() as Buffer[]).toString() };
}

const hello: http.RequestListener = (request, response) => void response.end(`hello ${request.url}`);
const until = async (check: () => boolean): Promise<void> => {
    for (let end = Date.now() + 10_000; !check();) {
        if (Date.now() > end) throw new Error("It didn't happen within 10 s.");
        await pause(10);
    }
};

describe("a sleeping environment", () => {
    it("is woken once by several requests at a time, and answers all of them", async () => {
        const { port } = await activate(hello);
        const answers = await Promise.all(["/a", "/b", "/c", "/d", "/e"].map(path => ask(port, { path })));
        expect(answers.map(({ body }) => body)).toEqual(["hello /a", "hello /b", "hello /c", "hello /d", "hello /e"]);
        expect(api.changes.sort()).toEqual(["database 1", "scheduled-tasks resumed", "web 2"]);
        expect(messages).toEqual([expect.stringMatching(/^woke within \d+\.\d s$/)]);
    });

    it("is not woken by a connection that sends nothing, such as a probe", async () => {
        const { port, sleeper } = await activate(hello);
        const probe = net.connect(port, "127.0.0.1");
        await once(probe, "connect");
        probe.end();
        await once(probe.resume(), "close");
        await pause(100);
        expect(api.changes).toEqual([]);
        expect(sleeper.pending).toBe(0);
    });

    it("is woken as a whole if an earlier activator ended half way", async () => {
        const { port } = await activate(hello);
        Object.assign(api.objects[paths.database], running(1));
        expect((await ask(port)).status).toBe(200);
        expect(api.changes).toEqual(["web 2", "scheduled-tasks resumed"]);
    });

    it("has the request wait for the next pod of a StatefulSet, not for the last one, which counts as ready until it has ended", async () => {
        const { port } = await activate(hello);
        Object.assign(api.objects[paths.database], running(1), { status: { observedGeneration: 1, replicas: 1, readyReplicas: 1 } });
        const asked = ask(port);
        expect(await Promise.race([asked.then(() => "answered"), pause(1000).then(() => "held")])).toBe("held");
        api.objects[paths.database].status = { observedGeneration: 1, replicas: 1, readyReplicas: 1, updatedReplicas: 1 };
        expect((await asked).body).toBe("hello /");
    });

    it("answers with a page that says what to do if it isn't ready in time, and goes on starting", async () => {
        const { port, sleeper } = await activate(hello, { hold: 300 });
        api.startTime = 1500;
        const { status, headers, body } = await ask(port, { method: "POST" }, Buffer.alloc(300_000));
        expect(status).toBe(503);
        expect(headers).toMatchObject({ "retry-after": "10", "cache-control": "no-store", "content-type": "text/html; charset=utf-8" });
        expect(body).toContain("Not ready yet: database, web.");
        expect(body).toContain("send it again");
        expect(body).toContain("npm run status");
        await until(() => sleeper.state === "awake");
        expect((await ask(port)).body).toBe("hello /");
    });

    it("has no body in the answer to HEAD", async () => {
        const { port } = await activate(hello, { hold: 100 });
        api.startTime = 1e6;
        const client = net.connect(port, "127.0.0.1");
        client.write("HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n");
        const [answer] = await once(client, "data") as [Buffer];
        expect(answer.toString()).toMatch(/^HTTP\/1\.1 503 [^]*\r\n\r\n$/);
        client.destroy();
    });

    it("says so if the API server refuses, and its log says why", async () => {
        const { port } = await activate(hello, { hold: 2000 });
        api.denies = true;
        const { status, body } = await ask(port);
        expect(status).toBe(503);
        expect(body).toContain("The cluster's API server did not do what the activator asked.");
        expect(messages).toContainEqual(expect.stringMatching(/^couldn't wake: GET .*: 403 no$/));
    });
});

describe("an environment that is awake", () => {
    it("is served although the API server doesn't answer", async () => {
        const { port } = await activate(hello, { isAwake: true });
        api.denies = true;
        expect((await ask(port)).body).toBe("hello /");
    });

    it("gets requests exactly as the gateway sent them", async () => {
        const seen: string[][] = [];
        const { port } = await activate((request, response) => {
            seen.push(request.rawHeaders);
            response.end();
        }, { isAwake: true });
        const sent = ["Host", "shop.example.com", "X-Forwarded-For", "6.6.6.6, 203.0.113.9", "X-Forwarded-Proto", "https", "x-Twice", "1", "X-Twice", "2"];
        await ask(port, { headers: sent as unknown as http.OutgoingHttpHeaders });
        expect(seen[0].slice(0, sent.length)).toEqual(sent);
        expect(seen[0].slice(sent.length).map(name => name.toLowerCase())).toEqual(["connection", "close"]);
    });

    it("gets uploads and sends downloads of any size while they run", async () => {
        const { port } = await activate((request, response) => void request.pipe(response), { isAwake: true });
        const upload = Buffer.alloc(8 << 20, "x");
        const { body } = await ask(port, { method: "POST" }, upload);
        expect(body.length).toBe(upload.length);

        const request = http.request({ port, host: "127.0.0.1", agent: false, method: "POST" }).on("error", () => {});
        request.write("first");
        const [response] = await once(request, "response") as [http.IncomingMessage];
        expect(String((await once(response, "data"))[0])).toBe("first"); // before the request has ended
        request.end();
    });

    it("speaks other protocols after an upgrade", async () => {
        const { port, service } = await activate(hello, { isAwake: true });
        service.on("upgrade", (_, socket) => {
            socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
            socket.on("error", () => {}).pipe(socket);
        });
        const request = http.request({ port, host: "127.0.0.1", headers: { Connection: "Upgrade", Upgrade: "echo" } }).end();
        const [, socket] = await once(request, "upgrade") as [unknown, net.Socket];
        socket.write("ping");
        expect(String((await once(socket, "data"))[0])).toBe("ping");
        socket.destroy();
    });

    it("breaks an answer off where the service breaks it off", async () => {
        const { port } = await activate((request, response) => {
            response.writeHead(200, { "Content-Length": "100" }).write("half");
            setTimeout(() => request.socket.resetAndDestroy(), 50);
        }, { isAwake: true });
        await expect(ask(port)).rejects.toThrow(/aborted|ECONNRESET/);
    });

    it("is looked at again if nothing listens, for example because somebody scaled it to 0", async () => {
        const { port, service } = await activate(hello, { isAwake: true });
        await ask(port);
        service.close().closeAllConnections();
        Object.assign(api.objects[paths.web], running(0));
        expect((await ask(port)).status).toBe(200);
        expect(api.changes).toEqual(["web 2"]);
    });
});

describe("an environment that nobody uses", () => {
    it("falls asleep: first the tasks, then what serves, then what holds the data", async () => {
        const { sleeper } = await activate(hello, { isAwake: true, sleepAfter: 100 });
        await until(() => sleeper.state === "asleep");
        expect(api.changes).toEqual(["scheduled-tasks suspended", "web 0", "database 0"]);
        expect(messages).toEqual(["asleep"]);
        await pause(300);
        expect(api.changes).toHaveLength(3);
    });

    it("stays asleep when the activator restarts", async () => {
        const { sleeper } = await activate(hello, { sleepAfter: 100 });
        await until(() => sleeper.state === "asleep");
        expect(api.changes).toEqual([]);
    });

    it("stays awake while an answer is still sent", async () => {
        const { port } = await activate((_, response) => {
            const drip = setInterval(() => response.write("."), 50);
            setTimeout(() => response.end(() => clearInterval(drip)), 1500);
        }, { isAwake: true, sleepAfter: 700 });
        expect((await ask(port)).body).toMatch(/^\.{5,}$/);
        expect(api.changes).toEqual([]);
    });

    it("stays awake while a request waits for its answer", async () => {
        const { port, sleeper } = await activate((_, response) => void setTimeout(() => response.end("late"), 900), { isAwake: true, sleepAfter: 200 });
        expect((await ask(port)).body).toBe("late");
        expect(api.changes).toEqual([]);
        await until(() => sleeper.state === "asleep");
    });

    it("waits for a task that runs", async () => {
        api.objects[paths.tasks].status.active = [{}];
        const { sleeper } = await activate(hello, { isAwake: true, sleepAfter: 100 });
        await until(() => api.changes.length > 0);
        await pause(500);
        expect(api.changes).toEqual(["scheduled-tasks suspended"]);
        api.objects[paths.tasks].status.active = [];
        await until(() => sleeper.state === "asleep");
    });

    it.each(["Complete", "Failed"])("is in use while a job runs, until it is %s", async type => {
        api.objects[paths.job] = runningJob();
        const { sleeper } = await activate(hello, { isAwake: true, sleepAfter: 200 });
        await pause(800);
        expect(api.changes).toEqual([]);
        api.objects[paths.job].status.conditions = [{ type: "SuccessCriteriaMet", status: "True" }, { type, status: "True" }];
        await until(() => sleeper.state === "asleep");
    });

    it("is woken by a job, which needs the database, and sleeps again when it has gone", async () => {
        const { sleeper } = await activate(hello, { sleepAfter: 200 });
        await until(() => sleeper.state === "asleep");
        api.objects[paths.job] = runningJob();
        await until(() => sleeper.state === "awake");
        expect([...api.changes].sort()).toEqual(["database 1", "scheduled-tasks resumed", "web 2"]);
        delete api.objects[paths.job];
        await until(() => sleeper.state === "asleep");
        expect(messages.filter(message => message.includes("job"))).toEqual([]);
    });

    it("stays awake if a request comes while it falls asleep", async () => {
        api.objects[paths.tasks].status.active = [{}];
        const { port, sleeper } = await activate(hello, { isAwake: true, sleepAfter: 300 });
        await until(() => api.changes.length > 0);
        expect((await ask(port)).body).toBe("hello /");
        expect(sleeper.state).toBe("awake");
        expect(api.changes).toEqual(["scheduled-tasks suspended", "scheduled-tasks resumed"]);
    });

    it("stays awake as a whole if a request comes on an open connection while it falls asleep", async () => {
        const { port } = await activate(hello, { isAwake: true, sleepAfter: 500 });
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        onTestFinished(() => agent.destroy());
        await ask(port, { agent });
        api.objects[paths.tasks].status.active = [{}];
        await until(() => api.changes.length > 0);
        expect((await ask(port, { agent })).body).toBe("hello /");
        await until(() => api.changes.length > 1);
        expect(api.changes).toEqual(["scheduled-tasks suspended", "scheduled-tasks resumed"]);
    });

    it("falls asleep although something starts again after it was stopped", async () => {
        const { sleeper } = await activate(hello, { isAwake: true, sleepAfter: 100 });
        api.startTime = 300;
        await until(() => api.changes.includes("web 0"));
        api.objects[paths.web].spec.replicas = 2;
        await until(() => sleeper.state === "asleep");
        expect(api.changes).toEqual(["scheduled-tasks suspended", "web 0", "web 0", "database 0"]);
    });

    it("isn't put to sleep any further by an activator that ends, beside which the next one may be waking it", async () => {
        api.objects[paths.tasks].status.active = [{}];
        const { end } = await activate(hello, { isAwake: true, sleepAfter: 100 });
        await until(() => api.changes.length > 0);
        end();
        api.objects[paths.tasks].status.active = [];
        await pause(600);
        expect(api.changes).toEqual(["scheduled-tasks suspended"]);
    });

    it("isn't used by a connection in reserve that ends", async () => {
        const { port, sleeper, proxy } = await activate(hello, { isAwake: true });
        const agent = new http.Agent({ keepAlive: true });
        const request = http.get({ port, host: "127.0.0.1", agent });
        const [response] = await once(request, "response") as [http.IncomingMessage];
        await response.toArray();
        const touch = vi.spyOn(sleeper, "touch");
        proxy.closeIdle();
        await until(() => Object.keys(agent.freeSockets).length === 0);
        await pause(50);
        expect(touch).not.toHaveBeenCalled();
        expect(sleeper.pending).toBe(0);
    });

    it("closes connections in reserve before it sleeps, so that the gateway opens new ones", async () => {
        const { port, sleeper } = await activate(hello, { isAwake: true, sleepAfter: 200 });
        const agent = new http.Agent({ keepAlive: true });
        const request = http.get({ port, host: "127.0.0.1", agent });
        const [response] = await once(request, "response") as [http.IncomingMessage];
        response.resume();
        await until(() => sleeper.state === "asleep");
        await until(() => Object.keys(agent.freeSockets).length === 0);
        expect((await ask(port)).status).toBe(200);
    });
});
