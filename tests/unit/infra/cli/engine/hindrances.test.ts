import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { EventReport } from "../../../../../infra/cli/engine/events";
import { withCauses } from "../../../../../infra/cli/engine/failures";
import { Hindrances, kubeconfigIn } from "../../../../../infra/cli/engine/hindrances";
import type { AnyRunning } from "../../../../../infra/cli/status/command";
import { commandFor } from "../../../../../infra/cli/status/command";
import type { Fields } from "../../../../../infra/cli/status/fields";
import { Terminal } from "../../../../../infra/cli/terminal";
import { StackApi } from "../../../fixtures/stack-api";
import { ago, claim, conditionOf, container, deployment, now, pendingPod, pod, wellStack } from "../../../fixtures/stack-objects";

const api = new StackApi();
const settings = {
    cluster: { target: "kind" }, app: { type: "services", services: { wiki: {} } },
    environment: { name: "development", host: "wiki.localhost", aliases: [], redirects: [] },
} as unknown as AnyRunning["settings"];
let kubeconfig: string;
let lines: string[];

const hindrances = (stack = async () => ({ name: "dev", settings, kubeconfig, command: commandFor("dev"), file: "/home/kubeconfig" })): Hindrances =>
    new Hindrances(stack, new Terminal({ write: text => lines.push(text) }, {}));

/** What is said while the engine waits for so many seconds for the cluster that each second is given. */
async function during(seconds: number, change: (second: number) => void = () => {}): Promise<string[]> {
    const stop = hindrances().watch(() => now);
    for (let second = 15; second <= seconds; second += 15) {
        change(second);
        const asked = api.asked.length;
        vi.advanceTimersByTime(15_000);
        if (second < 45) continue;
        await vi.waitFor(() => expect(api.asked.length).toBeGreaterThan(asked), { timeout: 20_000 });
        // It has looked once the last of its questions is answered, and a moment has passed.
        for (let count = -1; count !== api.asked.length;) {
            count = api.asked.length;
            await new Promise(resolve => setTimeout(resolve, 250));
        }
    }
    stop();
    return lines.map(text => text.trim());
}

const scheduled = conditionOf("PodScheduled", "True", 70);
const waiting = (reason: string, message = "", more: Fields = {}): Fields => container("wiki", { ready: false, image: "registry.invalid/wiki:1", state: { waiting: { reason, message } }, ...more });
const full = (name: string, message: string): Fields =>
    pendingPod(name, "wiki", [conditionOf("PodScheduled", "False", 65, { reason: "Unschedulable", message })], [], 65);
const see = (...pods: Fields[]): void => void api.objects.pods.push(...pods);
const crashing = (name: string, restarts: number, more: Fields = {}): Fields => pod(name, "wiki", {
    status: { conditions: [scheduled, conditionOf("Ready", "False", 65)], containerStatuses: [waiting("CrashLoopBackOff", "", { restartCount: restarts, lastState: { terminated: { reason: "Error", exitCode: 1, message: "password=hunter2", ...more } } })] },
}, { seconds: 65 });

beforeAll(async () => { kubeconfig = await api.start(); });
afterAll(() => api.stop());
beforeEach(() => {
    api.reset();
    lines = [];
    vi.useFakeTimers({ now, toFake: ["Date", "setInterval", "clearInterval"] });
});
afterEach(() => vi.useRealTimers());

