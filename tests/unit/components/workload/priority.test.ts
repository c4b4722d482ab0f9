import * as kubernetes from "@pulumi/kubernetes";
import { describe, expect, it } from "vitest";
import { Environment, ScheduledTask, WebService } from "../../../../components/workload";
import { classesOfOthers, priorityClasses } from "../../../../components/workload/priority";
import { captureProgram, Registered } from "../../../../infra/cli/capture";
import { object, objects, pods, runStack } from "../../support/program";

interface PriorityClass {
    metadata: { name: string };
    value: number;
    globalDefault: boolean;
    preemptionPolicy: string;
}

const stacks = ["dev", "minikube", "server", "prod", "eks", "gke", "aks"];
const system: Record<string, number> = { "system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000 };

/** The class of every pod, by what owns it. */
function classesIn(resources: Registered[]): Record<string, string | undefined> {
    return Object.fromEntries(pods(resources).map(({ owner, spec }) => [owner, spec.priorityClassName]));
}

describe.each(stacks)("the stack %s", stack => {
    it("gives every pod a class that exists, the platform's above every environment's", async () => {
        const resources = await runStack(stack);
        const made = objects<PriorityClass>(resources, "PriorityClass");
        const values = { ...system, ...Object.fromEntries(made.map(({ metadata, value }) => [metadata.name, value])) };
        const found = Object.entries(classesIn(resources));
        expect(found.filter(([, name]) => name === undefined || !(name in values))).toEqual([]);
        const own = ["Deployment/web", "StatefulSet/database", "CronJob/scheduled-tasks"];
        const valuesOf = (owners: (owner: string) => boolean): number[] =>
            found.filter(([owner]) => owners(owner)).map(([, name]) => values[name!]);
        expect(Math.min(...valuesOf(owner => !own.includes(owner)))).toBeGreaterThan(Math.max(...made
            .filter(({ metadata }) => metadata.name !== "landfall-platform").map(({ value }) => value)));
    });

    it("creates the classes in the platform, before the pods that name them", async () => {
        const resources = await runStack(stack);
        const classes = resources.filter(({ inputs }) => inputs.kind === "PriorityClass");
        const [platform] = resources.filter(({ type }) => type === "landfall:platform:Platform");
        expect(classes.map(({ parent }) => parent)).toEqual(classes.map(() => platform.urn));
        const byUrn = new Map(resources.map(resource => [resource.urn, resource]));
        const isAfter = (resource: Registered, wanted: string, seen = new Set<string>()): boolean => resource.dependsOn.some(urn => {
            if (urn === wanted) return true;
            const next = byUrn.get(urn);
            return next !== undefined && !seen.has(urn) && isAfter(next, wanted, seen.add(urn));
        });
        const named = classes.map(({ urn, inputs }) => [urn, (inputs.metadata as { name: string }).name]);
        const workloads = resources.filter(({ inputs }) => ["Deployment", "StatefulSet", "CronJob", "Job"].includes(String(inputs.kind)));
        const early = workloads.flatMap(workload => named
            .filter(([urn, name]) => JSON.stringify(workload.inputs).includes(`"priorityClassName":"${name}"`) && !isAfter(workload, urn))
            .map(([, name]) => `${workload.name} before ${name}`));
        expect(early).toEqual([]);
    });
});

it("no value ever changes, because no cluster lets it", () => {
    expect(priorityClasses).toEqual({
        "landfall-platform": 1_000_000,
        "landfall-high": 1000, "landfall-high-database": 1001,
        "landfall-normal": 0, "landfall-normal-database": 1,
        "landfall-low": -10, "landfall-low-database": -9,
    });
});

it("no class is the default of pods without one, and pods preempt others only on the stack's own cluster", async () => {
    for (const [stack, policy] of [["dev", "PreemptLowerPriority"], ["eks", "PreemptLowerPriority"], ["prod", "Never"]]) {
        for (const { globalDefault, preemptionPolicy } of objects<PriorityClass>(await runStack(stack), "PriorityClass")) {
            expect([globalDefault, preemptionPolicy], stack).toEqual([false, policy]);
        }
    }
});

describe("an environment", () => {
    it.each([
        ["production", undefined, "landfall-high"], ["live", undefined, "landfall-high"], ["shop", undefined, "landfall-normal"],
        ["uat", undefined, "landfall-normal"], ["staging", undefined, "landfall-normal"], ["development", undefined, "landfall-low"],
        ["feature-login", undefined, "landfall-low"], ["pr-17", undefined, "landfall-low"], ["devotion", undefined, "landfall-normal"],
        ["primer", undefined, "landfall-normal"], ["production", "normal", "landfall-normal"], ["development", "high", "landfall-high"],
    ])("%s with priority %s has the class %s for all its pods, and its database comes before them", async (name, priority, expected) => {
        const resources = await runStack("dev", { environment: { name, ...(priority && { priority }) } });
        expect(classesIn(resources)).toMatchObject({
            "Deployment/web": expected, "CronJob/scheduled-tasks": expected, "StatefulSet/database": `${expected}-database`,
        });
        expect(priorityClasses[`${expected}-database`]).toBeGreaterThan(priorityClasses[expected]);
    });

    it("admits no pod with the class of another environment, the platform or Kubernetes", async () => {
        const resources = await runStack("dev");
        const { hard, scopeSelector } = object(resources, "ResourceQuota", "priorities").spec;
        expect(hard).toEqual({ pods: "0" });
        expect(scopeSelector).toEqual({ matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: [
            "landfall-platform", "landfall-high", "landfall-high-database", "landfall-normal", "landfall-normal-database",
            "system-cluster-critical", "system-node-critical",
        ] }] });
        const own = ["Deployment/web", "StatefulSet/database", "CronJob/scheduled-tasks"].map(owner => classesIn(resources)[owner]);
        expect(classesOfOthers("low").filter(name => own.includes(name))).toEqual([]);
    });

    const run = (priority?: "high") => captureProgram({
        stack: "test", config: {},
        program: async () => {
            const cluster = { kubeconfig: "", provider: new kubernetes.Provider("it", { kubeconfig: "{}" }), capabilities: {} } as never;
            const environment = new Environment("environment", { cluster, namespace: "shop", priority });
            new WebService("web", { environment, image: "ghcr.io/example/shop:1.0", port: 8080 });
            new ScheduledTask("report", { environment, image: "ghcr.io/example/shop:1.0", command: ["report"], schedule: "0 3 * * *" });
        },
    });

    it("without a platform leaves the priority to the cluster, and refuses one of its own", async () => {
        const { resources } = await run();
        expect(classesIn(resources)).toEqual({ "Deployment/web": undefined, "CronJob/report": undefined });
        expect(objects(resources, "ResourceQuota").map(({ metadata }) => metadata.name)).toEqual(["quota"]);
        await expect(run("high")).rejects.toThrow(/"shop" can't have the priority high without a platform/);
    });
});
