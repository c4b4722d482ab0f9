import { describe, expect, it } from "vitest";
import { run } from "../../../infra/offline/kit/run";
import { cameTooEarly } from "../../e2e/support/events";
import type { Cluster } from "../../e2e/support/kubernetes";
import { names } from "../../e2e/support/names";
import { startProgram } from "../../e2e/support/npm";
import { expectSamePods, type Pods, readPods } from "../../e2e/support/objects";
import { patiently } from "../../e2e/support/patience";
import { isTurn, type Order } from "../../e2e/support/suite";
import { until } from "../../e2e/support/wait";

describe("what may be done several times", () => {
    /** How often it is tried where the first try fails. */
    const times = async (fail: () => unknown) => {
        let tries = 0;
        await patiently(async () => { if (++tries === 1) await fail(); }).catch(() => undefined);
        return tries;
    };
    const failing = (error: object) => () => Promise.reject(Object.assign(new Error("failed"), error));

    it.each([
        ["of a connection", failing({ code: "ECONNRESET" })],
        ["of an API server that is too busy", failing({ code: 503 })],
        ["of a program that says so", () => run("sh", ["-c", "echo 'net/http: TLS handshake timeout' >&2; exit 1"])],
    ])("is done again after a failure %s", async (_, fail) => {
        expect(await times(fail)).toBe(2);
    });

    it.each([
        ["an API server refuses it, whatever it says", failing({ code: 403, message: "timeout" })],
        ["a program fails, whatever it was given", () => run("sh", ["-c", "echo 'not found' >&2; exit 1", "--timeout=60s"])],
    ])("is done once where %s", async (_, fail) => {
        expect(await times(fail)).toBe(1);
    });

    it("is asked for several times, also where the first answer comes too late", async () => {
        let asked = 0;
        expect(await until("a late answer", async () => ++asked === 4, -1, 0)).toBe(true);
        await expect(until("no answer", async () => { throw new Error("there is none"); }, -1, 0)).rejects.toThrow("no answer: there is none");
    });
});

it.skipIf(process.platform === "win32")("lines that a program prints stay whole, whatever it prints on its other stream meanwhile", async () => {
    const lines = "printf 'one '; sleep 0.2; echo other >&2; sleep 0.2; echo two; printf 'unfinished'";
    const { code, stdout, output } = await startProgram("sh", ["-c", lines], {}, false).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "one two\nunfinished" });
    expect(output).toBe("other\none two\nunfinished");
});

describe("pods", () => {
    const pod = (uid: string, replicaSet: string, more = {}) => ({ metadata: { uid, ownerReferences: [{ kind: "ReplicaSet", name: replicaSet }], ...more } });
    const read = (pods: object[], desiredReplicas: number, lastScaleTime?: Date) => readPods({
        namespaces: async () => ["shop"],
        core: { listNamespacedPod: async () => ({ items: pods }) },
        autoscaling: {
            listNamespacedHorizontalPodAutoscaler: async () => ({
                items: [{ spec: { scaleTargetRef: { name: "web" } }, status: { desiredReplicas, lastScaleTime } }],
            }),
        },
    } as unknown as Cluster);
    const same = (now: Pods, before: Pods) => () => expectSamePods(now, before);
    const [early, late] = [new Date(0), new Date(60_000)];

    it("are the same where none was replaced, and one that is about to end is none", async () => {
        const before = await read([pod("a", "web-1"), pod("b", "web-1"), pod("gone", "web-0", { deletionTimestamp: early })], 2, early);
        expect(same(await read([pod("b", "web-1"), pod("a", "web-1")], 2, early), before)).not.toThrow();
    });

    it("are not where one was replaced, or all by another ReplicaSet, even if the autoscaler was at work", async () => {
        const before = await read([pod("a", "web-1"), pod("b", "web-1")], 2, early);
        expect(same(await read([pod("a", "web-1"), pod("c", "web-1")], 2, early), before)).toThrow();
        expect(same(await read([pod("c", "web-2"), pod("d", "web-2")], 2, late), before)).toThrow();
    });

    it("may be more or fewer of the same ReplicaSet where the autoscaler has chosen so", async () => {
        const before = await read([pod("a", "web-1"), pod("b", "web-1")], 2, early);
        expect(same(await read([pod("a", "web-1"), pod("b", "web-1"), pod("c", "web-1")], 3, late), before)).not.toThrow();
    });
});