describe("what keeps an object from coming up, while the engine waits for it", () => {
    it.each<[string, () => void, RegExp]>([
        ["a full cluster", () => see(full("wiki-1-a", "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available.")),
            /^! Pod development\/wiki-1-a: can't be scheduled: 0\/1 nodes are available: 1 Insufficient cpu\. Add a node or a larger one.*kubectl describe nodes$/],
        ["an image that isn't there", () => see(pendingPod("wiki-1-a", "wiki", [scheduled], [waiting("ImagePullBackOff", 'Back-off pulling image "registry.invalid/wiki:1": no such host')], 65)),
            /^! Pod development\/wiki-1-a: can't get its image registry\.invalid\/wiki:1 \(ImagePullBackOff: the registry doesn't answer\)\. kubectl/],
        ["a container that crashes", () => see(crashing("wiki-1-a", 3)),
            /^! Pod development\/wiki-1-a: its container wiki crashes again and again: Error, exit code 1, 3 restarts\. Read why: npm run logs -- wiki --previous$/],
        ["a typo in the command", () => see(crashing("wiki-1-a", 3, { reason: "StartError", exitCode: 128, message: 'runc create failed: unable to start container process: exec: "pyhton3": executable file not found in $PATH' })),
            /the image has no program "pyhton3", 3 restarts\. Correct the command of landfall:app\.services\.wiki, then: npm start$/],
        ["a claim without a volume", () => {
            api.objects.claims.push(claim({ status: { phase: "Pending" }, metadata: { creationTimestamp: ago(65) } }, "wiki-data"));
            const unbound = full("wiki-1-a", "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found");
            see({ ...unbound, spec: { volumes: [{ persistentVolumeClaim: { claimName: "wiki-data" } }] } });
        }, /^! PersistentVolumeClaim development\/wiki-data: waits for a volume of the class landfall-local, and wiki waits for it\. kubectl/],
        ["a quota that refuses the pods", () => {
            api.objects.deployments.push(deployment("wiki", { metadata: { creationTimestamp: ago(70) }, status: { availableReplicas: 0, conditions: [
                conditionOf("Available", "False", 70), conditionOf("ReplicaFailure", "True", 65, { reason: "FailedCreate", message: "exceeded quota: quota, requested: pods=1" }),
            ] } }));
        }, /^! Deployment development\/wiki: none of its 2 pods is available: it can't create pods: exceeded quota: .*\. Raise landfall:environment\.quota, then: npm start$/],
        ["a job that failed", () => {
            api.objects.jobs.push({ metadata: { name: "wiki", namespace: "development", creationTimestamp: ago(160) }, status: { conditions: [conditionOf("Failed", "True", 65, { reason: "BackoffLimitExceeded" })] } });
        }, /^! Job development\/wiki: failed \(BackoffLimitExceeded\)\. Read why: npm run logs -- wiki\. To run it again: npm start$/],
        ["a probe that never succeeds", () => {
            see(pod("wiki-1-a", "wiki", { status: { conditions: [scheduled, conditionOf("Ready", "False", 65)], containerStatuses: [container("wiki", { ready: false, state: { running: { startedAt: ago(64) } } })] } }, { seconds: 65 }));
            api.objects.events.push({ reason: "Unhealthy", message: "Readiness probe failed: HTTP probe failed with statuscode: 404", metadata: { name: "e", namespace: "development" }, lastTimestamp: ago(5), involvedObject: { name: "wiki-1-a", namespace: "development" } });
        }, /^! Pod development\/wiki-1-a: runs but isn't ready, so it gets no requests \(wiki: its readiness probe gets 404\)\. Read why: npm run logs -- wiki$/],
    ])("is said in one line: %s", async (_, happen, expected) => {
        happen();
        const [first, ...rest] = await during(60);
        expect(first).toMatch(expected);
        expect(rest).toEqual(first.includes("kubectl") ? ["kubectl finds the cluster by: export KUBECONFIG=/home/kubeconfig"] : []);
        expect(lines.join("")).not.toContain("hunter2");
    });

    it("is said once, whatever the pods are called and how often they crash, and each cause by itself", async () => {
        const said = await during(105, second => {
            api.objects.pods = [...wellStack().pods, crashing(`wiki-1-${second}`, second), ...(second < 90 ? [] : [full("other-1-a", "0/1 nodes are available: 1 Too many pods.")])];
        });
        expect(said.filter(text => text.startsWith("!")).map(text => /: (.*?):/.exec(text)?.[1])).toEqual(["its container wiki crashes again and again", "can't be scheduled"]);
    });

    it("says how kubectl finds the cluster with the first line that needs it", async () => {
        const said = await during(75, second => {
            api.objects.pods = [crashing("wiki-1-a", 3), ...(second < 75 ? [] : [full("other-1-a", "0/1 nodes are available: 1 Too many pods.")])];
        });
        expect(said.map(text => text.slice(0, 18))).toEqual(["! Pod development/", "! Pod development/", "kubectl finds the "]);
    });

    it("is not said before the engine has waited for a while, nor of what has just begun", async () => {
        see(crashing("wiki-1-a", 3));
        expect(await during(30)).toEqual([]);
        const stop = hindrances().watch(() => undefined);
        vi.advanceTimersByTime(90_000);
        stop();
        expect(api.asked).toEqual([]);
        vi.setSystemTime(now);
        const ready = conditionOf("Ready", "False", -30);
        api.objects.pods = [pod("wiki-1-a", "wiki", { status: { conditions: [scheduled, ready], containerStatuses: [waiting("CrashLoopBackOff", "", { restartCount: 1 })] } }, { seconds: -30 })];
        expect(await during(45)).toEqual([]);
    });

    it("is nothing while a stack starts as it should", async () => {
        api.objects.deployments = [deployment("wiki", { metadata: { creationTimestamp: ago(110) }, status: { availableReplicas: 0, conditions: [conditionOf("Available", "False", 110)] } })];
        api.objects.statefulSets = [];
        api.objects.pods = [pod("wiki-1-a", "wiki", { status: { conditions: [scheduled, conditionOf("Ready", "False", 110)], containerStatuses: [container("wiki", { ready: false, started: false, state: { running: { startedAt: ago(20) } } })] } }, { seconds: 110 })];
        expect(await during(60)).toEqual([]);
    });

    it("doesn't matter to the run if the cluster can't be asked, or isn't there yet", async () => {
        const gone = kubeconfig.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1");
        const states = [async () => undefined, () => Promise.reject(new Error("no state")), async () => ({ name: "dev", settings, kubeconfig: gone, command: commandFor("dev") })];
        for (const state of states) {
            const one = hindrances(state as never);
            const stop = one.watch(() => now - 60_000);
            vi.advanceTimersByTime(60_000);
            expect(await one.describe()).toEqual([]);
            stop();
        }
        expect(lines).toEqual([]);
    });

    it("is in the error when the run fails, instead of Pulumi's words on what it waited for", async () => {
        see(full("wiki-1-a", "0/1 nodes are available: 1 Insufficient cpu."));
        const reasons = ["the Kubernetes API server reported that \"development/wiki\" failed to fully initialize or become live: timed out waiting to be Ready", "no such host", "update failed"];
        const [other, late] = withCauses(reasons, await hindrances().describe());
        expect(other).toBe("no such host");
        expect(late).toMatch(/^development\/wiki didn't become ready:\n! Pod development\/wiki-1-a: can't be scheduled: .*\n {2}kubectl finds the cluster by: /);
        expect(withCauses(reasons, [])).toEqual(reasons);
        const [, service] = withCauses([...reasons, reasons[0].replace("wiki", "envoy")], [late.split("\n")[1]]);
        expect(service).toMatch(/"development\/envoy" failed to fully initialize/);
    });
});

describe("the engine", () => {
    const event = (op: string, type: string, done = false) => ({ sequence: 1, timestamp: 0, [done ? "resOutputsEvent" : "resourcePreEvent"]: { metadata: { op, urn: `urn:pulumi:dev::landfall::${type}::wiki`, type, provider: "" } } }) as never;

    it("waits for objects that come up, not for those that go and not for a cloud's", () => {
        const report = new EventReport(new Terminal({ write: () => true }, {}));
        for (const [op, type] of [["delete", "kubernetes:apps/v1:Deployment"], ["create", "aws:eks/cluster:Cluster"]]) report.onEvent(event(op, type));
        expect(report.awaitedSince()).toBeUndefined();
        report.onEvent(event("update", "kubernetes:apps/v1:StatefulSet"));
        expect(report.awaitedSince()).toBe(now);
        report.onEvent(event("update", "kubernetes:apps/v1:StatefulSet", true));
        expect(report.awaitedSince()).toBeUndefined();
    });

    it("has the kubeconfig of the cluster that the state's objects are in, before the first run ends", () => {
        const provider = (kubeconfig: unknown, more: object = {}) => ({ type: "pulumi:providers:kubernetes", inputs: { kubeconfig }, ...more });
        const state = (...resources: object[]) => JSON.stringify({ version: 3, deployment: { resources } });
        expect(kubeconfigIn(state({ type: "pulumi:pulumi:Stack" }))).toBeUndefined();
        expect(kubeconfigIn(JSON.stringify({ deployment: null }))).toBeUndefined();
        expect(kubeconfigIn(state(provider({ plaintext: JSON.stringify("new") }), provider("old", { delete: true })))).toBe("new");
    });
});
