import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import * as yaml from "yaml";
import { stackFile } from "../../infra/cli/stack/home";
import { digestOf } from "../../components/registry";
import { run } from "../../infra/offline/kit/run";
import { nodeContainers, onNode } from "./support/docker";
import { Cluster } from "./support/kubernetes";
import { names, root } from "./support/names";
import { type Ended, npm } from "./support/npm";
import { expectSamePods, type Pods, readObjects, readPods } from "./support/objects";
import { LocalRegistry } from "./support/registry";
import { ask, type Site } from "./support/site";
import { ensureUp, figure, home } from "./support/stack";
import { until } from "./support/wait";

/** Two branches of a repository of this test's own. */
const branches = { first: "fix-login", second: "Feature/Shop" };
const { directory } = inject("suite");
const [remote, template] = [path.join(directory, "branches.git"), path.join(directory, "Pulumi.branch.yaml")];

interface Environment {
    branch: string;
    stack: string;
    address: string;
    seconds: number;
}

let cluster: Cluster;
let before: { everything: string[]; pods: Pods };
let up: { first: Environment; second: Environment };

const branch = (...args: string[]): Promise<Ended> => npm(["run", "-s", "branch", "--", ...args, "--remote", remote, "--template", template]);

async function succeed<T>(...args: string[]): Promise<T> {
    const { code, stdout } = await branch(...args, "--json");
    expect(code).toBe(0);
    return JSON.parse(stdout) as T;
}

/** A bare repository with the two branches, as a git server has it. */
async function makeRemote(): Promise<void> {
    const git = (...args: string[]): Promise<string> => run("git", ["-C", remote, "-c", "user.name=e2e", "-c", "user.email=e2e@example.com", ...args]);
    await run("git", ["init", "--quiet", "--bare", remote]);
    const commit = await git("commit-tree", await git("mktree"), "-m", "first");
    for (const name of ["main", ...Object.values(branches)]) await git("update-ref", `refs/heads/${name}`, commit);
}

/** Everything that an environment could leave: in the cluster, on its nodes, on this computer and in the backend. */
async function everything({ onNodes = true } = {}): Promise<string[]> {
    const { items } = await cluster.core.listNamespace();
    const kinds = [["v1", "PersistentVolume"], ["rbac.authorization.k8s.io/v1", "ClusterRole"], ["scheduling.k8s.io/v1", "PriorityClass"]];
    const wide = await Promise.all(kinds.map(async ([apiVersion, kind]) =>
        (await cluster.objects.list(apiVersion, kind)).items.map(({ metadata }) => `${kind} ${metadata?.name}`)));
    const leases = (await cluster.objects.list("coordination.k8s.io/v1", "Lease", "landfall-gateway")).items;
    const objects = Object.entries(await readObjects(cluster)).map(([key, text]) => `${key} ${text}`);
    const images = (await Promise.all((onNodes ? await nodeContainers() : []).map(async node =>
        (await onNode(node, "ctr", "--namespace", "k8s.io", "images", "list", "--quiet")).split("\n").map(image => `${node} ${image}`)))).flat();
    const built = await run("docker", ["images", "--filter", "reference=landfall.local/*_*", "--filter", "reference=landfall.local/httpbin", "--format", "{{.Repository}}:{{.Tag}}"]);
    const state = fs.readdirSync(path.join(directory, "backend", ".pulumi"), { recursive: true, encoding: "utf8" });
    // Of each environment that has volumes, and what is in them.
    const volumes = fs.readdirSync(path.join(home, names.cluster, "volumes"), { recursive: true, encoding: "utf8" })
        .filter(file => file.split(path.sep).length < 3).map(file => `volume ${file}`);
    return [
        ...items.map(({ metadata }) => `Namespace ${metadata?.name}`), ...wide.flat(), ...leases.map(({ metadata }) => `Lease ${metadata?.name}`),
        ...objects, ...images, ...built.split("\n"), ...volumes, ...fs.readdirSync(home), ...fs.readdirSync(root),
        ...state.filter(name => name.includes("branch-")),
    ].sort();
}

function siteOf({ stack, address }: Environment): Site {
    const ca = fs.readFileSync(stackFile(stack, "ca.crt"), "utf8");
    return { host: new URL(address).hostname, https: names.https, address, ca: () => ca };
}

beforeAll(async () => {
    await ensureUp();
    cluster = await Cluster.connect();
    await cluster.settled();
    before = { everything: await everything(), pods: await readPods(cluster) };
    await makeRemote();
    writeTemplate();
    const [first, second] = await Promise.all([succeed<Environment>("up", branches.first), succeed<Environment>("up", branches.second)]);
    up = { first, second };
    figure("two branches up at the same time", `${first.seconds} s and ${second.seconds} s`);
});

