import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { connect } from "../../../../../components/cluster/kubernetes-api";
import { collectGarbage, type Collected, type GcOptions } from "../../../../../infra/cli/branch/gc";
import { findRepository, type Repository } from "../../../../../infra/cli/branch/git";
import { holding } from "../../../../../infra/cli/branch/hold";
import { listEnvironments, table } from "../../../../../infra/cli/branch/list";
import { environmentName } from "../../../../../infra/cli/branch/name";
import type { Place } from "../../../../../infra/cli/branch/platform";
import { readRecord, readRecords, type Written, writeRecord } from "../../../../../infra/cli/branch/records";
import { removeEnvironment, type RemoveContext } from "../../../../../infra/cli/branch/remove";
import { upBranch } from "../../../../../infra/cli/branch/up";
import { readTemplate, settingsFile } from "../../../../../infra/cli/branch/settings";
import type { Terminal } from "../../../../../infra/cli/terminal";
import { KubernetesApi, kubeconfigFor, type Manifest } from "../../../fixtures/kubernetes-api";

const api = new KubernetesApi();
let place: Place;
let repository: Repository;
let directory: string;
let clone: string;
let said: string[];
/** Stacks that were removed. */
let removed: string[];
const ago = (days: number): Date => new Date(Date.now() - days * 24 * 3600 * 1000);
const git = (...args: string[]): string => execFileSync("git", ["-C", clone, ...args], { encoding: "utf8", stdio: "pipe" }).trim();

beforeAll(async () => {
    const kubeconfig = kubeconfigFor(await api.start());
    place = { kubeconfig, connection: await connect(kubeconfig) };
});
afterAll(() => api.stop());

