import * as fs from "node:fs";
import * as http from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { main as logs } from "../../../../../infra/cli/logs";
import { browserCommand, main as open } from "../../../../../infra/cli/open";
import { main as shell, type Tty } from "../../../../../infra/cli/shell";
import { main as status, statusOf } from "../../../../../infra/cli/status";
import { commandFor, type Running } from "../../../../../infra/cli/status/command";
import { webAddress } from "../../../../../infra/cli/status/collect";
import { exportLine, screen } from "../../../../../infra/cli/status/screen";
import type { Status } from "../../../../../infra/cli/status/summary";
import { Pods } from "../../../fixtures/pods";
import { StackApi } from "../../../fixtures/stack-api";
import { ago, conditionOf, container, deployment, node, nodeStats, now, pendingPod, pod, preemption, wellStack } from "../../../fixtures/stack-objects";

const api = new StackApi();
const executing = new Pods();
let directory: string;
let executingFile: string;

beforeAll(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-daily-"));
    fs.writeFileSync(path.join(directory, "kubeconfig"), await api.start());
    executingFile = path.join(directory, "executing");
    fs.writeFileSync(executingFile, await executing.start());
});
afterAll(() => {
    api.stop();
    executing.stop();
    fs.rmSync(directory, { recursive: true });
});
// The commands listen to signals, and to the end of their output, until their process ends.
const signals = ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"];
const outputListeners = process.stdout.listenerCount("error");
const emitter: NodeJS.EventEmitter = process;
const listeners = signals.map(signal => [signal, emitter.listeners(signal)] as const);
beforeEach(() => {
    api.reset();
    for (const signal of signals) emitter.removeAllListeners(signal);
    vi.stubEnv("LANDFALL_HOME", path.join(directory, "home"));
    vi.stubEnv("LANDFALL_CACHE", path.join(directory, "cache"));
    vi.useFakeTimers({ now, toFake: ["Date"] });
});
afterEach(() => {
    for (const listener of process.stdout.listeners("error").slice(outputListeners)) process.stdout.off("error", listener as () => void);
    for (const [signal, before] of listeners) {
        emitter.removeAllListeners(signal);
        for (const listener of before) emitter.on(signal, listener as () => void);
    }
    vi.useRealTimers();
    vi.unstubAllEnvs();
});

interface Ended {
    code: number;
    output: string;
    errors: string;
}

/** Runs a command as its npm script does; `watch` sees each time what it has printed so far. */
async function run(
    command: (args: string[]) => Promise<number>, args: string[], kubeconfig = path.join(directory, "kubeconfig"), watch?: (output: string) => void,
): Promise<Ended> {
    const written = { output: "", errors: "" };
    const capture = (key: keyof typeof written) => (text: unknown, done?: unknown): boolean => {
        written[key] += String(text);
        if (typeof done === "function") (done as () => void)();
        watch?.(written.output);
        return true;
    };
    const spies = [
        vi.spyOn(process.stdout, "write").mockImplementation(capture("output") as typeof process.stdout.write),
        vi.spyOn(process.stderr, "write").mockImplementation(capture("errors") as typeof process.stderr.write),
    ];
    try {
        return { code: await command([...args, "--kubeconfig", kubeconfig]), ...written };
    } finally {
        for (const spy of spies) spy.mockRestore();
    }
}

