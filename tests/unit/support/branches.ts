import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { connect } from "../../../components/cluster/kubernetes-api";
import { collectGarbage, type Collected, type GcOptions } from "../../../infra/cli/branch/gc";
import { findRepository, type Repository } from "../../../infra/cli/branch/git";
import { environmentName } from "../../../infra/cli/branch/name";
import type { Place } from "../../../infra/cli/branch/platform";
import { readRecords, type Written, writeRecord } from "../../../infra/cli/branch/records";
import type { RemoveContext } from "../../../infra/cli/branch/remove";
import { readTemplate } from "../../../infra/cli/branch/settings";
import type { UpContext } from "../../../infra/cli/branch/up";
import type { Terminal } from "../../../infra/cli/terminal";
import { KubernetesApi, kubeconfigFor } from "../fixtures/kubernetes-api";

/** What changes from test to test. */
interface Scene {
    place: Place;
    repository: Repository;
    directory: string;
    clone: string;
    said: string[];
    /** Stacks that were removed. */
    removed: string[];
}

export const ago = (days: number): Date => new Date(Date.now() - days * 24 * 3600 * 1000);
export const refusal = (work: Promise<unknown>): Promise<string> => work.then(() => "accepted", (error: Error) => error.message);

/** A clone with branches, and a cluster for their environments, for the tests of one file. */
export function branchEnvironments() {
    const api = new KubernetesApi();
    const at = {} as Scene;
    const git = (...args: string[]): string => execFileSync("git", ["-C", at.clone, ...args], { encoding: "utf8", stdio: "pipe" }).trim();
    const push = (...branches: string[]): void => void git("push", "--quiet", "origin", ...branches.map(branch => `main:refs/heads/${branch}`));
    const terminal = { line: (line = "") => void at.said.push(line) } as unknown as Terminal;

    beforeAll(async () => {
        const kubeconfig = kubeconfigFor(await api.start());
        at.place = { kubeconfig, connection: await connect(kubeconfig) };
    });
    afterAll(() => api.stop());
    beforeEach(async () => {
        api.reset();
        [at.said, at.removed] = [[], []];
        at.directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
        at.clone = path.join(at.directory, "clone");
        execFileSync("git", ["init", "--quiet", "--bare", path.join(at.directory, "remote.git")]);
        execFileSync("git", ["init", "--quiet", "--initial-branch=main", at.clone]);
        git("remote", "add", "origin", path.join(at.directory, "remote.git"));
        git("-c", "user.name=Jane", "-c", "user.email=jane@example.com", "commit", "--quiet", "--allow-empty", "--message=first");
        push("main", "kept", "gone", "old");
        at.repository = await findRepository(at.clone);
    });
    afterEach(() => fs.rmSync(at.directory, { recursive: true }));

    const context = (more: Partial<RemoveContext> = {}): RemoveContext => ({
        place: at.place, terminal, signal: new AbortController().signal, patience: 0,
        remove: ({ stack }) => {
            at.removed.push(stack);
            api.objects.delete(`/api/v1/namespaces/${stack}`);
            return Promise.resolve({ delete: 1 });
        },
        ...more,
    });

    /** An environment that was brought up, with its namespace and its record. */
    const environment = async (branch: string, change: Partial<Written> = {}): Promise<string> => {
        const name = environmentName(branch);
        const record = {
            name, branch, repository: at.repository.identity, used: ago(1), pushed: true, removing: false, by: "jane@laptop", address: `https://${name}.localhost`,
        };
        await writeRecord(at.place.connection, { ...record, ...change }, undefined);
        api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
        return name;
    };

    const collect = (options: Partial<GcOptions> = {}, more?: Partial<RemoveContext>): Promise<Collected> =>
        collectGarbage(at.repository, { unused: 7, dryRun: false, yes: true, ...options }, context(more));
    return {
        api, at, git, context, environment, collect,
        gc: async (options?: Partial<GcOptions>, more?: Partial<RemoveContext>): Promise<string[]> => (await collect(options, more)).failed,
        upContext: (seed?: string): UpContext =>
            ({ place: at.place, repository: at.repository, terminal, template: readTemplate(), signal: new AbortController().signal, seed }),
        records: async (): Promise<string[]> => (await readRecords(at.place.connection)).map(({ branch }) => branch),
        /** All objects, without what each write changes. */
        inventory: (): string => JSON.stringify([...api.objects].map(([key, { metadata }]) => [key, metadata.resourceVersion])),
    };
}