beforeEach(async () => {
    api.reset();
    [said, removed] = [[], []];
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
    clone = path.join(directory, "clone");
    execFileSync("git", ["init", "--quiet", "--bare", path.join(directory, "remote.git")]);
    execFileSync("git", ["init", "--quiet", "--initial-branch=main", clone]);
    git("remote", "add", "origin", path.join(directory, "remote.git"));
    git("-c", "user.name=Jane", "-c", "user.email=jane@example.com", "commit", "--quiet", "--allow-empty", "--message=first");
    push("main", "kept", "gone", "old");
    repository = await findRepository(clone);
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

function push(...branches: string[]): void {
    git("push", "--quiet", "origin", ...branches.map(branch => `main:refs/heads/${branch}`));
}

const terminal = { line: (line = "") => void said.push(line) } as unknown as Terminal;

function context(more: Partial<RemoveContext> = {}): RemoveContext {
    return {
        place, terminal, signal: new AbortController().signal, patience: 0,
        remove: ({ stack }) => {
            removed.push(stack);
            api.objects.delete(`/api/v1/namespaces/${stack}`);
            return Promise.resolve({ delete: 1 });
        },
        ...more,
    };
}

/** An environment that was brought up, with its namespace and its record. */
async function environment(branch: string, change: Partial<Written> = {}): Promise<string> {
    const name = environmentName(branch);
    const record = {
        name, branch, repository: repository.identity, used: ago(1), pushed: true, removing: false, by: "jane@laptop", address: `https://${name}.localhost`,
    };
    await writeRecord(place.connection, { ...record, ...change }, undefined);
    api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    return name;
}

const collect = (options: Partial<GcOptions> = {}, more?: Partial<RemoveContext>): Promise<Collected> =>
    collectGarbage(repository, { unused: 7, dryRun: false, yes: true, ...options }, context(more));
const gc = async (options?: Partial<GcOptions>, more?: Partial<RemoveContext>): Promise<string[]> => (await collect(options, more)).failed;
const records = async (): Promise<string[]> => (await readRecords(place.connection)).map(({ branch }) => branch);
const refusal = (work: Promise<unknown>): Promise<string> => work.then(() => "accepted", (error: Error) => error.message);
/** All objects, without what each write changes. */
const inventory = (): string => JSON.stringify([...api.objects].map(([key, { metadata }]) => [key, metadata.resourceVersion]));

describe("gc", () => {
    it("removes the environments whose branch is gone or that nobody used for a week, and no others", async () => {
        await environment("kept");
        await environment("gone");
        await environment("old", { used: ago(7.1) });
        await environment("never-pushed", { pushed: false });
        git("push", "--quiet", "origin", ":refs/heads/gone");
        expect(await gc()).toEqual([]);
        expect(removed.sort()).toEqual(["branch-gone", "branch-old"]);
        expect((await records()).sort()).toEqual(["kept", "never-pushed"]);
        expect(said.join("\n")).toMatch(/gone: goes, its branch is gone\n.*kept: stays\n.*never-pushed: stays\n.*old: goes, unused for 7 days/);
    });

    it("has nothing to do a second time, and removes one that was never pushed only if it is unused", async () => {
        await environment("gone");
        await environment("never-pushed", { pushed: false, used: ago(6.9) });
        git("push", "--quiet", "origin", ":refs/heads/gone");
        await gc();
        await gc();
        expect(removed).toEqual(["branch-gone"]);
        await gc({ unused: 5 });
        expect(removed).toEqual(["branch-gone", "branch-never-pushed"]);
    });

    it("remembers that a branch was pushed after its environment, and removes that when the branch is gone", async () => {
        await environment("gone", { pushed: false });
        await gc();
        git("push", "--quiet", "origin", ":refs/heads/gone");
        await gc();
        expect(removed).toEqual(["branch-gone"]);
    });

    it("counts requests as use where they wake the environment, and what can't be read as used", async () => {
        const deployment = (branch: string, name: string, replicas: number, managedFields?: object[]): void => {
            const labels = { "app.kubernetes.io/part-of": "landfall" };
            const { metadata } = api.put({
                apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace: environmentName(branch), labels }, spec: { replicas },
            });
            if (managedFields) Object.assign(metadata, { managedFields });
        };
        const slept = (days: number): object[] => [
            { manager: "pulumi-kubernetes", time: ago(0) }, { manager: "kube-controller-manager", subresource: "status", time: ago(days) },
        ];
        for (const branch of ["awake", "asleep", "long-asleep", "never-sleeps"]) await environment(branch, { pushed: false, used: ago(30) });
        for (const branch of ["awake", "asleep", "long-asleep"]) deployment(branch, "activator", 1);
        deployment("awake", "web", 2);
        deployment("asleep", "web", 0, slept(6));
        deployment("long-asleep", "web", 0, slept(8));
        deployment("never-sleeps", "web", 1);
        api.intercept = (_, path) => (path.endsWith("/deployments") ? { code: 500, message: "busy" } : undefined);
        await gc();
        expect(removed).toEqual([]);
        api.intercept = () => undefined;
        await gc();
        expect(removed.sort()).toEqual(["branch-long-asleep", "branch-never-sleeps"]);
    });

    it("never removes for lack of use with --unused 0", async () => {
        await environment("old", { used: ago(400) });
        await gc({ unused: 0 });
        expect(removed).toEqual([]);
    });

    it.each([
        ["is gone", () => fs.rmSync(path.join(directory, "remote.git"), { recursive: true })],
        ["is broken", () => fs.rmSync(path.join(directory, "remote.git", "HEAD"))],
        ["is empty", () => { for (const branch of ["main", "kept", "gone", "old"]) git("push", "--quiet", "origin", `:refs/heads/${branch}`); }],
        ["leads nowhere", () => git("remote", "set-url", "origin", "http://127.0.0.1:1/x.git")],
    ])("removes nothing, whatever is due, if the remote %s", async (_, change) => {
        await environment("gone");
        await environment("old", { used: ago(400) });
        await environment("half", { removing: true });
        const { identity } = repository;
        change();
        repository = { ...await findRepository(clone), identity };
        const before = inventory();
        expect(await refusal(gc())).toMatch(/Nothing was removed/);
        expect([removed, inventory()]).toEqual([[], before]);
    });

    it("leaves alone what belongs to another repository, to someone who works on it, or to nobody's branch", async () => {
        await environment("theirs", { repository: "github.com/other/shop", used: ago(400) });
        api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "branch-by-hand", annotations: { "landfall.dev/stack": "landfall/branch-by-hand" } } });
        api.put(lease("contour"));
        const name = await environment("gone");
        git("push", "--quiet", "origin", ":refs/heads/gone");
        await holding(place.connection, name, found => found, () => gc());
        expect(removed).toEqual([]);
        expect(said.join("\n")).toMatch(/gone: stays, .*@.*, process \d+ is working on it/);
        expect(said.join("\n")).toMatch(/other repositories, which stay: 1/);
        await gc();
        expect(removed).toEqual(["branch-gone"]);
    });

    it("leaves an environment that was brought up after it looked", async () => {
        const name = await environment("gone");
        git("push", "--quiet", "origin", ":refs/heads/gone");
        const other = await environment("old", { used: ago(8) });
        const used = async (stack: string): Promise<void> => {
            const found = await readRecord(place.connection, stack);
            await writeRecord(place.connection, { ...found!, used: new Date() }, found!.version);
        };
        await gc({}, { remove: async ({ stack }) => {
            removed.push(stack);
            api.objects.delete(`/api/v1/namespaces/${stack}`);
            await used(other);
            return {};
        } });
        expect(removed).toEqual([name]);
        expect(said.at(-1)).toMatch(/branch old was used meanwhile, and stays/);
        expect(await records()).toEqual(["old"]);
    });

    it("leaves an environment that a request woke after it looked", async () => {
        const labels = { "app.kubernetes.io/part-of": "landfall" };
        const deployment = (name: string, replicas: number): Manifest => api.put({
            apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace: environmentName("old"), labels }, spec: { replicas },
        });
        await environment("gone");
        await environment("old", { used: ago(8) });
        git("push", "--quiet", "origin", ":refs/heads/gone");
        deployment("activator", 1);
        deployment("web", 0);
        expect(await gc({}, { remove: ({ stack }) => {
            removed.push(stack);
            api.objects.delete(`/api/v1/namespaces/${stack}`);
            deployment("web", 1);
            return Promise.resolve({});
        } })).toEqual([]);
        expect([removed, await records()]).toEqual([["branch-gone"], ["old"]]);
        expect(said.at(-1)).toMatch(/branch old was used meanwhile, and stays/);
    });

    it("says what it would remove, and changes nothing, with --dry-run, without --yes, and if the answer is another", async () => {
        await environment("gone");
        await environment("pushed-later", { pushed: false });
        git("push", "--quiet", "origin", ":refs/heads/gone");
        const before = inventory();
        await gc({ dryRun: true });
        expect(said.at(-1)).toBe("One environment would be removed. Nothing was changed.");
        expect(inventory()).toBe(before);
        expect(await refusal(gc({ yes: false }))).toMatch(/One environment would be removed with their data.*gc --yes/s);
        expect(removed).toEqual([]);
    });

    it("finishes an interrupted removal, also while its branch is there", async () => {
        const name = await environment("kept");
        const stop = (): Promise<never> => Promise.reject(new Error("killed"));
        expect(await refusal(removeEnvironment({ name, branch: "kept", repository: repository.identity }, context({ remove: stop })))).toBe("killed");
        api.objects.delete(`/api/v1/namespaces/${name}`); // it had come so far
        expect((await listEnvironments(place.connection)).map(({ state }) => state)).toEqual(["removal interrupted"]);
        expect(await gc()).toEqual([]);
        expect([removed, await records()]).toEqual([[name], []]);
    });

    it("goes on after one that can't be removed, which stays known, and says so at the end", async () => {
        await environment("gone");
        await environment("old", { used: ago(8) });
        git("push", "--quiet", "origin", ":refs/heads/gone");
        const failed = await gc({}, { remove: ({ stack }) => {
            if (stack === "branch-gone") return Promise.resolve(undefined); // no such stack in this backend
            removed.push(stack);
            api.objects.delete(`/api/v1/namespaces/${stack}`);
            return Promise.resolve({});
        } });
        expect([failed, removed, await records()]).toEqual([["branch-gone"], ["branch-old"], ["gone"]]);
        expect(said.join("\n")).toMatch(/✗ gone: .*backend has no stack "branch-gone".*PULUMI_BACKEND_URL/);
        expect((await readRecord(place.connection, "branch-gone"))?.removing).toBe(false);
    });

    it("goes on after one at which the cluster or a program fails, and tells what it did", async () => {
        await environment("gone");
        await environment("old", { used: ago(8) });
        git("push", "--quiet", "origin", ":refs/heads/gone");
        const done = await collect({}, { remove: ({ stack }) => {
            if (stack === "branch-gone") throw new Error("the API server hung up");
            api.objects.delete(`/api/v1/namespaces/${stack}`);
            return Promise.resolve({});
        } });
        expect(done).toEqual({ removed: ["branch-old"], failed: ["branch-gone"] });
        expect(said.join("\n")).toContain("✗ gone: the API server hung up");
    });
});

