import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stackFile } from "../../infra/cli/stack/home";
import { run } from "../../infra/offline/kit/run";
import { EngineStack, type Result, type Settings } from "./support/engine";
import { Cluster, isReady, nameOf } from "./support/kubernetes";
import { Load } from "./support/load";
import { names } from "./support/names";
import { npm } from "./support/npm";
import { expectSamePods, type Objects, readObjects, readPods } from "./support/objects";
import { pulumi } from "./support/pulumi";
import { ask, type Site, suiteSite } from "./support/site";
import { ensureUp, figure } from "./support/stack";
import { until } from "./support/wait";

/** An environment that a stack of its own makes on the cluster of the suite's stack. */
interface Guest {
    name: string;
    stack: EngineStack;
    settings: Settings;
    site: Site;
    result: Result;
}

const fixture = "tests/e2e/fixtures/httpbin";

/** What a guest runs: a program that nobody here wrote, from the Compose file that somebody has for it, after a job. */
function appOf(replicas: { min: number; max: number }, revision = 1): object {
    return {
        type: "services", compose: `${fixture}/compose.yaml`,
        services: {
            httpbin: { replicas, cpu: { request: "50m", limit: "1" }, environment: { REVISION: String(revision) }, after: ["check"] },
            check: { build: { context: fixture }, job: true, command: ["python3", "-c", "import httpbin"] },
        },
    };
}

interface Job {
    apiVersion: string;
    kind: string;
    metadata: object;
    status: { succeeded: number; completionTime: string };
}

let cluster: Cluster;
let guests: Guest[];
/** The suite's stack with its platform, before any guest. */
let before: { objects: Objects; pods: Awaited<ReturnType<typeof readPods>> };
let ownListeners: string[];

beforeAll(async () => {
    await ensureUp();
    cluster = await Cluster.connect();
    await cluster.settled();
    before = await standing();
    ownListeners = await listeners();
    const begin = Date.now();
    guests = await Promise.all([makeGuest("second", { min: 1, max: 1 }), makeGuest("third", { min: 2, max: 4 })]);
    figure("two environments by two stacks", `${Math.round((Date.now() - begin) / 1000)} s`);
});

afterAll(async () => {
    await Promise.all((guests ?? []).map(remove));
    const built = await run("docker", ["images", "--filter", "reference=landfall.local/httpbin", "--format", "{{.Repository}}:{{.Tag}}"]);
    if (built !== "") await run("docker", ["rmi", ...built.split("\n")]);
});

async function makeGuest(name: string, replicas: { min: number; max: number }): Promise<Guest> {
    const host = `${name}.localhost`;
    const settings = {
        config: {
            "landfall:cluster": { target: "existing", stack: `organization/landfall/${names.stack}` },
            "landfall:environment": { name, host, volumes: "delete" },
            "landfall:app": appOf(replicas),
        },
    };
    const stack = new EngineStack(name, "existing", line => process.stdout.write(line));
    const result = await stack.up(settings);
    const ca = String(result.outputs.caCertificate);
    return { name, stack, settings, result, site: { host, https: names.https, http: names.http, address: `https://${host}:${names.https}`, ca: () => ca } };
}

async function remove({ stack, settings }: Guest): Promise<void> {
    await stack.destroy(settings);
    stack.end();
    guests = guests.filter(guest => guest.stack !== stack);
}

/** The suite's stack and its platform without what guests have added, which bears their names. */
async function standing(): Promise<typeof before> {
    const objects = Object.entries(await readObjects(cluster)).filter(([key]) => !/ landfall-\w+\/(second|third)\./.test(key));
    return { objects: Object.fromEntries(objects.map(([key, text]) => [key, withoutListeners(text)])), pods: await readPods(cluster) };
}

function withoutListeners(text: string): string {
    const { own, shown } = JSON.parse(text) as { own: object; shown: string };
    if (!shown.startsWith("{")) return text;
    const content = JSON.parse(shown) as { spec: { listeners?: { name: string }[] } };
    const listeners = content.spec?.listeners?.filter(({ name }) => !/^https?\.(second|third)\./.test(name));
    return JSON.stringify({ own, content: listeners ? { ...content, spec: { ...content.spec, listeners } } : content });
}

