import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import * as yaml from "yaml";

interface Job {
    "timeout-minutes"?: number;
    permissions?: Record<string, string>;
    env?: Record<string, string>;
    if?: string;
    needs?: string | string[];
    environment?: string | { name: string };
    strategy?: { "fail-fast"?: boolean; matrix: Record<string, string[]> };
    steps: { uses?: string; run?: string; env?: Record<string, string>; with?: Record<string, unknown>; "timeout-minutes"?: number }[];
}
interface Workflow {
    on: Record<string, unknown>;
    permissions: object;
    env?: Record<string, string>;
    defaults: { run: { shell: string } };
    jobs: Record<string, Job>;
}

const root = path.resolve(__dirname, "../..");
const directory = path.join(root, ".github/workflows");
const pinned = /^([\w-]+\/[\w-]+@[0-9a-f]{40}|\.\/\.github\/actions\/[\w-]+)$/;
const files = fs.readdirSync(directory);
const read = (file: string) => yaml.parse(fs.readFileSync(path.join(directory, file), "utf8")) as Workflow;

const hasCredentials = (job: Job): boolean => job.permissions?.["id-token"] === "write" || JSON.stringify(job).includes("secrets.");
/** The npm scripts that are called somewhere in the text. */
const scriptsIn = (text: string): string[] => [...text.matchAll(/npm (?:run (?:-s )?)?(?!ci\b|run\b)(\w[\w:-]*)/g)].map(([, script]) => script);
const scripts = Object.keys((JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as { scripts: object }).scripts);

describe.each(files)("the workflow %s", file => {
    const { permissions, env, defaults, jobs, on: given } = read(file);
    const on = typeof given === "string" ? { [given]: {} } : given;

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
        for (const action of actions) expect(action).toMatch(pinned);
    });

    test("gives no credentials to a fork's code, and starts for it only where it gets none", () => {
        expect(Object.keys(on)).not.toContain("pull_request_target");
        expect(Object.keys(on)).not.toContain("workflow_run");
        for (const job of Object.values(jobs).filter(job => "pull_request" in on && hasCredentials(job))) {
            expect(job.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
            expect(job.environment).toBeDefined();
        }
    });

    test("puts nothing of a pull request's into a script", () => {
        for (const { run } of Object.values(jobs).flatMap(({ steps }) => steps)) expect(run ?? "").not.toContain("${{");
    });

    test("ends at a time of ours", () => {
        for (const job of Object.values(jobs)) expect(job["timeout-minutes"]).toBeLessThanOrEqual(180);
    });
});

