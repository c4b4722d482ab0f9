import { describe, expect, it } from "vitest";
import { asleepIn } from "../../../../../infra/cli/status/asleep";
import { commandFor } from "../../../../../infra/cli/status/command";
import type { Fields } from "../../../../../infra/cli/status/fields";
import { nameOf, type Observed } from "../../../../../infra/cli/status/objects";
import { problemsOf } from "../../../../../infra/cli/status/problems";
import { screen } from "../../../../../infra/cli/status/screen";
import { partsOf } from "../../../../../infra/cli/status/summary";
import { ago, cronJob, deployment, merged, now, statefulSet, wellStack } from "../../../fixtures/stack-objects";

const labels = { "app.kubernetes.io/part-of": "landfall" };
/** A workload as an API server has it after it was scaled to 0: it records no manager of the scale. */
const stopped = (object: Fields): Fields => merged(object, {
    metadata: { labels, managedFields: [
        { manager: "pulumi-kubernetes-580f7145", operation: "Apply", fieldsV1: { "f:spec": { "f:template": {} } }, time: ago(9e5) },
        { manager: "kube-controller-manager", operation: "Update", subresource: "status", fieldsV1: { "f:status": {} }, time: ago(600) },
    ] },
    spec: { replicas: 0 },
});
/** A task as somebody has suspended or resumed it, so many seconds ago. */
const task = (object: Fields, suspend: boolean, seconds: number, manager = "landfall-activator"): Fields => merged(object, {
    metadata: { managedFields: [{ manager, operation: "Update", time: ago(seconds), fieldsV1: { "f:spec": { "f:suspend": {} } } }] },
    spec: { suspend },
});
const activator = merged(deployment("activator"), { metadata: { labels } });
/** The stack with its environment's workloads as these, and no pod of theirs. */
const withWorkloads = (changes: Partial<Observed>): Observed => {
    const well = wellStack();
    return {
        ...well, pods: well.pods.filter(pod => (pod.metadata as Fields).namespace !== "development"),
        deployments: [...well.deployments.filter(each => nameOf(each) !== "web"), ...changes.deployments ?? []],
        statefulSets: changes.statefulSets ?? [], cronJobs: changes.cronJobs ?? [],
    };
};
const asleep = (): Observed => withWorkloads({
    deployments: [activator, stopped(deployment("web"))], statefulSets: [stopped(statefulSet())], cronJobs: [task(cronJob(), true, 630)],
});
const judge = (observed: Observed) => problemsOf({
    observed, now, environment: "development", gateway: "landfall-gateway", command: commandFor("dev"),
});

describe("the status of an environment that sleeps", () => {
    it("counts no missing pod and no suspended task as a problem", () => {
        expect(judge(asleep())).toEqual([]);
    });

    it("says since when it sleeps, and what wakes it", () => {
        const observed = asleep();
        expect(asleepIn(observed, "development")?.since).toBe(now - 600_000);
        const text = screen({
            stack: "dev", target: "kind", healthy: true, time: new Date(now).toISOString(), asleep: ago(600),
            versions: { code: "1" }, imageDates: [], nodes: [], tasks: [], problems: [], notes: [],
            parts: partsOf({ observed, version: "", unread: [] }, "development"),
        });
        expect(text).toContain("Asleep since 2026-11-29 11:50 UTC, for 10 min: the next request wakes it.");
        expect(text).toMatch(/^ {2}database +asleep +10 min/m);
        expect(text).toMatch(/^ {2}web +asleep +10 min/m);
    });

    it("still counts it as a problem without an activator, which would wake it, and a task that somebody else suspended", () => {
        const observed = withWorkloads({
            deployments: [stopped(deployment("web"))], statefulSets: [stopped(statefulSet())], cronJobs: [task(cronJob(), true, 630, "kubectl-patch")],
        });
        expect(judge(observed).map(({ rule }) => rule).sort()).toEqual(["deployment", "stateful-set", "task-late"]);
        expect(asleepIn(observed, "development")).toBeUndefined();
    });

    it("still counts it as a problem if only a part is stopped", () => {
        const running = merged(statefulSet(), { metadata: { labels } });
        const observed = withWorkloads({ deployments: [activator, stopped(deployment("web"))], statefulSets: [running] });
        expect(judge(observed).map(({ rule }) => rule)).toContain("deployment");
        expect(asleepIn(observed, "development")).toBeUndefined();
    });

    it("doesn't count a task as late for the time in which it slept", () => {
        const daily = merged(cronJob(), { spec: { schedule: "0 3 * * *" }, status: { lastScheduleTime: ago(3 * 86_400) } });
        const late = (task: Fields) => judge({ ...wellStack(), cronJobs: [task] }).filter(({ rule }) => rule === "task-late");
        expect(late(daily)).toHaveLength(1);
        expect(late(task(daily, false, 3600))).toEqual([]);
    });
});
