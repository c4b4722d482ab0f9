import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import * as yaml from "yaml";

interface Job {
    "timeout-minutes"?: number;
    permissions?: Record<string, string>;
    env?: Record<string, string>;
    steps: { uses?: string; env?: Record<string, string>; with?: Record<string, unknown>; "timeout-minutes"?: number }[];
}
interface Workflow {
    permissions: object;
    env?: Record<string, string>;
    defaults: { run: { shell: string } };
    jobs: Record<string, Job>;
}

const directory = path.resolve(__dirname, "../../.github/workflows");
const files = fs.readdirSync(directory);
const read = (file: string) => yaml.parse(fs.readFileSync(path.join(directory, file), "utf8")) as Workflow;

describe.each(files)("the workflow %s", file => {
    const { permissions, env, defaults, jobs } = read(file);

    test("gives rights to the job that needs them, and secrets to the step", () => {
        expect(permissions).toEqual({});
        for (const job of Object.values(jobs)) {
            expect(Object.keys(job.permissions ?? {})).not.toEqual([]);
            expect(JSON.stringify([env, job.env])).not.toContain("secrets.");
        }
    });

    test("pins each action by commit, and fails where any part of a pipe does", () => {
        expect(defaults.run.shell).toBe("bash");
        const actions = Object.values(jobs).flatMap(({ steps }) => steps).flatMap(({ uses }) => uses ?? []);
        for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    });

    test("ends at a time of ours", () => {
        for (const job of Object.values(jobs)) expect(job["timeout-minutes"]).toBeLessThanOrEqual(180);
    });
});

describe("a live run", () => {
    const { live } = read("live.yml").jobs;
    const minutes = Number(live["timeout-minutes"]);

    test("has the time to take everything away, however long the steps before took", () => {
        const steps = live.steps.reduce((sum, step) => sum + (step["timeout-minutes"] ?? 0), 0);
        expect(steps).toBeGreaterThan(60);
        expect(minutes - steps).toBeGreaterThanOrEqual(10); // for the steps without a limit, which take seconds
    });

    test("has credentials for longer than it may take", () => {
        const [session] = live.steps.flatMap(step => step.with?.["role-duration-seconds"] ?? []);
        expect(Number(session) / 60).toBeGreaterThan(minutes);
        // Its login ends after an hour, and can't be renewed.
        expect(live.steps.filter(({ uses }) => uses?.startsWith("azure/login"))).toEqual([]);
    });
});