async function expectUntouched(): Promise<void> {
    const now = await standing();
    expect(now.objects).toEqual(before.objects);
    expectSamePods(now.pods, before.pods);
}

async function listeners(): Promise<string[]> {
    const { spec } = await cluster.objects.read<{ apiVersion: string; kind: string; metadata: object; spec: { listeners: { name: string }[] } }>({
        apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: { name: "gateway", namespace: "landfall-gateway" },
    });
    return spec.listeners.map(({ name }) => name);
}

describe("three environments on one cluster, by three stacks", () => {
    it("answer at their hosts, each with its own certificate and its own content", async () => {
        const sites = [suiteSite, ...guests.map(({ site }) => site)];
        for (const { site } of guests) {
            await until(`${site.host} to answer`, async () => (await ask({ path: "/get" }, site)).status === 200, 60);
            expect(JSON.parse((await ask({ path: "/get" }, site)).text)).toMatchObject({ url: `${site.address}/get` });
            // The proxies learn of each route by itself.
            const location = await until(`${site.host} to redirect HTTP`, async () => (await ask({ path: "/x", insecure: true }, site)).headers.location, 60);
            expect(location).toBe(`${site.address}/x`);
        }
        for (const site of sites) {
            const { certificate, status } = await ask({ path: "/robots.txt" }, site);
            expect(status).toBe(200);
            expect(certificate?.subjectaltname).toBe(`DNS:${site.host}`);
            for (const other of sites.filter(one => one !== site)) {
                await expect(ask({ path: "/robots.txt", ca: other.ca() }, site)).rejects.toThrow(/certificate/);
            }
        }
    });

    it("can't reach each other, nor the platform's pods: of all pods, only the web reaches one, its database", async () => {
        const namespaces = [...await cluster.namespaces(), ...guests.map(({ name }) => name)];
        const pods = (await Promise.all(namespaces.map(namespace => cluster.core.listNamespacedPod({ namespace })))).flatMap(({ items }) => items)
            .filter(isReady);
        const targets = pods.filter(({ spec }) => !spec?.hostNetwork).flatMap(pod => (pod.spec?.containers ?? []).flatMap(({ ports }) => ports ?? [])
            .filter(({ protocol }) => protocol === "TCP").map(({ containerPort }) => ({ pod, place: `${pod.status?.podIP}/${containerPort}` })));
        expect(targets.length).toBeGreaterThan(15);
        const reached = async (workload: string, namespace: string): Promise<string[]> => {
            const source = await cluster.readyPod(workload, namespace);
            const script = 'for place; do { timeout 3 bash -c ": < /dev/tcp/$place" 2>/dev/null && echo "$place"; } & done; wait';
            const { stdout } = await cluster.exec(source, "bash", "-c", script, "bash", ...targets.map(({ place }) => place));
            const open = targets.filter(({ place }) => stdout.split("\n").includes(place));
            const isOwn = ({ pod }: typeof targets[number]) => nameOf(pod) === nameOf(source);
            // Otherwise the pod can't connect at all, and that it reaches no other says nothing.
            expect(open.filter(isOwn), `${namespace}/${workload} itself`).not.toEqual([]);
            return open.filter(target => !isOwn(target)).map(({ pod, place }) =>
                `${pod.metadata?.namespace}/${pod.metadata?.labels?.["app.kubernetes.io/name"]}${place.replace(/.*\//, ":")}`);
        };
        expect({
            web: await reached("web", names.environment), database: await reached("database", names.environment),
            second: await reached("httpbin", "second"), third: await reached("httpbin", "third"),
        }).toEqual({ web: [`${names.environment}/database:3306`], database: [], second: [], third: [] });
    });

    it("have started once their jobs had succeeded", async () => {
        for (const { name: namespace } of guests) {
            const { status } = await cluster.objects.read<Job>({ apiVersion: "batch/v1", kind: "Job", metadata: { name: "check", namespace } });
            expect(status.succeeded).toBe(1);
            const { metadata } = await cluster.apps.readNamespacedDeployment({ namespace, name: "httpbin" });
            expect(metadata!.creationTimestamp!.getTime()).toBeGreaterThanOrEqual(Date.parse(status.completionTime));
        }
    });

    it("leave the platform and the first environment as they were", async () => {
        await expectUntouched();
        expect(await listeners()).toEqual(expect.arrayContaining(["http.second.localhost", "https.third.localhost"]));
        expect((await listeners()).filter(name => !/\.(second|third)\./.test(name))).toEqual(ownListeners);
    });

    it.each([
        ["refresh", ["refresh", "--yes", "--skip-preview", "--expect-no-changes"]],
        ["up", ["up", "--yes", "--skip-preview", "--expect-no-changes"]],
    ])("leave the platform's own stack nothing to do: %s", async (_, args) => {
        const { code } = await pulumi(...args, "--config-file", stackFile(names.stack, "config.yaml"));
        expect(code).toBe(0);
        expect(await listeners()).toContain("https.second.localhost");
        await expectUntouched();
    });

    it("have nothing to do themselves in a second run", async () => {
        const [guest] = guests;
        const { changes } = await guest.stack.up(guest.settings);
        expect({ ...changes, same: 0 }).toEqual({ create: 0, update: 0, replace: 0, delete: 0, same: 0 });
    });

    it("keep the platform's own stack from being removed, which names them", async () => {
        const { code, output } = await npm(["run", "down", "--", "--stack", names.stack, "--yes"]);
        expect(code).toBe(1);
        expect(output).toMatch(/landfall\/second: second\.localhost\n +landfall\/third: third\.localhost\n/);
        await expectUntouched();
    });

    it("lose no request while one of them is updated, or gets a crowd of visitors and more pods", async () => {
        const { stack, settings, site, name } = guests[1];
        const load = new Load("an application from a Compose file, updated", site, 300, undefined, { paths: ["/get", "/bytes/20000"], perSecond: 5 });
        const updated = { config: { ...settings.config, "landfall:app": appOf({ min: 2, max: 4 }, 2) } };
        expect((await stack.up(updated)).changes).toMatchObject({ create: 0, replace: 0, delete: 0 });
        expect(await load.end()).toEqual([]);

        const spike = new Load("the same in a spike", site, 300, undefined, { paths: ["/bytes/50000", "/headers"], perSecond: 60 });
        const begin = Date.now();
        await until("more pods in a spike", async () => {
            const { status } = await cluster.apps.readNamespacedDeployment({ namespace: name, name: "httpbin" });
            return (status?.readyReplicas ?? 0) > 2;
        }, 180);
        figure("a third pod in a spike", `${Math.round((Date.now() - begin) / 1000)} s`);
        expect(await spike.end()).toEqual([]);
    });

    it("lose no request when one of them is removed", async () => {
        const [second, third] = guests;
        const quiet = { paths: ["/get"], perSecond: 5 };
        const loads = [
            new Load("on the platform's own environment", suiteSite), new Load("on another guest", third.site, 1200, undefined, quiet),
        ];
        await until("both to be under load", () => Promise.resolve(loads.every(load => load.answered > 5)));
        const begin = Date.now();
        await remove(second);
        figure("one environment is removed", `${Math.round((Date.now() - begin) / 1000)} s`);
        expect(await Promise.all(loads.map(load => load.end()))).toEqual([[], []]);

        await expectUntouched();
        expect((await listeners()).sort()).toEqual([...ownListeners, "http.third.localhost", "https.third.localhost"].sort());
        expect((await ask({ path: "/get" }, third.site)).status).toBe(200);
        await expect(ask({ path: "/get" }, second.site)).rejects.toThrow();
        expect(Object.keys(await readObjects(cluster)).filter(key => key.includes("/second."))).toEqual([]);
    });
});
