import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { findRepository } from "../../../../../infra/cli/branch/git";
import { holding } from "../../../../../infra/cli/branch/hold";
import { listEnvironments } from "../../../../../infra/cli/branch/list";
import { environmentName } from "../../../../../infra/cli/branch/name";
import { readRecord, writeRecord } from "../../../../../infra/cli/branch/records";
import { removeEnvironment } from "../../../../../infra/cli/branch/remove";
import type { Manifest } from "../../../fixtures/kubernetes-api";
import { ago, branchEnvironments, refusal } from "../../../support/branches";

const { api, at, git, context, environment, collect, gc, records, inventory } = branchEnvironments();

describe("gc", () => {
    it("removes the environments whose branch is gone or that nobody used for a week, and no others", async () => {
        await environment("kept");
        await environment("gone");
        await environment("old", { used: ago(7.1) });
        await environment("never-pushed", { pushed: false });
        git("push", "--quiet", "origin", ":refs/heads/gone");
        expect(await gc()).toEqual([]);
        expect(at.removed.sort()).toEqual(["branch-gone", "branch-old"]);
        expect((await records()).sort()).toEqual(["kept", "never-pushed"]);
        expect(at.said.join("\n")).toMatch(/gone: goes, its branch is gone\n.*kept: stays\n.*never-pushed: stays\n.*old: goes, unused for 7 days/);
    });

    it("has nothing to do a second time, and removes one that was never pushed only if it is unused", async () => {
        await environment("gone");
        await environment("never-pushed", { pushed: false, used: ago(6.9) });
        git("push", "--quiet", "origin", ":refs/heads/gone");
        await gc();
        await gc();
        expect(at.removed).toEqual(["branch-gone"]);
        await gc({ unused: 5 });
        expect(at.removed).toEqual(["branch-gone", "branch-never-pushed"]);
    });

    it("remembers that a branch was pushed after its environment, and removes that when the branch is gone", async () => {
        await environment("gone", { pushed: false });
        await gc();
        git("push", "--quiet", "origin", ":refs/heads/gone");
        await gc();
        expect(at.removed).toEqual(["branch-gone"]);
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
        expect(at.removed).toEqual([]);
        api.intercept = () => undefined;
        await gc();
        expect(at.removed.sort()).toEqual(["branch-long-asleep", "branch-never-sleeps"]);
    });

    it("never removes for lack of use with --unused 0", async () => {
        await environment("old", { used: ago(400) });
        await gc({ unused: 0 });
        expect(at.removed).toEqual([]);
    });

    it.each([
        ["is gone", () => fs.rmSync(path.join(at.directory, "remote.git"), { recursive: true })],
        ["is broken", () => fs.rmSync(path.join(at.directory, "remote.git", "HEAD"))],
        ["is empty", () => { for (const branch of ["main", "kept", "gone", "old"]) git("push", "--quiet", "origin", `:refs/heads/${branch}`); }],
        ["leads nowhere", () => git("remote", "set-url", "origin", "http://127.0.0.1:1/x.git")],
    ])("removes nothing, whatever is due, if the remote %s", async (_, change) => {
        await environment("gone");
        await environment("old", { used: ago(400) });
        await environment("half", { removing: true });
        const { identity } = at.repository;
        change();
        at.repository = { ...await findRepository(at.clone), identity };
        const before = inventory();
        expect(await refusal(gc())).toMatch(/Nothing was removed/);
        expect([at.removed, inventory()]).toEqual([[], before]);
    });

    it("leaves alone what belongs to another repository, to someone who works on it, or to nobody's branch", async () => {
        await environment("theirs", { repository: "github.com/other/shop", used: ago(400) });
        api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "branch-by-hand", annotations: { "landfall.dev/stack": "landfall/branch-by-hand" } } });
        api.put(lease("contour"));
        const name = await environment("gone");
        git("push", "--quiet", "origin", ":refs/heads/gone");
        await holding(at.place.connection, name, found => found, () => gc());
        expect(at.removed).toEqual([]);
        expect(at.said.join("\n")).toMatch(/gone: stays, .*@.*, process \d+ is working on it/);
        expect(at.said.join("\n")).toMatch(/other repositories, which stay: 1/);
        await gc();
        expect(at.removed).toEqual(["branch-gone"]);
    });

    it("leaves an environment that was brought up after it looked", async () => {
        const name = await environment("gone");
        git("push", "--quiet", "origin", ":refs/heads/gone");
        const other = await environment("old", { used: ago(8) });
        const used = async (stack: string): Promise<void> => {
            const found = await readRecord(at.place.connection, stack);
            await writeRecord(at.place.connection, { ...found!, used: new Date() }, found!.version);
        };
        await gc({}, { remove: async ({ stack }) => {
            at.removed.push(stack);
            api.objects.delete(`/api/v1/namespaces/${stack}`);
            await used(other);
            return {};
        } });
        expect(at.removed).toEqual([name]);
        expect(at.said.at(-1)).toMatch(/branch old was used meanwhile, and stays/);
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
            at.removed.push(stack);
            api.objects.delete(`/api/v1/namespaces/${stack}`);
            deployment("web", 1);
            return Promise.resolve({});
        } })).toEqual([]);
        expect([at.removed, await records()]).toEqual([["branch-gone"], ["old"]]);
        expect(at.said.at(-1)).toMatch(/branch old was used meanwhile, and stays/);
    });

    it("says what it would remove, and changes nothing, with --dry-run, without --yes, and if the answer is another", async () => {
        await environment("gone");
        await environment("pushed-later", { pushed: false });
        git("push", "--quiet", "origin", ":refs/heads/gone");
        const before = inventory();
        await gc({ dryRun: true });
        expect(at.said.at(-1)).toBe("One environment would be removed. Nothing was changed.");
        expect(inventory()).toBe(before);
        expect(await refusal(gc({ yes: false }))).toMatch(/One environment would be removed with their data.*gc --yes/s);
        expect(at.removed).toEqual([]);
    });

    it("finishes an interrupted removal, also while its branch is there", async () => {
        const name = await environment("kept");
        const stop = (): Promise<never> => Promise.reject(new Error("killed"));
        expect(await refusal(removeEnvironment({ name, branch: "kept", repository: at.repository.identity }, context({ remove: stop })))).toBe("killed");
        api.objects.delete(`/api/v1/namespaces/${name}`); // it had come so far
        expect((await listEnvironments(at.place.connection)).map(({ state }) => state)).toEqual(["removal interrupted"]);
        expect(await gc()).toEqual([]);
        expect([at.removed, await records()]).toEqual([[name], []]);
    });

    it("goes on after one that can't be removed, which stays known, and says so at the end", async () => {
        await environment("gone");
        await environment("old", { used: ago(8) });
        git("push", "--quiet", "origin", ":refs/heads/gone");
        const failed = await gc({}, { remove: ({ stack }) => {
            if (stack === "branch-gone") return Promise.resolve(undefined); // no such stack in this backend
            at.removed.push(stack);
            api.objects.delete(`/api/v1/namespaces/${stack}`);
            return Promise.resolve({});
        } });
        expect([failed, at.removed, await records()]).toEqual([["branch-gone"], ["branch-old"], ["gone"]]);
        expect(at.said.join("\n")).toMatch(/✗ gone: .*backend has no stack "branch-gone".*PULUMI_BACKEND_URL/);
        expect((await readRecord(at.place.connection, "branch-gone"))?.removing).toBe(false);
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
        expect(at.said.join("\n")).toContain("✗ gone: the API server hung up");
    });
});

function lease(name: string): Manifest {
    return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name, namespace: "landfall-gateway", resourceVersion: "1" }, spec: { holderIdentity: "x" } };
}