/** The settings of all branches; with a registry, images are pushed there. */
function writeTemplate({ registry, smoke }: { registry?: string; smoke?: object } = {}): void {
    const httpbin = { replicas: { min: 1, max: 1 }, cpu: { request: "50m", limit: "1" }, volumes: { "/data": { size: "64Mi", accessMode: "ReadWriteMany" } } };
    fs.writeFileSync(template, yaml.stringify({ config: {
        "landfall:cluster": { target: "existing", stack: `organization/landfall/${names.stack}`, registry },
        "landfall:environment": { name: "branch", host: "localhost", priority: "low", sleepAfter: 0.25 },
        "landfall:app": { type: "services", compose: path.join(root, "tests/e2e/fixtures/httpbin/compose.yaml"), services: { httpbin, ...(smoke && { smoke }) } },
    } }));
}

/** A job that comes after the service: a program in Python. */
function smokeOf(program: string): object {
    return {
        build: { context: "tests/e2e/fixtures/httpbin" }, job: true, after: ["httpbin"], talksTo: ["httpbin"], deadlineSeconds: 60,
        command: ["python3", "-c", `import urllib.request\n${program}`],
    };
}

async function jobOf({ stack }: Environment): Promise<{ succeeded?: number; startTime: string }> {
    const job = { apiVersion: "batch/v1", kind: "Job", metadata: { name: "smoke", namespace: stack } };
    return (await cluster.objects.read<typeof job & { status: { succeeded?: number; startTime: string } }>(job)).status;
}

afterAll(async () => {
    const { items } = await cluster.core.listNamespace();
    if (!items.some(({ metadata }) => metadata?.name?.startsWith("branch-"))) return;
    for (const name of Object.values(branches)) await branch("down", name, "--yes");
});

describe("two branches of a repository", () => {
    it("have an environment each, at an address that is theirs", async () => {
        expect(up.first).toMatchObject({ stack: "branch-fix-login", address: `https://branch-fix-login.localhost:${names.https}` });
        expect(up.second.stack).toMatch(/^branch-feature-shop-[0-9a-f]{8}$/);
        for (const environment of Object.values(up)) {
            expect(JSON.parse((await ask({ path: "/get" }, siteOf(environment))).text)).toMatchObject({ url: `${environment.address}/get` });
        }
    });

    it("are listed, and say what they belong to", async () => {
        const listed = await succeed<(Environment & { state: string; repository: string })[]>("list");
        expect(listed.map(({ branch, stack, address, state }) => ({ branch, stack, address, state }))).toEqual(
            [up.second, up.first].map(({ branch, stack, address }) => ({ branch, stack, address, state: expect.stringMatching(/^(awake|asleep)$/) })));
        expect(listed[0].repository).toBe(remote.replace(/\.git$/, ""));
    });

    it("sleep when nobody asks for them, and the first requests get their pages", async () => {
        const states = async (): Promise<string[]> => (await succeed<{ state: string }[]>("list")).map(({ state }) => state);
        await until("both to be asleep", async () => (await states()).every(state => state === "asleep"), 120, 2);
        expect((await cluster.pods("httpbin", up.second.stack)).filter(({ metadata }) => !metadata?.deletionTimestamp)).toEqual([]);
        const begin = Date.now();
        const answers = await Promise.all([1, 2, 3].map(() => ask({ path: "/get" }, siteOf(up.second))));
        const seconds = (Date.now() - begin) / 1000;
        figure("three first requests to a sleeping branch", `${answers.map(({ status }) => status).join(", ")} after ${seconds.toFixed(1)} s`);
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
        expect(seconds).toBeLessThan(10);
    });

    it("are woken by a job that needs them", async () => {
        await until("the first to be asleep", async () => (await succeed<{ branch: string; state: string }[]>("list")).find(one => one.branch === branches.first)?.state === "asleep", 120, 2);
        writeTemplate({ smoke: smokeOf("urllib.request.urlopen('http://httpbin:8000/status/204', timeout=5)") });
        const { seconds } = await succeed<Environment>("up", branches.first);
        figure("up of a sleeping branch, with a job that needs it awake", `${seconds} s`);
        expect(await jobOf(up.first)).toMatchObject({ succeeded: 1 });
    });

    it("keep what runs if a job fails, which is said with the way to its log, and run it again", async () => {
        const before = await cluster.apps.readNamespacedDeployment({ namespace: up.first.stack, name: "httpbin" });
        writeTemplate({ smoke: smokeOf("exit('the table is missing')") });
        const { code, output } = await branch("up", branches.first);
        expect(code).toBe(1);
        expect(output).toMatch(/smoke.*(BackoffLimitExceeded|DeadlineExceeded)/);
        expect(output).toMatch(/npm run logs -- smoke/);
        expect((await ask({ path: "/get" }, siteOf(up.first))).status).toBe(200);
        expect((await cluster.apps.readNamespacedDeployment({ namespace: up.first.stack, name: "httpbin" })).metadata!.uid).toBe(before.metadata!.uid);
        const failed = await jobOf(up.first);
        expect((await branch("up", branches.first)).code).toBe(1);
        expect((await jobOf(up.first)).startTime, "the same job").not.toBe(failed.startTime);

        writeTemplate({ smoke: smokeOf("print('mended')") });
        expect((await branch("up", branches.first)).code).toBe(0);
        expect(await jobOf(up.first)).toMatchObject({ succeeded: 1 });
        writeTemplate();
        expect((await branch("up", branches.first)).code).toBe(0);
        await expect(jobOf(up.first)).rejects.toThrow();
    });

    it("are removed by gc when the branch is gone, and only then", async () => {
        await run("git", ["-C", remote, "update-ref", "-d", `refs/heads/${branches.first}`]);
        fs.renameSync(remote, `${remote}.away`);
        const failed = await branch("gc", "--yes");
        expect(failed.code).toBe(1);
        expect(failed.output).toContain("Nothing was removed.");
        fs.renameSync(`${remote}.away`, remote);
        expect((await ask({ path: "/get" }, siteOf(up.first))).status).toBe(200);

        const { code, seconds } = await branch("gc", "--yes");
        expect(code).toBe(0);
        figure("gc removes one of two branches", `${seconds} s`);
        await expect(ask({ path: "/get", ca: undefined }, { ...siteOf(up.second), host: "branch-fix-login.localhost" })).rejects.toThrow();
        // It has the same images.
        expect((await ask({ path: "/get" }, siteOf(up.second))).status).toBe(200);
    });

    it("leave nothing behind, and nothing else is touched", async () => {
        const { code, seconds } = await branch("down", branches.second, "--yes");
        expect(code).toBe(0);
        figure("down of the other", `${seconds} s`);
        await expectNothingLeft();
    });
});