describe("a warning of a fresh start", () => {
    const event = ([reason, message]: [string, string], namespace: string = names.environment) =>
        cameTooEarly({ reason, message, metadata: { namespace }, involvedObject: {} });

    it.each<[string, string]>([
        ["ProvisioningFailed", 'storageclass.storage.k8s.io "landfall-local" not found'],
        ["FailedScheduling", "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims."],
        ["FailedMount", 'MountVolume.SetUp failed for volume "contourcert" : secret "contourcert" not found'],
        ["FailedGetScale", 'deployments/scale.apps "web" not found'],
        ["FailedGetResourceMetric", "unable to fetch metrics from resource metrics API: the server could not find the requested resource"],
        ["FailedCreate", 'Internal error occurred: failed calling webhook "webhook.cert-manager.io"'],
        ["Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"],
        ["Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 500"],
    ])("is of a wrong order: %s, %s", (...told) => {
        expect(event(told)).toBe(true);
    });

    it.each<[string, string]>([
        ["FailedMount", 'MountVolume.SetUp failed for volume "kube-api-access-rz2r7" : failed to sync configmap cache: timed out waiting for the condition'],
        ["FailedMount", 'MountVolume.SetUp failed for volume "kube-api-access" : configmap "kube-root-ca.crt" not found'],
        ["RequestFailed", 'Failed to create CertificateRequest: certificaterequests.cert-manager.io "ca-1" already exists'],
        ["FailedGetResourceMetric", "did not receive metrics for targeted pods (pods might be unready)"],
        ["Unhealthy", 'Startup probe failed: Get "http://10.244.1.5:8080/readyz": dial tcp 10.244.1.5:8080: connect: connection refused'],
        ["Unhealthy", "Readiness probe failed: context deadline exceeded"],
    ])("is of a busy cluster: %s, %s", (...told) => {
        expect(event(told)).toBe(false);
    });
});

describe("the turns of the suite's files", () => {
    const story = ["05", "10", "11", "12", "36", "90"];
    const beside = [["80"], ["71", "74"]];
    const subsets = [...Array(2 ** 9).keys()].map(bits => (file: string) => (bits >> [...story, ...beside.flat()].indexOf(file)) % 2 === 1);

    /** In which order they end, with as many workers as the suite has for them; `starter` starts the stack. */
    function ends({ inTurn, beside, ...more }: Order, starter: string): string[] {
        const [waiting, ended]: [string[], string[]] = [[...beside.flat(), ...inTurn], []];
        const workers = beside.flat().length + 2;
        const running: string[] = [];
        for (;;) {
            running.push(...waiting.splice(0, workers - running.length));
            const next = running.find(file => isTurn({ inTurn, beside, ...more }, file, other => ended.includes(other), ended.includes(starter)));
            if (next === undefined) return ended;
            ended.push(...running.splice(running.indexOf(next), 1));
        }
    }
    const orderOf = (isRun: (file: string) => boolean): Order => ({
        inTurn: story.filter(isRun), beside: beside.map(list => list.filter(isRun)),
        ...isRun("11") && { meanwhile: "11" }, ...isRun("36") && { until: "36" },
    });

    it("come for each, whichever are run and whether or not the stack starts", () => {
        for (const isRun of subsets) {
            const order = orderOf(isRun);
            const all = [...order.inTurn, ...order.beside.flat()].sort();
            for (const starter of ["10", "90", "none"]) {
                expect(ends(order, starter).sort(), `${all.join()} started by ${starter}`).toEqual(all);
            }
        }
    });

    it("keep the story's order: the last waits for all, and those after 11 don't wait for it before 36", () => {
        const order = orderOf(() => true);
        const may = (file: string, over: string[], hasStarted = true) => isTurn(order, file, other => over.includes(other), hasStarted);
        expect([may("12", ["05", "10"]), may("12", ["05"]), may("36", ["05", "10", "12"])]).toEqual([true, false, false]);
        expect([may("71", [], false), may("71", []), may("74", []), may("74", ["71"])]).toEqual([false, true, false, true]);
        expect([may("90", story), may("90", [...story, ...beside.flat()])]).toEqual([false, true]);
    });
});
