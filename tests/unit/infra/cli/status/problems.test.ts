import { describe, expect, it } from "vitest";
import { commandFor } from "../../../../../infra/cli/status/command";
import type { Fields } from "../../../../../infra/cli/status/fields";
import type { Observed } from "../../../../../infra/cli/status/objects";
import { problemsOf, rules } from "../../../../../infra/cli/status/problems";
import {
    judge, judgeWith, withPod, logClaim, logStats, scheduled, waiting, unschedulable, crash, startedAgain, manager, startingPod, newNode, filestore,
    filestoreEvent, cloudNode, alarms,
} from "../../../fixtures/alarms";
import {
    ago, autoscaler, budget, certificate, claim, conditionOf, container, cronJob, deployment, job, node, now, nodeStats, pendingPod, pod,
    preemption, quota, service, wellStack,
} from "../../../fixtures/stack-objects";

describe("a stack", () => {
    it("that is healthy has no problems", () => {
        expect(judge(wellStack())).toEqual([]);
    });

    it.each(alarms)("is not well with %s", (_, changed, expected) => {
        const problems = "metadata" in changed ? withPod(changed) : judgeWith(changed);
        const found = problems.filter(({ rule, object }) => rule === expected.rule && object === expected.object);
        expect(found).toHaveLength(1);
        expect(found[0]).toMatchObject({
            severity: expected.severity, matter: expect.stringMatching(expected.says), action: expect.stringMatching(expected.action),
            ...(expected.since && { since: new Date(expected.since).toISOString() }),
        });
        expect(JSON.stringify(problems)).not.toContain("hunter2");
    });

    it("may have a logs' volume that is nearly full, of which its store drops the oldest day", () => {
        expect(judgeWith({ claims: [...wellStack().claims, logClaim], nodeStats: [logStats(0.92)] })).toEqual([]);
    });

    it("has no rule that nothing tries", () => {
        // These two judge what isn't an object, or only with some settings, and have tests of their own.
        expect([...new Set([...alarms.map(([, , { rule }]) => rule), "api-certificate", "etcd-snapshot"])].sort()).toEqual(Object.keys(rules).sort());
    });

    it.each<[string, Partial<Observed> | Fields]>([
        ["a pod that has been starting for 20 s", pendingPod("web-6f7c9-ccccc", "web", [conditionOf("PodScheduled", "True", 20), conditionOf("Ready", "False", 20)], [waiting("web", "ContainerCreating")], 20)],
        ["a pod that installs the site", pendingPod("web-6f7c9-ccccc", "web", [conditionOf("PodScheduled", "True", 90), conditionOf("Ready", "False", 90)], [waiting("web", "PodInitializing")], 90)],
        ["a pod that isn't ready yet", pod("web-6f7c9-ccccc", "web", { status: { conditions: [conditionOf("PodScheduled", "True", 40), conditionOf("Ready", "False", 40)], containerStatuses: [container("web", { ready: false })] } }, { seconds: 40 })],
        ["a pod that was created a second ago", pod("web-6f7c9-ccccc", "web", { spec: { nodeName: undefined }, status: { phase: "Pending", conditions: [], containerStatuses: [] } }, { seconds: 1 })],
        ["a pod that waits for a node for 30 s", unschedulable(30, "0/2 nodes are available: 2 Insufficient cpu.")],
        ["a pod that waits for a node that the cloud adds", { nodes: [cloudNode], pods: [...wellStack().pods, unschedulable(200, "0/1 nodes are available: 1 Insufficient cpu.")] }],
        ["a pod that waits for a new node's network", { nodes: [node("one"), newNode(200)], pods: [...wellStack().pods, unschedulable(190, "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.")] }],
        ["a file system that Google takes minutes to make", { claims: [filestore(240)], events: [filestoreEvent("DeadlineExceeded")] }],
        ["a pod that waits for the first node", { nodes: [], pods: [...wellStack().pods, unschedulable(200, "no nodes available to schedule pods")] }],
        ["a pod that still has time to start", startingPod(55)],
        ["a pod whose image took long to get", { pods: [...wellStack().pods, pod("web-6f7c9-ccccc", "web", { status: { conditions: [scheduled, conditionOf("Ready", "False", 400)], containerStatuses: [container("web", { ready: false, state: { running: { startedAt: ago(20) } } })] } }, { seconds: 400 })] }],
        ["a claim of a pod that waits for a node that the cloud adds", {
            nodes: [cloudNode], claims: [claim(), claim({ status: { phase: "Pending" }, metadata: { creationTimestamp: ago(200) } }, "spare")],
            pods: [...wellStack().pods, { ...unschedulable(200, "0/1 nodes are available: 1 Insufficient cpu."), spec: { volumes: [{ persistentVolumeClaim: { claimName: "spare" } }] } }],
        }],
        ["a pod that is being deleted", pod("web-6f7c9-ccccc", "web", { metadata: { deletionTimestamp: ago(-1100) }, status: { conditions: [conditionOf("Ready", "False", 300)] } })],
        ["a task's pod that failed", pod("scheduled-tasks-2-y", "scheduled-tasks", { status: { phase: "Failed", conditions: [], containerStatuses: [] } }, { owner: "Job" })],
        ["a task's pod that runs", pod("scheduled-tasks-3-z", "scheduled-tasks", { status: { conditions: [conditionOf("Ready", "True", 10)] } }, { owner: "Job", seconds: 10 })],
        ["an eviction of the day before yesterday", pod("web-6f7c9-ccccc", "web", { status: { phase: "Failed", reason: "Evicted", message: "low on memory", startTime: ago(200_000), conditions: [], containerStatuses: [] } }, { seconds: 200_000 })],
        ["a pod that ended with its node's shutdown", pod("web-6f7c9-ccccc", "web", { status: { phase: "Failed", reason: "Terminated", message: "Pod was terminated in response to imminent node shutdown.", conditions: [] } })],
        ["a web pod that restarted once after an error", pod("web-6f7c9-ccccc", "web", { status: { containerStatuses: [container("web", { restartCount: 1, ...crash("Error", 1, 600) })] } })],
        ["a database that restarted last week", { pods: [pod("database-0", "database", { status: { containerStatuses: [container("database", { restartCount: 2, ...crash("Error", 1, 7 * 86_400) })] } }, { owner: "StatefulSet" })] }],
        ["a rolling update in progress", { deployments: [deployment("web", { metadata: { generation: 2 }, status: { observedGeneration: 2, replicas: 3, updatedReplicas: 1, conditions: [conditionOf("Available", "True", 900), conditionOf("Progressing", "True", 10, { reason: "ReplicaSetUpdated" })] } })] }],
        ["a Deployment that was just created", { deployments: [deployment("web", { metadata: { creationTimestamp: ago(20) }, status: { availableReplicas: 0, conditions: [conditionOf("Available", "False", 20)] } })] }],
        ["a database that is being replaced", { pods: [pod("database-0", "database", { metadata: { deletionTimestamp: ago(-60) }, status: { conditions: [conditionOf("Ready", "False", 400)] } }, { owner: "StatefulSet" })] }],
        ["an autoscaler that is new and has nothing to measure", { autoscalers: [autoscaler({ metadata: { creationTimestamp: ago(30) }, status: { conditions: [conditionOf("ScalingActive", "False", 30, { reason: "FailedGetResourceMetric", message: "did not receive metrics for targeted pods" })] } })] }],
        ["an autoscaler that may only have one size", { autoscalers: [autoscaler({ spec: { minReplicas: 2, maxReplicas: 2 }, status: { conditions: [conditionOf("ScalingActive", "True", 900), conditionOf("ScalingLimited", "True", 900, { reason: "TooFewReplicas" })] } })] }],
        ["a claim that waits for its first pod", { claims: [claim(), claim({ status: { phase: "Pending" } }, "spare")] }],
        ["a volume that grows", { claims: [claim({ status: { conditions: [conditionOf("Resizing", "True", 60)] } })] }],
        ["a quota that just holds the volumes", { quotas: [{ metadata: { name: "quota", namespace: "development" }, status: { hard: { "requests.storage": "10Gi" }, used: { "requests.storage": "10Gi" } } }] }],
        ["a quota that admits nothing, on purpose", { quotas: [{ metadata: { name: "priorities", namespace: "development" }, status: { hard: { pods: "0" }, used: { pods: "0" } } }] }],
        ["a preemption of hours ago", { preemptions: [preemption("web-6f7c9-ccccc", 7200)] }],
        ["volumes and disks with room", { nodeStats: [nodeStats(0.7, 0.8)] }],
        ["a full volume of another stack", { nodeStats: [nodeStats(0.5, 0.99, { pvcRef: { name: "database-data", namespace: "production" } })] }],
        ["a quota of nothing", { quotas: [quota({})] }],
        ["a budget while one of its pods is out", { budgets: [budget({ status: { currentHealthy: 1, disruptionsAllowed: 0 } })] }],
        ["a budget with an eviction under way", { budgets: [budget({ status: { disruptionsAllowed: 0, disruptedPods: { "web-1": ago(3) } } })] }],
        ["a budget of a workload that was just scaled", { budgets: [budget({ status: { disruptionsAllowed: 0, conditions: [conditionOf("DisruptionAllowed", "False", 5)] } })] }],
        ["a gateway on node ports, without an address", { services: [{ ...service({ spec: { type: "NodePort" } }), status: {} }] }],
        ["a load balancer that is being made", { services: [{ ...service({ metadata: { creationTimestamp: ago(60) } }), status: {} }] }],
        ["a certificate that is being issued", { certificates: [certificate({ metadata: { creationTimestamp: ago(20) }, status: { notAfter: undefined, renewalTime: undefined, conditions: [conditionOf("Ready", "False", 20)] } })] }],
        ["a certificate that is being renewed", { certificates: [certificate({ status: { notAfter: ago(-30 * 86_400), renewalTime: ago(600), conditions: [conditionOf("Ready", "True", 900), conditionOf("Issuing", "True", 600)] } })] }],
        ["a node that is new", { nodes: [node("one"), node("two", { metadata: { creationTimestamp: ago(20) }, status: { conditions: [conditionOf("Ready", "False", 20)] } })] }],
        ["a node that is cordoned for an upgrade", { nodes: [node("one"), node("two", { spec: { unschedulable: true, taints: [{ key: "node.kubernetes.io/unschedulable", timeAdded: ago(300) }] } })] }],
        ["a node that the autoscaler removes", { nodes: [node("one"), node("two", { spec: { unschedulable: true, taints: [{ key: "ToBeDeletedByClusterAutoscaler" }, { key: "node.kubernetes.io/unschedulable", timeAdded: ago(9000) }] } })] }],
        ["a task that failed before it succeeded", { jobs: [job("scheduled-tasks-0", [conditionOf("Failed", "True", 300)], { metadata: { creationTimestamp: ago(320) } }), job("scheduled-tasks-1", [conditionOf("Complete", "True", 15)])] }],
        ["a task that failed before it succeeded, without its last Job", { jobs: [job("scheduled-tasks-0", [conditionOf("Failed", "True", 300)], { metadata: { creationTimestamp: ago(320) } })] }],
        ["a task that takes long", { cronJobs: [cronJob({ status: { lastScheduleTime: ago(540) } })], jobs: [job("scheduled-tasks-1", [], { metadata: { creationTimestamp: ago(540) } })] }],
        ["what the cloud has in kube-system and doesn't use", { deployments: [...wellStack().deployments, deployment("antrea-controller-horizontal-autoscaler", { spec: { replicas: 0 }, status: { replicas: 0, readyReplicas: 0, availableReplicas: 0 } }, "kube-system")] }],
        ["a laptop's cluster that was stopped and started", { pods: startedAgain("Unknown", 255) }],
        ["a cluster whose nodes shut down in good order", { pods: startedAgain("Completed", 0) }],
        ["a cluster that was started a moment ago, after a week", {
            pods: [...wellStack().pods, manager(60)], cronJobs: [cronJob({ status: { lastScheduleTime: ago(7 * 86_400), lastSuccessfulTime: ago(7 * 86_400) } })], jobs: [],
        }],
        ["a monthly task that isn't due", { cronJobs: [cronJob({ spec: { schedule: "17 3 1 * *" }, status: { lastScheduleTime: ago(20 * 86_400), lastSuccessfulTime: ago(20 * 86_400) } })] }],
    ])("is well with %s", (_, changed) => {
        expect("metadata" in changed ? withPod(changed) : judgeWith(changed)).toEqual([]);
    });
});