async function expectNothingLeft(expected = before.everything, where = {}): Promise<void> {
    const left = await until("what is removed to be gone", async () => {
        const now = await everything(where);
        return JSON.stringify(now) === JSON.stringify(expected) ? now : undefined;
    }, 30).catch(() => everything(where));
    expect(left.filter(one => !expected.includes(one))).toEqual([]);
    expect(expected.filter(one => !left.includes(one))).toEqual([]);
    expectSamePods(await readPods(cluster), before.pods);
}

describe("branches' images in a registry", () => {
    let registry: LocalRegistry;
    // What nodes have pulled is theirs to remove when disk space is low.
    const where = { onNodes: false };
    let beforehand: string[];
    const of = async ({ stack }: Environment): Promise<string[]> => (await registry.tags()).filter(tag => tag.startsWith(`site/${stack}_`));

    beforeAll(async () => {
        beforehand = await everything(where);
        registry = new LocalRegistry(path.join(directory, "registry"), await nodeContainers());
        await registry.start(true);
        writeTemplate({ registry: `${registry.host}/site` });
        await run("git", ["-C", remote, "update-ref", `refs/heads/${branches.first}`, "refs/heads/main"]);
        up.first = await succeed<Environment>("up", branches.first);
        up.second = await succeed<Environment>("up", branches.second);
        figure("a branch whose images are pushed", `${up.first.seconds} s, another with the same sources ${up.second.seconds} s`);
    });

    afterAll(() => registry.stop());

    it("are run from there, each branch's from repositories of its own", async () => {
        expect((await of(up.first)).map(tag => tag.replace(/_[0-9a-f]{8}:.*/, ""))).toEqual(["activator", "httpbin"].map(part => `site/${up.first.stack}_${part}`));
        expect((await of(up.second)).length).toBe(2);
        for (const environment of Object.values(up)) expect((await ask({ path: "/get" }, siteOf(environment))).status).toBe(200);
    });

    it("are deleted with their branch, and none that others have by the same digest", async () => {
        // As production has what was promoted to it.
        const promoted = `${registry.host}/site/httpbin:promoted`;
        const [own] = (await of(up.first)).filter(tag => tag.includes("_httpbin_"));
        await run("docker", ["pull", "--quiet", `${registry.host}/${own}`]);
        await run("docker", ["tag", `${registry.host}/${own}`, promoted]);
        await run("docker", ["push", "--quiet", promoted]);
        expect(await digestOf(promoted)).toBe(await digestOf(`${registry.host}/${own}`));
        await run("docker", ["rmi", `${registry.host}/${own}`, promoted]);

        const others = await of(up.second);
        expect((await branch("down", branches.first, "--yes")).code).toBe(0);
        expect(await registry.tags()).toEqual([...others, "site/httpbin:promoted"].sort());
        for (const image of [promoted, ...others.map(tag => `${registry.host}/${tag}`)]) {
            await run("docker", ["pull", "--quiet", image]);
            await run("docker", ["rmi", image]);
        }
    });

    it("stay in a registry that deletes none: the command warns, and removes all else", async () => {
        await registry.start(false);
        const others = await registry.tags();
        const { code, output } = await branch("down", branches.second, "--yes");
        expect(code).toBe(0);
        expect(output).toMatch(new RegExp(`! The images ${registry.host}/site/${up.second.stack}_httpbin_[0-9a-f]{8} stay in the registry; delete them there .*HTTP 405`));
        expect(await registry.tags()).toEqual(others);
        await expectNothingLeft(beforehand, where);
    });
});