describe("down", () => {
    const down = (branch: string, more?: Partial<RemoveContext>): Promise<boolean> =>
        removeEnvironment({ name: environmentName(branch), branch, repository: repository.identity }, context(more));

    it("removes the record last", async () => {
        await environment("gone");
        expect(await down("gone", { remove: async ({ stack }) => {
            expect(await records()).toEqual(["gone"]);
            api.objects.delete(`/api/v1/namespaces/${stack}`);
            return {};
        } })).toBe(true);
        expect(await records()).toEqual([]);
        expect(api.find("Lease")).toEqual([]);
        expect(await down("gone")).toBe(false);
        expect(said.at(-1)).toBe("There is no environment of the branch gone.");
    });

    it("keeps the record while the namespace is there", async () => {
        await environment("gone");
        expect(await refusal(down("gone", { remove: () => Promise.resolve({}) }))).toMatch(/namespace branch-gone doesn't go/);
        expect((await readRecord(place.connection, "branch-gone"))?.removing).toBe(true);
    });

    it.each<[string, () => unknown, RegExp]>([
        ["a namespace that isn't a branch's", () => api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "branch-x" } }), /isn't a branch's environment/],
        ["another repository's", () => environment("x", { repository: "github.com/other/shop" }), /already the environment of the branch x of github\.com\/other\/shop/],
        ["another branch's with that name", () => environment("x", { branch: "X" }), /of the branch X of/],
    ])("refuses %s", async (_, given, message) => {
        await given();
        const before = inventory();
        expect(await refusal(down("x"))).toMatch(message);
        expect([removed, inventory()]).toEqual([[], before]);
    });

    it.each([
        ["a stack that someone made by hand", "config: {}\n", /not a file that npm run branch wrote.*Nothing was changed/],
        ["another repository's stack", '# Generated by npm run branch: {"branch":"by-hand","repository":"github.com/other/shop"}\n', /of github\.com\/other\/shop/],
    ])("leaves %s alone, though the cluster has an environment of the branch by that name", async (_, text, message) => {
        const name = await environment("by-hand");
        const file = settingsFile(name);
        fs.writeFileSync(file, text, { flag: "wx" });
        onTestFinished(() => fs.rmSync(file));
        const before = inventory();
        expect(await refusal(down("by-hand"))).toMatch(message);
        expect(await gc({ unused: 0.5 })).toEqual([name]);
        expect([removed, inventory(), fs.readFileSync(file, "utf8")]).toEqual([[], before, text]);
    });

    it("and up wait for each other", async () => {
        const name = await environment("kept");
        const up = () => upBranch("kept", { place, repository, terminal, template: readTemplate(), signal: new AbortController().signal });
        const both = await holding(place.connection, name, found => found, async () => [await refusal(down("kept")), await refusal(up())]);
        for (const message of both ?? []) expect(message).toMatch(/in use by .*, process \d+\. .*Nothing was changed/);
        expect(both).toHaveLength(2);
        expect(removed).toEqual([]);
        expect(await down("kept")).toBe(true);
    });
});