describe("the API server's certificate", () => {
    const said = (days: number) => problemsOf({
        observed: wellStack(), now, environment: "development", gateway: "landfall-gateway", command: commandFor("dev"),
        apiCertificateEnds: now + days * 86_400_000,
    }).map(({ severity, object, matter }) => [severity, object, matter]);

    it("is reported before it ends, and when it has", () => {
        expect(said(200)).toEqual([]);
        expect(said(9)).toEqual([["failing", "The API server", "has a certificate that ends in 9 days; then nobody reaches the cluster"]]);
        expect(said(-1)).toEqual([["outage", "The API server", "has a certificate that has expired"]]);
    });
});

describe("what is said", () => {
    it("is the worst first", () => {
        const problems = judgeWith({
            quotas: [quota({ pods: "60" })], certificates: [certificate({ status: { notAfter: ago(60) } })],
            pods: [...wellStack().pods, unschedulable(300, "0/2 nodes are available")],
        });
        expect(problems.map(({ severity }) => severity)).toEqual(["outage", "failing", "risk"]);
    });

    it("is said once of all pods of a workload", () => {
        const pods = ["a", "b", "c", "d", "e"].map(name => ({ ...unschedulable(300, "0/2 nodes are available"), metadata: { ...(unschedulable(300, "").metadata as Fields), name } }));
        expect(withPod(...pods).map(({ object }) => object)).toEqual(["Pods development/a, b, c and 2 more"]);
    });

    it("names the stack in its commands", () => {
        const [{ action }] = judge({ ...wellStack(), deployments: [], statefulSets: [] }, "prod");
        expect(action).toBe("Bring it up: npm start -- --stack prod");
    });

    it.each<[string, Fields, object, RegExp]>([
        ["a service's", {}, { services: ["web", "api"] }, /^Raise landfall:app\.services\.web\.replicas\.max, then: npm start/],
        ["another service's", { metadata: { name: "api" } }, { services: ["web", "api"] }, /^Raise landfall:app\.services\.api\.replicas\.max, then/],
        ["the gateway's of services", { metadata: { name: "envoy", namespace: "landfall-gateway" } }, { services: ["web"] }, /^Raise landfall:app\.services\.<name>\.replicas\.max of those that are exposed, then/],
        ["the gateway's of a site", { metadata: { name: "envoy", namespace: "landfall-gateway" } }, {}, /^Raise landfall:app\.web\.replicas\.max, then/],
        ["the gateway's of a cluster without an environment", { metadata: { name: "envoy", namespace: "landfall-gateway" } }, { environment: undefined }, /^Raise landfall:gateway\.pods, then/],
        ["somebody else's", { metadata: { name: "shop" } }, { services: ["web"] }, /describe hpa shop/],
    ])("names the setting of an autoscaler at its maximum: %s", (_, more, situation, expected) => {
        const limited = conditionOf("ScalingLimited", "True", 120, { reason: "TooManyReplicas" });
        const found = judge({ ...wellStack(), autoscalers: [autoscaler({ ...more, status: { currentReplicas: 5, desiredReplicas: 5, conditions: [limited] } })] }, "dev", situation);
        expect(found.find(({ rule }) => rule === "autoscaler-maximum")!.action).toMatch(expected);
    });

    it("has no control characters of the cluster in it", () => {
        const [{ matter }] = withPod(unschedulable(300, "0/2 \u001b[2J\u001b]0;title\u0007nodes\r\nare\u202e available"));
        expect(matter).toBe("can't be scheduled: 0/2 nodes are available");
    });
});
