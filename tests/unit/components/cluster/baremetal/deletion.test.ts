import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fakeSsh } from "../../../support/machines";

const node = (name: string, last: number) => ({
    name, host: `198.18.40.${last}`, port: 22, user: "root", address: `198.18.40.${last}`, role: "control-plane", incarnation: `id-of-${name}`,
});
const [one, two] = [node("one", 11), node("two", 12)];

describe.skipIf(process.platform === "win32")("what the state of an older stack names for deletion", () => {
    let directory: string;
    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-deletion-"));
    });
    afterEach(() => fs.rmSync(directory, { recursive: true }));

    function run(script: string, settings: Record<string, unknown>, answers: Record<string, string | undefined>) {
        fakeSsh(directory, answers);
        const env = { ...process.env, PATH: `${directory}:${process.env.PATH}`, SSH: "{}" };
        const result = spawnSync(process.execPath, [`components/cluster/baremetal/${script}.mjs`], {
            encoding: "utf8",
            env: { ...env, ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, JSON.stringify(value)])) },
        });
        return { ...result, sent: fs.readFileSync(path.join(directory, "log"), "utf8") };
    }

    test("resets the machines, and names one that it can't reach", () => {
        const { status, stderr, sent } = run("restore", { CLUSTER: { owner: "landfall/prod", network: "none" }, NODES: [one, two] }, { one: "exit 0", two: undefined });
        expect(sent).toMatch(/rm -rf \/var\/lib\/landfall /);
        expect([status, stderr]).toEqual([1, expect.stringContaining("two (root@198.18.40.12:22) can't be reached")]);
    });

    test("takes a node out of the cluster", () => {
        const { status, sent } = run("leave", { CLUSTER: {}, NODE: two, NODES: [one, two] }, { one: "exit 0", two: "exit 0" });
        expect([status, sent]).toEqual([0, expect.stringMatching(/kubectl delete node two /)]);
    });

    test("ends the schedule of snapshots", () => {
        const { status, sent } = run("snapshots-end", { CLUSTER: { name: "prod" }, NODES: [one] }, { one: "exit 0" });
        expect([status, sent]).toEqual([0, expect.stringMatching(/disable --quiet --now landfall-snapshot\.timer/)]);
    });
});
