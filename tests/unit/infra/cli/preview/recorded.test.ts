import type { EngineEvent } from "@pulumi/pulumi/automation/events";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { limits, renderComments } from "../../../../../infra/cli/preview/comment";
import { losesData, planOf } from "../../../../../infra/cli/preview/plan";

const sample = path.join(__dirname, "sample-project");
/** The engine's events of a preview of the sample's second version on a stack of its first; LANDFALL_RECORD=1 records them again. */
const recording = path.join(__dirname, "golden/real-preview.jsonl");
const rendered = path.join(__dirname, "golden/real-preview.md");

function record(): string {
    const directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "landfall-preview-")));
    try {
        fs.cpSync(sample, directory, { recursive: true });
        fs.symlinkSync(path.resolve("node_modules"), path.join(directory, "node_modules"), "junction");
        fs.mkdirSync(path.join(directory, "state"));
        const pulumi = (args: string[], env: Record<string, string> = {}): void => {
            const { status, stderr, stdout } = spawnSync("pulumi", [...args, "--non-interactive"], {
                cwd: directory, encoding: "utf8",
                env: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "test", PULUMI_BACKEND_URL: pathToFileURL(path.join(directory, "state")).href, ...env },
            });
            if (status !== 0) throw new Error(`pulumi ${args.join(" ")} failed:\n${stdout.slice(-2000)}\n${stderr}`);
        };
        pulumi(["stack", "init", "test"]);
        pulumi(["up", "--yes", "--skip-preview"]);
        const log = path.join(directory, "events.jsonl");
        pulumi(["preview", "--event-log", log], { SAMPLE_CHANGED: "1", PULUMI_DEBUG_COMMANDS: "true" });
        // Of the engine's debug messages, one that has a secret is enough. Those about plugins tell of this computer.
        const kept = (line: string): boolean => (/"severity":"debug"/.test(line) ? line.includes("s3cr3t") : !/from \$PATH at|expected to have version/.test(line));
        return fs.readFileSync(log, "utf8").split("\n").filter(kept).join("\n");
    } finally {
        fs.rmSync(directory, { recursive: true, force: true });
    }
}

if (process.env.LANDFALL_RECORD) fs.writeFileSync(recording, record());
const text = fs.readFileSync(recording, "utf8");
const events = text.split("\n").filter(Boolean).map(line => JSON.parse(line) as EngineEvent);

describe("a real preview that replaces and deletes what holds data", () => {
    const plan = planOf("test", events);
    const [comment, ...others] = renderComments([plan], limits.github);

    it("is counted as Pulumi counts it", () => {
        const summary = events.find(({ summaryEvent }) => summaryEvent)?.summaryEvent?.resourceChanges as Record<string, number>;
        expect(plan.counts).toEqual(summary);
        expect(summary).toMatchObject({ create: 1, update: 1, replace: 4, delete: 2 });
    });

    it("names each that holds data above everything that is collapsed, and no other", () => {
        expect(others).toEqual([]);
        expect(losesData(plan)).toBe(true);
        const [top] = comment.split("<details");
        for (const name of ["Namespace environment-namespace", "PersistentVolumeClaim web-uploads", "PersistentVolumeClaim old-volume", "RandomPassword database-password"]) {
            expect(top).toContain(`\`${name}\``);
        }
        expect(top).not.toMatch(/old-config|database-credentials|Deployment/);
    });

    it("shows no secret, though the engine's debug messages have one", () => {
        expect(text).toContain("s3cr3t-value");
        expect(JSON.stringify(plan) + comment).not.toContain("s3cr3t");
    });

    it("is rendered as a reviewer has seen it", async () => {
        await expect(comment).toMatchFileSnapshot(rendered);
    });
});