describe("a step that has the state's address", () => {
    test.each(files.filter(file => file !== "live.yml"))("fails without it, rather than take every stack for a new one: %s", file => {
        for (const { run = "", env } of Object.values(read(file).jobs).flatMap(({ steps }) => steps)) {
            if (env?.PULUMI_BACKEND_URL) expect(run).toMatch(/^: "\$\{PULUMI_BACKEND_URL:\?/);
        }
    });

    test.skipIf(process.platform === "win32")("is stopped by what stands there", () => {
        const { run = "" } = read("promotion.yml").jobs.apply.steps.find(({ env }) => env?.PULUMI_BACKEND_URL) ?? {};
        const { status, stdout, stderr } = spawnSync("bash", ["-e", "-c", run.replace(/npm .*/, "echo started")], { env: { ...process.env, PULUMI_BACKEND_URL: "" }, encoding: "utf8" });
        expect([status === 0, stdout]).toEqual([false, ""]);
        expect(stderr).toContain("infra/guides/team.md");
    });
});

describe("a step that asks the remote for its branches", () => {
    const asks = /npm run (-s )?branch -- (up|gc)/;
    const asking = ["pull-request.yml", "nightly.yml"].map(file => ({
        file, steps: Object.values(read(file).jobs).flatMap(({ steps }) => steps).filter(({ run = "" }) => asks.test(run)),
    }));

    test.each(asking)("may read a private repository, with a token that isn't stored: $file", ({ steps }) => {
        expect(steps).toHaveLength(1);
        const { GITHUB_TOKEN: token, ...settings } = Object.fromEntries(Object.entries(steps[0].env ?? {}).filter(([name]) => /^GIT/.test(name)));
        expect(token).toBe("${{ github.token }}");
        const { stdout } = spawnSync("git", ["credential", "fill"], {
            input: "protocol=https\nhost=github.com\n\n", encoding: "utf8",
            env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: os.devNull, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0", ...settings, GITHUB_TOKEN: "t0ken" },
        });
        expect(stdout).toContain("username=x-access-token\npassword=t0ken\n");
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

describe("the pull request's workflow", () => {
    const { preview, branch, comment, remove } = read("pull-request.yml").jobs;

    test("writes with what the change is merged into, and nowhere else", () => {
        const writing = Object.entries(read("pull-request.yml").jobs).filter(([, { permissions }]) => Object.values(permissions ?? {}).includes("write")
            && permissions?.["pull-requests"] === "write");
        expect(writing.map(([name]) => name)).toEqual(["comment"]);
        expect(hasCredentials(comment)).toBe(false);
        const checkouts = (job: Job) => job.steps.filter(({ uses }) => uses?.startsWith("actions/checkout")).map(step => step.with?.ref);
        expect(checkouts(comment)).toEqual(["${{ github.event.pull_request.base.sha }}"]);
        expect(checkouts(remove)).toEqual(["${{ github.event.pull_request.base.sha }}"]);
    });

    test("judges also where the branch's environment failed, and not where there was no preview", () => {
        expect(comment.needs).toEqual(["preview", "branch"]);
        expect(comment.if).toBe("always() && needs.preview.result != 'skipped'");
    });

    test("removes on close what it made", () => {
        // A label can be set after the end: only the state says that it has ended.
        for (const job of [preview, branch]) expect(job.if).toContain("github.event.pull_request.state == 'open' &&");
        expect(remove.if).toContain("github.event.pull_request.state == 'closed' &&");
        const types = (read("pull-request.yml").on.pull_request as { types: string[] }).types;
        expect(types).toEqual(expect.arrayContaining(["opened", "synchronize", "reopened", "edited", "labeled", "unlabeled", "closed"]));
    });

    test("installs before it has credentials", () => {
        for (const { steps } of [preview, branch, remove]) {
            const at = (pattern: RegExp) => steps.findIndex(step => pattern.test(JSON.stringify(step)));
            expect(at(/npm ci --ignore-scripts/)).toBeGreaterThan(0);
            expect(at(/npm ci --ignore-scripts/)).toBeLessThan(at(/actions\/credentials/));
        }
    });
});

test("the systems that Landfall is written for are all tried, each to its end", () => {
    const { strategy } = read("checks.yml").jobs.systems;
    expect(strategy?.["fail-fast"]).toBe(false);
    expect(strategy?.matrix.system.map(system => system.split("-")[0]).sort()).toEqual(["macos", "ubuntu", "windows"]);
});

test("the repository's own actions pin what they use, and put no input into a script", () => {
    const own = path.join(root, ".github/actions");
    for (const name of fs.readdirSync(own)) {
        const { runs } = yaml.parse(fs.readFileSync(path.join(own, name, "action.yml"), "utf8")) as { runs: Job };
        for (const { uses, run = "" } of runs.steps) {
            expect(uses ?? "a/b@0000000000000000000000000000000000000000").toMatch(pinned);
            expect(run).not.toContain("${{");
        }
    }
});

describe("every npm script that a host calls", () => {
    test.each([...files.map(file => `.github/workflows/${file}`), ".gitlab-ci.yml"])("exists: %s", file => {
        const called = scriptsIn(fs.readFileSync(path.join(root, file), "utf8").replace(/^ *#.*$/gm, ""));
        expect(called.filter(script => !scripts.includes(script))).toEqual([]);
    });
});

describe("GitLab's pipeline", () => {
    interface GitLabJob { stage?: string; extends?: string; rules?: { if: string; when?: string }[]; script?: string[]; before_script?: string[]; needs?: (string | { job: string })[]; environment?: { on_stop?: string } | string }
    const { stages, default: defaults, variables, workflow, ...all } = yaml.parse(fs.readFileSync(path.join(root, ".gitlab-ci.yml"), "utf8")) as
        { stages: string[]; default: GitLabJob; variables: object; workflow: object } & Record<string, GitLabJob>;
    const jobs = Object.entries(all as Record<string, GitLabJob>).filter(([name]) => !name.startsWith("."));

    test("has jobs that fit together", () => {
        expect(defaults.before_script).toEqual(["npm ci --ignore-scripts"]);
        expect([variables, workflow]).not.toContain(undefined);
        expect(jobs.length).toBeGreaterThan(7);
        for (const [name, job] of jobs) {
            expect(stages, name).toContain(job.stage);
            expect(job.script?.every(line => typeof line === "string"), name).toBe(true);
            if (job.extends) expect(Object.keys(all), name).toContain(job.extends);
            for (const need of job.needs ?? []) expect(Object.keys(all), name).toContain(typeof need === "string" ? need : need.job);
            const stop = typeof job.environment === "object" ? job.environment.on_stop : undefined;
            if (stop) expect(Object.keys(all)).toContain(stop);
        }
    });

    test("gives credentials to its own branches only", () => {
        const own = /CI_MERGE_REQUEST_SOURCE_PROJECT_ID == \$CI_PROJECT_ID|CI_PIPELINE_SOURCE == "schedule"|CI_COMMIT_BRANCH == \$CI_DEFAULT_BRANCH/;
        for (const [name, { rules = [] }] of jobs.filter(([name]) => name !== "checks")) {
            expect(rules.length, name).toBeGreaterThan(0);
            for (const rule of rules) expect(rule.if, name).toMatch(own);
        }
    });

    test("limits what has credentials to an environment, and stops without the state's address", () => {
        for (const [name, job] of jobs.filter(([, job]) => job.extends === ".clouds")) expect(job.environment, name).toBeDefined();
        expect(all[".clouds"].before_script?.[0]).toMatch(/^: "\$\{PULUMI_BACKEND_URL:\?/);
    });

    test("shows a change whose checks or environment fail, and can remove its environment then", () => {
        for (const name of ["preview", "branch", "remove"]) expect(all[name].needs, name).toEqual([]);
        expect(all.comment.rules?.map(({ when }) => when)).toEqual(["always"]);
    });

    test("comments with the code that the change is merged into", () => {
        const { before_script } = all.comment;
        expect(before_script?.join("\n")).toMatch(/fetch origin "\$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"\ngit checkout --force --detach FETCH_HEAD\ngit clean .*\nnpm ci/);
    });
});