describe("up", () => {
    it("refuses a seed that isn't one before it changes anything", async () => {
        const before = inventory();
        const up = (seed: string): Promise<string> =>
            refusal(upBranch("kept", { place, repository, terminal, template: readTemplate(), signal: new AbortController().signal, seed }));
        expect(await up(path.join(directory, "none"))).toMatch(/none is no seed: database\.sql\.gz and uploads\.tar\.gz are missing.*Nothing was changed/);
        fs.writeFileSync(path.join(directory, "database.sql.gz"), "");
        expect(await up(directory)).toMatch(/is no seed: uploads\.tar\.gz is missing/);
        expect(inventory()).toBe(before);
        expect(fs.existsSync(settingsFile("branch-kept"))).toBe(false);
    });
});

describe("the lock", () => {
    it("of a process that was killed ends by itself", async () => {
        const name = await environment("kept");
        const found = await readRecord(place.connection, name);
        await writeRecord(place.connection, found!, found!.version, { by: "someone", seconds: 60 });
        expect((await readRecord(place.connection, name))?.heldBy).toBe("someone");
        vi.useFakeTimers({ now: Date.now() + 61_000, toFake: ["Date"] });
        try {
            expect((await readRecord(place.connection, name))?.heldBy).toBeUndefined();
        } finally {
            vi.useRealTimers();
        }
    });

    it("goes to one of two who begin at the same time", async () => {
        const name = await environment("kept");
        let working = 0;
        const work = async (): Promise<void> => {
            expect(++working).toBe(1);
            await new Promise(resolve => setTimeout(resolve, 100));
            working--;
        };
        const results = await Promise.allSettled([1, 2, 3].map(() => holding(place.connection, name, found => found, work)));
        expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });
});