describe("npm run status", () => {
    it("shows on one screen what runs, and ends with 0 if all is well", async () => {
        const { code, output } = await run(status, []);
        expect(code).toBe(0);
        expect(output).toMatch(/^Stack "dev" on kind: https:\/\/wordpress\.localhost:8443\nLandfall.*, images of 2026-11-29, Kubernetes v1\.36\.4, 2 of 2 nodes ready\n\n/);
        expect(output).toMatch(/^ {2}web +2 of 2 \(2–5\) +60 min +2026-11-29 +landfall-dev-control-plane, landfall-dev-worker$/m);
        expect(output).toMatch(/^ {2}database +1 of 1 +60 min +2026-11-29 +landfall-dev-worker$/m);
        expect(output).toMatch(/^ {2}scheduled-tasks +last ended well 15 s ago$/m);
        expect(output).toMatch(/^landfall-gateway\n {2}envoy +1 of 1 +60 min +v1\.36\.2 +landfall-dev-worker$/m);
        expect(output).toMatch(/\n\nAll is well\.\n$/);
    });

    it("names what is wrong, what to do and ends with 1", async () => {
        api.objects = { ...wellStack(), pods: [...wellStack().pods, pendingPod("web-6f7c9-ccccc", "web",
            [conditionOf("PodScheduled", "False", 300, { reason: "Unschedulable", message: "0/2 nodes are available: 2 Insufficient \u001b[31mcpu." })], [], 300)] };
        const { code, output } = await run(status, []);
        expect(code).toBe(1);
        expect(output).toContain("1 problem (! failing):\n! Pod development/web-6f7c9-ccccc: can't be scheduled: 0/2 nodes are available: 2 Insufficient cpu. (for 5 min)\n    → Add a node");
        expect(output).toContain(`export KUBECONFIG=${path.join(directory, "kubeconfig")}`);
        expect(output).not.toContain("\u001b");
    });

    it("asks for preemptions, and the kubelets for the volumes in use", async () => {
        const claimed = pod("database-0", "database", { spec: { volumes: [{ persistentVolumeClaim: { claimName: "database-data" } }] } }, { owner: "StatefulSet" });
        api.objects = {
            ...wellStack(), pods: [...wellStack().pods.filter(({ metadata }) => (metadata as { name: string }).name !== "database-0"), claimed],
            preemptions: [{ ...preemption("web-6f7c9-ccccc", 0), eventTime: new Date().toISOString() }], nodeStats: [nodeStats(0.5, 0.9)],
        };
        const { code, output } = await run(status, []);
        expect(code).toBe(1);
        expect(output).toContain("· Pod development/web-6f7c9-ccccc: was preempted: the cluster is full");
        expect(output).toContain("· PersistentVolumeClaim development/database-data: 90 % of its space is used\n    → Delete");
        // Without the right to ask the kubelets, the rest is still there.
        api.objects = { ...wellStack(), pods: [...wellStack().pods, claimed] };
        expect((await run(status, [])).output).toContain("All is well.");
        expect(api.asked.some(({ pathname }) => pathname === "/api/v1/nodes/landfall-dev-worker/proxy/stats/summary")).toBe(true);
    });

    it("says the same as JSON", async () => {
        api.objects.nodes = [];
        api.objects.statefulSets = [];
        const { code, output } = await run(status, ["--json"]);
        const said = JSON.parse(output) as Status;
        expect(code).toBe(0);
        expect(said).toMatchObject({
            stack: "dev", target: "kind", healthy: true, address: "https://wordpress.localhost:8443", versions: { kubernetes: "v1.36.4" },
            imageDates: ["2026-11-29"], problems: [],
        });
        expect(said.parts[0]).toEqual({
            namespace: "development", name: "web", ready: 2, wanted: 2, between: [2, 5], since: new Date(ago(3600)).toISOString(),
            images: ["2026-11-29"], nodes: ["landfall-dev-control-plane", "landfall-dev-worker"],
        });
    });

    it("prints nothing of settings or credentials", async () => {
        const { output, errors } = await run(status, ["--json"]);
        expect(output + errors).not.toMatch(/hunter2|hidden-token/);
        expect(api.asked.filter(({ pathname }) => pathname.includes("secret"))).toEqual([]);
    });

    it.each<[string, (answer: http.ServerResponse) => void, RegExp]>([
        ["breaks the connection off", response => response.destroy(), /The cluster: it doesn't answer: .*\n +→ Is Docker running.*npm start$/m],
        ["refuses to be asked at all", response => void response.writeHead(403).end(JSON.stringify({ message: "User \"guest\" is forbidden" })), /The cluster: it refuses to be asked: User "guest" is forbidden\n +→ Use a kubeconfig/m],
        ["refuses the credentials", response => void response.writeHead(401).end("{}"), /The cluster: it refuses the kubeconfig's credentials\n +→ Get a new kubeconfig: npm start$/m],
    ])("of a cluster that %s says that first and alone", async (_, answer, says) => {
        api.intercept = (_url, response) => { answer(response); return true; };
        const { code, output } = await run(status, []);
        expect(code).toBe(1);
        expect(output).toMatch(/^Stack "dev" on kind\n\n1 problem/);
        expect(output).toMatch(says);
    });

    it("goes by the cluster's clock, and tells of one that is wrong here", async () => {
        vi.setSystemTime(now + 1_200_000);
        api.ahead = -1_200_000;
        const { code, output } = await run(status, []);
        expect(code).toBe(0);
        expect(output).toMatch(/All is well\.\nNote: this computer's clock is 20 min ahead of the cluster's\.\n$/);
    });

    it("doesn't take for well what it may not look at", async () => {
        api.intercept = (url, response) => {
            if (!/\/(nodes|statefulsets)$/.test(url.pathname)) return false;
            response.writeHead(403).end(JSON.stringify({ message: "nodes is forbidden" }));
            return true;
        };
        const { code, output } = await run(status, []);
        expect(code).toBe(1);
        expect(output).toMatch(/1 problem \(\? unknown\):\n\? nodes, statefulsets in .*: couldn't be read: nodes is forbidden\n +→ Use a kubeconfig/);
    });

    it("says nothing of an existing cluster's nodes that run nothing of the stack", async () => {
        const bad = [conditionOf("Ready", "Unknown", 9000)];
        const running = {
            name: "shop", kubeconfig: fs.readFileSync(path.join(directory, "kubeconfig"), "utf8"), command: commandFor("shop"),
            settings: {
                cluster: { target: "existing" }, app: { type: "wordpress" },
                environment: { name: "development", host: "shop.localhost", aliases: [], redirects: [] },
            },
        } as unknown as Running;
        api.objects.nodes.push(node("someone-elses", { status: { conditions: bad } }));
        expect((await statusOf(running)).problems).toEqual([]);
        expect((await statusOf(running)).nodes).toHaveLength(3);
        api.objects.nodes = [node("landfall-dev-worker", { status: { conditions: bad } })];
        expect((await statusOf(running)).problems.map(({ object }) => object)).toEqual(["Node landfall-dev-worker"]);
    });

    it("tells how old the last snapshot of etcd is, where machines take them", async () => {
        const running = (cluster: object) => ({
            name: "server", kubeconfig: fs.readFileSync(path.join(directory, "kubeconfig"), "utf8"), command: commandFor("server"),
            settings: {
                cluster: { target: "baremetal", ...cluster }, app: { type: "wordpress" },
                environment: { name: "development", host: "shop.localhost", aliases: [], redirects: [] },
            },
        }) as unknown as Running;
        api.objects.nodes = [node("server", { metadata: { annotations: { "landfall.dev/snapshot-taken": ago(1200), "landfall.dev/snapshot-due": ago(-2400) } } })];
        const found = await statusOf(running({ snapshots: { repository: "/mnt/backup" } }));
        expect(found).toMatchObject({ problems: [], etcdSnapshot: new Date(ago(1200)).toISOString() });
        expect(screen(found)).toContain("\nLast snapshot of etcd: 20 min ago\n");
        expect(screen(await statusOf(running({})))).not.toContain("etcd");
        api.objects.nodes = [node("server")];
        expect((await statusOf(running({ snapshots: {} }))).problems).toMatchObject([{ rule: "etcd-snapshot", matter: "isn't recorded on any machine" }]);
    });

    it("tells kubectl's users on Windows what each shell takes: in PowerShell, `set` sets no variable of the environment", () => {
        expect(exportLine("C:\\Users\\Pat O'Neill\\kubeconfig", "win32")).toBe(`$env:KUBECONFIG = 'C:\\Users\\Pat O''Neill\\kubeconfig' (cmd: set "KUBECONFIG=C:\\Users\\Pat O'Neill\\kubeconfig")`);
    });

    it.skipIf(process.platform === "win32")("quotes what a shell would take apart", async () => {
        const odd = path.join(directory, "Jane Doe's kubeconfig");
        fs.copyFileSync(path.join(directory, "kubeconfig"), odd);
        api.objects.deployments[0] = deployment("web", { status: { availableReplicas: 0, conditions: [conditionOf("Available", "False", 300)] } });
        const { output } = await run(status, [], odd);
        expect(output).toContain(`export KUBECONFIG='${directory}/Jane Doe'\\''s kubeconfig'`);
        expect(commandFor("dev", odd)("logs", "web")).toBe(`npm run logs -- web --kubeconfig '${directory}/Jane Doe'\\''s kubeconfig'`);
    });

    it("says that a stack which was never started isn't up", async () => {
        await expect(status(["--kubeconfig", path.join(directory, "none")])).rejects.toThrow(/none can't be read/);
        await expect(status(["--stack", "nowhere"])).rejects.toThrow(/There is no stack "nowhere"/);
    });
});

const line = (time: string, text: string): string => `2026-11-29T11:00:${time}Z ${text}\n`;

/** Other requests, as those of a test before, may come at any time. */
const askedForLogs = (): URL[] => api.asked.filter(({ pathname }) => pathname.endsWith("/log"));

describe("npm run logs", () => {
    it("prints the lines of all web pods in the order of time, each with its pod", async () => {
        api.logs = {
            "web-6f7c9-aaaaa/web": line("01.5", "GET /one") + line("03.25", "GET /\u001b]0;three\u0007three"),
            "web-6f7c9-bbbbb/web": line("02.123456789", "GET /two"),
        };
        const { code, output, errors } = await run(logs, []);
        expect({ code, output, errors }).toEqual({
            code: 0, output: "web-6f7c9-aaaaa  GET /one\nweb-6f7c9-bbbbb  GET /two\nweb-6f7c9-aaaaa  GET /three\n", errors: "",
        });
        expect(askedForLogs().map(({ searchParams }) => searchParams.get("tailLines"))).toEqual(["200", "200"]);
    });

    it("keeps a line with a carriage return in its place", async () => {
        api.logs = {
            "web-6f7c9-aaaaa/web": line("01.5", "10 %\r50 %\r2026-99-99T99:99:99+00:00 no time"),
            "web-6f7c9-bbbbb/web": line("01", "before"),
        };
        expect((await run(logs, [])).output.split("\n")).toEqual([
            "web-6f7c9-bbbbb  before", "web-6f7c9-aaaaa  10 %", "web-6f7c9-aaaaa  50 %",
            "web-6f7c9-aaaaa  2026-99-99T99:99:99+00:00 no time", "",
        ]);
    });

    it("asks for the time that was given", async () => {
        api.logs = { "database-0/database": line("01.5", "ready") };
        const { output } = await run(logs, ["database", "--since", "2h"]);
        expect(output).toBe("database-0  ready\n");
        expect(askedForLogs().map(({ searchParams }) => [searchParams.get("sinceSeconds"), searchParams.get("tailLines")])).toEqual([["7200", null]]);
    });

    it("prints what crashed containers have written before, and says where there is nothing", async () => {
        api.logs = { "web-6f7c9-aaaaa/web before": line("01.5", "Out of memory") };
        expect(await run(logs, ["web", "--previous"])).toEqual({ code: 0, output: "web-6f7c9-aaaaa  Out of memory\n", errors: "" });
        api.logs = {};
        expect((await run(logs, ["web", "--previous"])).errors).toBe("No container of web has restarted, so there is nothing from before.\n");
    });

    it("leaves out a pod that has not started, and tells of one that can't be read", async () => {
        api.objects.pods.push(pendingPod("web-6f7c9-ccccc", "web", [], [container("web", { state: { waiting: { reason: "ContainerCreating" } } })], 5));
        api.logs = { "web-6f7c9-aaaaa/web": line("01.5", "GET /one") };
        const { code, output, errors } = await run(logs, ["web"]);
        expect({ code, output }).toEqual({ code: 1, output: "web-6f7c9-aaaaa  GET /one\n" });
        expect(errors).toMatch(/^web-6f7c9-bbbbb: .*not found\n$/);
    });

    it("follows, also a pod that comes later, and each line once", async () => {
        vi.useRealTimers();
        let asked = 0;
        api.objects.pods = [pod("web-6f7c9-aaaaa", "web")];
        api.logs = {
            // It breaks off, as when the kubelet starts a new file; what is asked again comes once more.
            "web-6f7c9-aaaaa/web": (url, response) => {
                asked++;
                if (asked === 1) return void response.end(line("01.5", "one\rhalf"));
                expect(url.searchParams.get("sinceTime")).toBe("2026-11-29T11:00:01.500000000Z");
                response.write(line("01.5", "one\rhalf") + line("02.5", "two\rhalf"));
                api.objects.pods.push(pod("web-6f7c9-zzzzz", "web"));
            },
            "web-6f7c9-zzzzz/web": (_url, response) => response.write(line("03.5", "three")),
        };
        const { code, output } = await run(logs, ["--follow"], undefined, output => {
            if (output.includes("two\nweb-6f7c9-aaaaa  half") && output.includes("three")) process.emit("SIGTERM", "SIGTERM");
        });
        expect({ code, output }).toEqual({ code: 0, output: ["one", "half", "two", "half"].map(text => `web-6f7c9-aaaaa  ${text}\n`).join("") + "web-6f7c9-zzzzz  three\n" });
    });

    it("ends once nobody reads on, whatever else is still written", async () => {
        const lines = Array.from({ length: 50 }, (_, second) => line(`${second}`.padStart(2, "0"), "GET /")).join("");
        api.logs = { "web-6f7c9-aaaaa/web": lines, "web-6f7c9-bbbbb/web": lines };
        const closed = vi.fn(() => {
            // Node tells of a closed pipe at each line.
            for (let count = 0; count < 2; count++) process.stdout.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
        });
        expect(await run(logs, ["--follow"], undefined, closed)).toMatchObject({ code: 0, errors: "" });
        expect(closed.mock.results.map(({ type }) => type)).not.toContain("throw");
    });

    it.each([
        [["mail"], /"mail" is no part of a stack; the parts are web, database, gateway, tasks/],
        [["--since", "yesterday"], /--since yesterday: give a number and a unit, for example 30s/],
        [["--since", "-5m"], /--since/],
        [["--since", "0s"], /--since 0s: give a number/],
        // Kubelets count in nanoseconds: more than 292 years is a time in the future.
        [["--since", "110000d"], /--since 110000d: no log is that old/],
        [["--follow", "--previous"], /use one of the two/],
    ])("refuses %s", async (args, message) => {
        await expect(run(logs, args)).rejects.toThrow(message);
    });

    it("doesn't say that nothing was written if it is stopped before it has read", async () => {
        api.logs = {
            "web-6f7c9-aaaaa/web": () => process.emit("SIGINT", "SIGINT"),
            "web-6f7c9-bbbbb/web": () => undefined,
        };
        expect(await run(logs, []).catch((error: Error) => error.message)).toBe("Stopped.");
    });

    it("of a part without pods points to the status", async () => {
        api.objects.pods = [];
        await expect(run(logs, ["web", "--stack", "dev"])).rejects.toThrow(/no pod of web in the namespace development.*npm run status/);
    });
});

/** A terminal that a test types into. */
function terminal(isTTY = true): Tty & { raw: boolean[]; written: () => string; input: PassThrough } {
    let text = "";
    const raw: boolean[] = [];
    const output = Object.assign(new PassThrough(), { isTTY }).on("data", (piece: Buffer) => (text += piece.toString()));
    const input = Object.assign(new PassThrough(), { isTTY, setRawMode: (value: boolean) => raw.push(value) });
    return { input, output, raw, written: () => text };
}

describe("npm run shell", () => {
    beforeEach(() => {
        executing.refuse = undefined;
        executing.pods = { "web-1": { workload: "web", ready: false }, "web-2": { workload: "web", ready: true }, "database-0": { workload: "database", ready: true } };
    });
    const open = (tty: Tty, ...args: string[]): Promise<Ended> => run(given => shell(given, tty), args, executingFile);

    it("connects the terminal with a shell in a ready pod, and ends with its code", async () => {
        const tty = terminal();
        let seen: { pod: string; command: string[] } | undefined;
        executing.run = io => {
            seen = { pod: io.pod, command: io.command };
            io.stdout("web-2$ ");
            io.onInput(piece => {
                io.stdout(`you typed ${piece.toString()}`);
                io.exit(3);
            });
            setTimeout(() => tty.input.write("exit 3\r"), 50);
        };
        expect((await open(tty)).code).toBe(3);
        expect(seen).toMatchObject({ pod: "web-2", command: ["sh", "-c", expect.stringContaining("exec bash")] });
        expect(tty.written()).toMatch(/^web-2 in development\. The image is read-only\..*lost with the pod[^]*web-2\$ you typed exit 3\r$/);
        expect(tty.raw).toEqual([true, false]);
    });

    it("opens the database's client as its administrator, with no password on the command line", async () => {
        const tty = terminal();
        let command: string[] = [];
        executing.run = io => { command = io.command; io.exit(0); };
        expect((await open(tty, "database")).code).toBe(0);
        expect(command.join(" ")).toContain("exec mariadb");
        expect(command.join(" ")).not.toMatch(/password/i);
        expect(tty.written()).toMatch(/database-0 in development\. You are the database's administrator/);
    });

    it("refuses without a terminal, and says what to use instead", async () => {
        await expect(open(terminal(false))).rejects.toThrow(/needs a terminal[^]*kubectl --kubeconfig \S+ -n development exec -i deployment\/web -- COMMAND[^]*npm run logs -- web/);
    });

    it("points to the status where no pod is ready", async () => {
        executing.pods = { "web-1": { workload: "web", ready: false } };
        await expect(open(terminal())).rejects.toThrow(/No pod of web is ready.*npm run status/);
    });

    it("gives the terminal back where the connection breaks off or is refused", async () => {
        const tty = terminal();
        executing.run = io => setTimeout(() => io.exit(), 100);
        await expect(open(tty)).rejects.toThrow(/web-2 broke off/);
        expect(tty.raw.at(-1)).toBe(false);
        executing.refuse = 403;
        await expect(open(terminal())).rejects.toThrow(/needs the right to create pods\/exec/);
    });
});

describe("npm run open", () => {
    let answer = 200;
    let whenAsked = (): void => undefined;
    const site = http.createServer((_request, response) => {
        whenAsked();
        response.writeHead(answer).end();
    });
    beforeAll(() => new Promise<void>(resolve => site.listen(0, "127.0.0.1", resolve)));
    afterAll(() => void site.close());
    beforeEach(() => {
        answer = 200;
        whenAsked = () => undefined;
        api.address = `http://wordpress.localhost:${(site.address() as AddressInfo).port}`;
    });

    it("opens the address once it answers", async () => {
        vi.stubEnv("DISPLAY", ":0");
        let opened: string[] = [];
        const { code, output } = await run(args => open(args, command => { opened = command; return Promise.resolve(true); }), []);
        expect({ code, output }).toEqual({ code: 0, output: opened.length > 0 ? `Opened ${api.address}\n` : `${api.address}\n` });
    });

    it("prints the address where no browser opens", async () => {
        expect(await run(args => open(args, () => Promise.resolve(false)), [])).toMatchObject({ code: 0, output: `${api.address}\n` });
        expect(await run(args => open(args, () => Promise.reject(new Error("not with --print"))), ["--print"])).toMatchObject({ output: `${api.address}\n` });
    });

    it("says what came instead of a page, and points to the status", async () => {
        vi.useFakeTimers({ now, toFake: ["Date"], shouldAdvanceTime: false });
        answer = 503;
        whenAsked = () => void vi.setSystemTime(now + 61_000);
        await expect(run(args => open(args, () => Promise.resolve(true)), [])).rejects.toThrow(/does not answer with a page: 503\n.*npm run status/);
    });

    it("gives no browser an address that isn't one of the web", () => {
        expect(["file:///etc/passwd", "javascript:alert(1)", "https://user:secret@example.com", "-psn", ""].map(webAddress)).toEqual(Array(5).fill(undefined));
        expect(webAddress("https://wordpress.localhost:8443")).toBe("https://wordpress.localhost:8443");
    });

    const address = "https://wordpress.localhost:8443/?a=1&b=$(c)";
    it.each<[string, NodeJS.Platform, NodeJS.ProcessEnv, string[], string[] | undefined]>([
        ["Windows", "win32", {}, [], ["rundll32", "url.dll,FileProtocolHandler", address]],
        ["macOS", "darwin", {}, [], ["open", address]],
        ["Linux with a screen", "linux", { WAYLAND_DISPLAY: "wayland-0" }, ["xdg-open"], ["xdg-open", address]],
        ["Linux without one", "linux", {}, ["xdg-open"], undefined],
        ["Linux without a browser", "linux", { DISPLAY: ":0" }, [], undefined],
        ["a Mac that one is logged in to by SSH", "darwin", { SSH_CONNECTION: "203.0.113.7 50000 203.0.113.9 22" }, [], undefined],
        ["Windows by SSH", "win32", { SSH_CONNECTION: "203.0.113.7 50000 203.0.113.9 22" }, [], undefined],
        ["Linux by SSH with a screen", "linux", { SSH_CONNECTION: "203.0.113.7 50000 203.0.113.9 22", DISPLAY: "localhost:10.0" }, ["xdg-open"], ["xdg-open", address]],
        ["Windows's Linux", "linux", { WSL_DISTRO_NAME: "Debian" }, ["wslview"], ["wslview", address]],
    ])("uses the browser of %s, with the address as one argument", (_, platform, env, programs, expected) => {
        expect(browserCommand(address, { platform, env, has: program => programs.includes(program) })).toEqual(expected);
    });
});
