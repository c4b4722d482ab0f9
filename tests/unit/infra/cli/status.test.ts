import * as fs from "node:fs";
import type * as http from "node:http";
import * as path from "node:path";
import { describe, expect, it, vi } from "vitest";
import { main as status, statusOf } from "../../../../infra/cli/status";
import { commandFor, type Running } from "../../../../infra/cli/status/command";
import { exportLine, screen } from "../../../../infra/cli/status/screen";
import type { Status } from "../../../../infra/cli/status/summary";
import { ago, conditionOf, deployment, node, nodeStats, now, pendingPod, pod, preemption, wellStack } from "../../fixtures/stack-objects";
import { stackThatIsUp } from "../../support/running-stack";

const { api, directory, run } = stackThatIsUp();

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