describe("list", () => {
    it("tells address, age, last use, and who is awake, asleep or incomplete, also to programs", async () => {
        const deployment = (name: string, namespace: string, replicas: number): void => void api.put({
            apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace, labels: { "app.kubernetes.io/part-of": "landfall" } }, spec: { replicas },
        });
        deployment("web", await environment("kept", { used: ago(2) }), 1);
        deployment("web", await environment("old"), 0);
        deployment("activator", environmentName("old"), 1);
        await environment("gone");
        const listed = await listEnvironments(place.connection);
        expect(listed.map(({ branch, state }) => [branch, state])).toEqual([["gone", "incomplete"], ["kept", "awake"], ["old", "asleep"]]);
        expect(listed[1]).toMatchObject({ stack: "branch-kept", address: "https://branch-kept.localhost", by: "jane@laptop", repository: repository.identity });
        expect(Date.parse(listed[1].lastUse)).toBeCloseTo(ago(2).getTime(), -4);
        const text = table(listed);
        expect(text).toMatch(/^BRANCH +ADDRESS +AGE +LAST USE +STATE +BY\n/);
        expect(text).toMatch(/\nkept +https:\/\/branch-kept\.localhost +\d s +2 days ago +awake +jane@laptop\n/);
        await environment("theirs", { repository: "github.com/other/shop" });
        expect(table(await listEnvironments(place.connection))).toMatch(/REPOSITORY\n/);
        expect(table([])).toMatch(/No branch has an environment.*npm run branch -- up/);
    });

    it("shows nothing that could harm a terminal", async () => {
        await environment("kept", { branch: "a\u001b[31mb", by: "x\u0007y" });
        expect(table(await listEnvironments(place.connection))).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    });
});

function lease(name: string): Manifest {
    return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name, namespace: "landfall-gateway", resourceVersion: "1" }, spec: { holderIdentity: "x" } };
}
