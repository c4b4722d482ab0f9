import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expiryAnnotation } from "../../../../../components/workload/labels";
import { commandFor } from "../../../../../infra/cli/status/command";
import type { Fields } from "../../../../../infra/cli/status/fields";
import { imageDate, type Kind, kinds, type Observed, observed } from "../../../../../infra/cli/status/objects";
import type { Problem, Situation } from "../../../../../infra/cli/status/problem";
import { problemsOf, rules } from "../../../../../infra/cli/status/problems";
import { nextRun } from "../../../../../infra/cli/status/schedule";
import {
    ago, autoscaler, budget, certificate, claim, conditionOf, container, cronJob, deployment, gateway, job, node, now, nodeStats, pendingPod, pod, preemption, quota,
    route, service, statefulSet, wellStack,
} from "../../../fixtures/stack-objects";

const judge = (objects: Observed, stack = "dev", more: Partial<Situation> = {}): Problem[] => problemsOf({
    observed: objects, now, environment: "development", gateway: "landfall-gateway", command: commandFor(stack), ...more,
});

/** What status reports of a healthy stack in which these objects replace its own of their kinds. */
const judgeWith = (changed: Partial<Observed>): Problem[] => judge({ ...wellStack(), ...changed });
const withPod = (...pods: Fields[]): Problem[] => judgeWith({ pods: [...wellStack().pods, ...pods] });

const logClaim = claim({ metadata: { name: "log-store-data", namespace: "landfall-logs" } });
const logStats = (used: number): Fields => nodeStats(0.5, used, { pvcRef: { name: "log-store-data", namespace: "landfall-logs" } });

const scheduled = conditionOf("PodScheduled", "True", 600);
const waiting = (name: string, reason: string, message = "", more: Fields = {}): Fields =>
    container(name, { ready: false, state: { waiting: { reason, message } }, ...more });
const unschedulable = (seconds: number, message: string): Fields => pendingPod("web-6f7c9-ccccc", "web",
    [conditionOf("PodScheduled", "False", seconds, { reason: "Unschedulable", message })], [], seconds);
const crash = (reason: string, exitCode: number, seconds: number): Fields =>
    ({ lastState: { terminated: { reason, exitCode, finishedAt: ago(seconds), message: "password=hunter2" } } });

/** The pods of a cluster whose nodes have restarted, the third time. */
const startedAgain = (reason: string, exitCode: number): Fields[] => [...wellStack().pods, manager(600)]
    .filter(one => (one.status as Fields).phase === "Running").map(one => {
        const statuses = (one.status as { containerStatuses: Fields[] }).containerStatuses.map(status =>
            ({ ...status, restartCount: 3, state: { running: { startedAt: ago(560) } }, ...crash(reason, exitCode, 600) }));
        return { ...one, spec: { ...one.spec as Fields, nodeName: "landfall-dev-worker" }, status: { ...one.status as Fields, containerStatuses: statuses } };
    });

/** The pod of kube-controller-manager, which has run for so many seconds. */
const manager = (seconds: number): Fields => pod("kube-controller-manager-x", "", {
    metadata: { namespace: "kube-system", labels: { component: "kube-controller-manager" } },
    status: { containerStatuses: [container("kube-controller-manager", { state: { running: { startedAt: ago(seconds) } } })] },
}, { owner: "Node" });

const probeEvent = (message: string): Fields => ({ reason: "Unhealthy", message, lastTimestamp: ago(5), involvedObject: { name: "web-6f7c9-ccccc", namespace: "development" } });
const unready = (seconds: number, more: Fields = {}): Fields => pod("web-6f7c9-ccccc", "web", {
    status: { conditions: [scheduled, conditionOf("Ready", "False", seconds)], containerStatuses: [container("web", { ready: false, state: { running: { startedAt: ago(seconds) } }, ...more })] },
}, { seconds });
/** A pod that has run for so long, and whose startup probe allows 60 s. */
const startingPod = (seconds: number): Partial<Observed> => ({
    pods: [...wellStack().pods, { ...unready(seconds, { started: false }), spec: { containers: [{ name: "web", startupProbe: { periodSeconds: 1, failureThreshold: 60 } }] } }],
    events: [probeEvent("Startup probe failed: dial tcp 10.244.0.24:9090: connect: connection refused")],
});
const cantStart = (reason: string, message: string): Fields => unready(200, {
    state: { waiting: { reason, message } }, restartCount: 2, lastState: { terminated: { reason: "StartError", exitCode: 128, finishedAt: ago(10), message } },
});
const newNode = (seconds: number): Fields => node("two", { metadata: { creationTimestamp: ago(seconds) }, status: {
    conditions: [conditionOf("Ready", "False", seconds - 1, { message: "container runtime network not ready: cni plugin not initialized" })],
} });
const filestore = (seconds: number): Fields => claim({
    metadata: { creationTimestamp: ago(seconds), annotations: { "volume.kubernetes.io/storage-provisioner": "filestore.csi.storage.gke.io" } }, status: { phase: "Pending" },
}, "web-uploads");
const filestoreEvent = (code: string): Fields => ({
    reason: "ProvisioningFailed", message: `rpc error: code = ${code} desc = …`, involvedObject: { kind: "PersistentVolumeClaim", name: "web-uploads", namespace: "development" },
});
const cloudNode = node("ip-10-0-0-1", { spec: { providerID: "aws:///eu-west-1a/i-1" } });

/** Each: what is wrong, the objects that show it, and what status prints. */
const alarms: [what: string, changed: Partial<Observed> | Fields, expected: { rule: string; severity: string; object: string; says: RegExp; action: RegExp; since?: string }][] = [
    ["a pod that fits on no node", unschedulable(300, "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod."), {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", since: ago(300),
        says: /^can't be scheduled: 0\/2 nodes are available: 2 Insufficient cpu$/, action: /Add a node/,
    }],
    ["a pod whose selector no node has", unschedulable(90, "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."), {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", says: /didn't match/, action: /get nodes --show-labels/,
    }],
    ["a pod whose volume is in another zone", unschedulable(90, "0/3 nodes are available: 3 node(s) had volume node affinity conflict."), {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", says: /volume/, action: /kubectl -n development get pvc/,
    }],
    ["a pod that no scheduler looks at", pod("web-6f7c9-ccccc", "web", { spec: { nodeName: undefined }, status: { phase: "Pending", conditions: [], containerStatuses: [] } }, { seconds: 200 }), {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", since: ago(200), says: /no scheduler/, action: /kube-system/,
    }],
    ["an image of ours that a node lacks", pendingPod("web-6f7c9-ccccc", "web", [scheduled], [waiting("web", "ErrImageNeverPull")], 100), {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", says: /can't get its image landfall\.local\/web:2026-11-29-63819a312c80/, action: /npm start$/,
    }],
    ["a registry that refuses", pendingPod("x-1", "x", [scheduled], [waiting("x", "ImagePullBackOff", 'Back-off pulling image "r.example/x": unauthorized', { image: "r.example/x:1" })], 100), {
        rule: "pod", severity: "failing", object: "Pod development/x-1", says: /r\.example\/x:1 \(ImagePullBackOff: the registry refuses the login\)/, action: /describe pod x-1$/,
    }],
    ["a Secret that a container lacks", pendingPod("web-6f7c9-ccccc", "web", [scheduled], [waiting("web", "CreateContainerConfigError", 'secret "web-salts" not found')], 100), {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", says: /secret "web-salts" not found/, action: /npm start/,
    }],
    ["a pod that runs out of memory again and again", pod("web-6f7c9-ccccc", "web", { status: { conditions: [scheduled, conditionOf("Ready", "False", 300)], containerStatuses: [waiting("web", "CrashLoopBackOff", "", { restartCount: 7, ...crash("OOMKilled", 137, 60) })] } }), {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", since: ago(300),
        says: /crashes again and again: out of memory \(OOMKilled\), 7 restarts/, action: /landfall:app\.web\.memory\.limit/,
    }],
    ["a pod that fails again and again", pod("database-0", "database", { status: { containerStatuses: [waiting("database", "CrashLoopBackOff", "", { restartCount: 4, ...crash("Error", 1, 60) })] } }, { owner: "StatefulSet" }), {
        rule: "pod", severity: "failing", object: "Pod development/database-0", says: /Error, exit code 1, 4 restarts/, action: /npm run logs -- database --previous/,
    }],
    ["an initial container that fails again and again", pod("web-6f7c9-ccccc", "web", { status: { phase: "Pending", initContainerStatuses: [waiting("install-site", "CrashLoopBackOff", "", { restartCount: 3, ...crash("Error", 1, 9) })] } }), {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", says: /container install-site crashes/, action: /logs -- web --previous/,
    }],
    ["a pod that doesn't start", pendingPod("web-6f7c9-ccccc", "web", [scheduled], [waiting("web", "ContainerCreating")], 600), {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", says: /has not started \(ContainerCreating\)/, action: /describe pod/,
    }],
    ["a pod that runs and isn't ready", pod("web-6f7c9-ccccc", "web", { status: { conditions: [scheduled, conditionOf("Ready", "False", 200)], containerStatuses: [container("web", { ready: false })] } }), {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", since: ago(200), says: /isn't ready/, action: /npm run logs -- web$/,
    }],
    ["a pod that doesn't open its port in the time that its startup probe lets it", startingPod(65), {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", says: /isn't ready.* \(web: its startup probe: nothing listens on its port\)$/, action: /logs -- web$/,
    }],
    ["a pod whose probe prints a secret", { pods: [unready(200)], events: [probeEvent("Readiness probe failed: password=hunter2")] }, {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", says: /\(web: its readiness probe fails\)$/, action: /logs -- web$/,
    }],
    ["a pod of which an earlier one of the same name failed its probe", { pods: [unready(200)], events: [{ ...probeEvent("Readiness probe failed: HTTP probe failed with statuscode: 404"), lastTimestamp: ago(300) }] }, {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", says: /isn't ready.* \(web\)$/, action: /logs -- web$/,
    }],
    ["a program that the image lacks, of a workload without a setting for it", { pods: [...wellStack().pods, cantStart("CrashLoopBackOff", 'exec: "wget": executable file not found in $PATH')] }, {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", says: /container web can't be started: the image has no program "wget", 2 restarts$/, action: /^kubectl -n development describe pod web-6f7c9-ccccc$/,
    }],
    ["a container that the runtime can't start, between two attempts", { pods: [...wellStack().pods, cantStart("RunContainerError", "error mounting password=hunter2")] }, {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", says: /container web can't be started: StartError, exit code 128, 2 restarts$/, action: /^kubectl -n development describe pod/,
    }],
    ["a pod that fits on no node of a cloud, which has had the time to add one", { nodes: [cloudNode], pods: [...wellStack().pods, unschedulable(400, "0/1 nodes are available: 1 Insufficient cpu.")] }, {
        rule: "pod", severity: "failing", object: "Pod development/web-6f7c9-ccccc", says: /Insufficient/, action: /Add a node/,
    }],
    ["a database that the quota stops", { statefulSets: [statefulSet({ status: { replicas: 0, readyReplicas: 0 } })], pods: [], events: [{ reason: "FailedCreate", firstTimestamp: ago(30), message: 'pods "database-0" is forbidden: exceeded quota: quota', involvedObject: { name: "database", namespace: "development" } }] }, {
        rule: "pods-refused", severity: "outage", object: "StatefulSet development/database", since: ago(30), says: /none of its 1 pods is available: it can't create pods: .*exceeded quota/, action: /environment\.quota/,
    }],
    ["a pod whose node doesn't confirm its end", pod("web-6f7c9-ccccc", "web", { metadata: { deletionTimestamp: ago(1200) } }), {
        rule: "pod", severity: "risk", object: "Pod development/web-6f7c9-ccccc", says: /landfall-dev-worker doesn't confirm/, action: /delete node/,
    }],
    ["an eviction", pod("web-6f7c9-ccccc", "web", { status: { phase: "Failed", reason: "Evicted", message: "The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 900Mi.", startTime: ago(500), conditions: [], containerStatuses: [] } }), {
        rule: "pod-evicted", severity: "risk", object: "Pod development/web-6f7c9-ccccc", says: /evicted: The node was low on resource: ephemeral-storage$/, action: /field-selector=status\.phase=Failed/,
    }],
    ["a database that restarted", { pods: [pod("database-0", "database", { status: { containerStatuses: [container("database", { restartCount: 1, ...crash("OOMKilled", 137, 7200) })] } }, { owner: "StatefulSet", seconds: 9000 })] }, {
        rule: "pod-restarted", severity: "risk", object: "Pod development/database-0", since: ago(7200), says: /the database restarted once, last: out of memory/, action: /app\.database\.memory\.limit/,
    }],
    ["a pod that ran out of memory and runs again", pod("web-6f7c9-ccccc", "web", { status: { containerStatuses: [container("web", { restartCount: 1, ...crash("OOMKilled", 137, 600) })] } }), {
        rule: "pod-restarted", severity: "risk", object: "Pod development/web-6f7c9-ccccc", says: /restarted/, action: /memory\.limit/,
    }],
    ["no application", { deployments: [], statefulSets: [], pods: [] }, {
        rule: "nothing-runs", severity: "outage", object: "Namespace development", says: /isn't there/, action: /npm start/,
    }],
    ["a Deployment without any pod", { deployments: [deployment("web", { status: { availableReplicas: 0, conditions: [conditionOf("Available", "False", 100)] } })] }, {
        rule: "deployment", severity: "outage", object: "Deployment development/web", since: ago(100), says: /none of its 2 pods is available/, action: /describe deployment web/,
    }],
    ["a Deployment that the quota stops", { deployments: [deployment("web", { status: { availableReplicas: 1, conditions: [conditionOf("Available", "True", 900), conditionOf("ReplicaFailure", "True", 50, { reason: "FailedCreate", message: 'pods "web-x" is forbidden: exceeded quota: quota, requested: pods=1' })] } })] }, {
        rule: "pods-refused", severity: "failing", object: "Deployment development/web", says: /exceeded quota/, action: /environment\.quota/,
    }],
    ["a rollout that is stuck", { deployments: [deployment("web", { status: { updatedReplicas: 1, conditions: [conditionOf("Available", "True", 900), conditionOf("Progressing", "False", 50, { reason: "ProgressDeadlineExceeded" })] } })] }, {
        rule: "deployment", severity: "failing", object: "Deployment development/web", says: /stuck: 1 of 2/, action: /rollout undo deployment web/,
    }],
    ["a Deployment that someone has scaled to nothing", { deployments: [deployment("web", { spec: { replicas: 0 } })] }, {
        rule: "deployment", severity: "outage", object: "Deployment development/web", says: /0 replicas/, action: /scale deployment web --replicas/,
    }],
    ["a rollout that someone has paused", { deployments: [deployment("web", { spec: { paused: true } })] }, {
        rule: "deployment", severity: "risk", object: "Deployment development/web", says: /paused/, action: /rollout resume/,
    }],
    ["a database without its pod", { pods: wellStack().pods.filter(each => !JSON.stringify(each).includes("database-0")), statefulSets: [statefulSet()] }, {
        rule: "stateful-set", severity: "outage", object: "StatefulSet development/database", says: /none of its pods is ready/, action: /describe statefulset database/,
    }],
    ["a database whose certificate ends within a year", { statefulSets: [statefulSet({ metadata: { annotations: { [expiryAnnotation]: ago(-300 * 86_400) } } })] }, {
        rule: "server-certificate", severity: "risk", object: "StatefulSet development/database", says: /ends in (299|300) days; without another, its clients refuse it/, action: /npm start/,
    }],
    ["a database whose certificate has ended", { statefulSets: [statefulSet({ metadata: { annotations: { [expiryAnnotation]: ago(60) } } })] }, {
        rule: "server-certificate", severity: "outage", object: "StatefulSet development/database", says: /has ended/, action: /npm start/,
    }],
    ["an autoscaler at its maximum", { autoscalers: [autoscaler({ status: { currentReplicas: 5, desiredReplicas: 5, conditions: [conditionOf("ScalingActive", "True", 900), conditionOf("ScalingLimited", "True", 120, { reason: "TooManyReplicas" })] } })] }, {
        rule: "autoscaler-maximum", severity: "risk", object: "HorizontalPodAutoscaler development/web", since: ago(120), says: /maximum of 5 replicas, and the load asks for more/, action: /web\.replicas\.max/,
    }],
    ["an autoscaler that has just reached its maximum", { autoscalers: [autoscaler({ status: { desiredReplicas: 5, conditions: [conditionOf("ScalingLimited", "False", 9, { reason: "DesiredWithinRange" })] } })] }, {
        rule: "autoscaler-maximum", severity: "risk", object: "HorizontalPodAutoscaler development/web", says: /maximum of 5 replicas$/, action: /replicas\.max/,
    }],
    ["an autoscaler that can't measure", { autoscalers: [autoscaler({ status: { conditions: [conditionOf("ScalingActive", "False", 400, { reason: "FailedGetResourceMetric", message: "unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API" })] } })] }, {
        rule: "autoscaler-blind", severity: "failing", object: "HorizontalPodAutoscaler development/web", says: /can't measure the load.*unable to get metrics/, action: /metrics\.k8s\.io/,
    }],
    ["a claim that waits", { claims: [claim({ status: { phase: "Pending" }, metadata: { creationTimestamp: ago(300) } })], pods: [...wellStack().pods, pod("database-0", "database", { spec: { volumes: [{ persistentVolumeClaim: { claimName: "database-data" } }] } })] }, {
        rule: "claim", severity: "failing", object: "PersistentVolumeClaim development/database-data", says: /class landfall-local, and database waits/, action: /describe pvc database-data/,
    }],
    ["a file system that Google refuses", { claims: [filestore(70)], events: [filestoreEvent("ResourceExhausted")] }, {
        rule: "claim", severity: "failing", object: "PersistentVolumeClaim development/web-uploads", says: /ResourceExhausted/, action: /describe pvc/,
    }],
    ["a file system that Google doesn't make", { claims: [filestore(500)], events: [filestoreEvent("DeadlineExceeded")] }, {
        rule: "claim", severity: "failing", object: "PersistentVolumeClaim development/web-uploads", says: /DeadlineExceeded/, action: /describe pvc/,
    }],
    ["a new node that never gets a network", { nodes: [node("one"), newNode(310)] }, {
        rule: "node-ready", severity: "failing", object: "Node two", says: /cni plugin not initialized/, action: /describe node two/,
    }],
    ["a database that is scaled to 0, and that the quota once stopped", { statefulSets: [statefulSet({ spec: { replicas: 0 }, status: { replicas: 0, readyReplicas: 0 } })], pods: [], events: [{ reason: "FailedCreate", firstTimestamp: ago(900), message: "exceeded quota", involvedObject: { name: "database", namespace: "development" } }] }, {
        rule: "stateful-set", severity: "outage", object: "StatefulSet development/database", says: /scaled to 0/, action: /--replicas=1/,
    }],
    ["a claim that no volume can be made for", { claims: [claim({ status: { phase: "Pending" }, metadata: { creationTimestamp: ago(300) } })], events: [{ reason: "ProvisioningFailed", message: 'storageclass.storage.k8s.io "fast" not found', involvedObject: { kind: "PersistentVolumeClaim", name: "database-data", namespace: "development" } }] }, {
        rule: "claim", severity: "failing", object: "PersistentVolumeClaim development/database-data", says: /"fast" not found/, action: /pvc/,
    }],
    ["a claim that has lost its volume", { claims: [claim({ status: { phase: "Lost" } })] }, {
        rule: "claim", severity: "outage", object: "PersistentVolumeClaim development/database-data", says: /lost/, action: /pvc/,
    }],
    ["a volume that can't grow", { claims: [claim({ status: { conditions: [conditionOf("ControllerResizeError", "True", 60)] } })] }, {
        rule: "claim", severity: "risk", object: "PersistentVolumeClaim development/database-data", says: /new size/, action: /pvc/,
    }],
    ["a quota that is used up", { quotas: [quota({ "limits.memory": "16384Mi" })] }, {
        rule: "quota", severity: "risk", object: "ResourceQuota development/quota", says: /used up: 16384Mi of 16Gi limits\.memory/, action: /environment\.quota/,
    }],
    ["pods whose PriorityClass the environment doesn't admit", { deployments: [deployment("web", { status: { availableReplicas: 1, conditions: [conditionOf("Available", "True", 900), conditionOf("ReplicaFailure", "True", 50, { reason: "FailedCreate", message: 'pods "web-x" is forbidden: exceeded quota: priorities, requested: pods=1' })] } })] }, {
        rule: "pods-refused", severity: "failing", object: "Deployment development/web", says: /exceeded quota: priorities/, action: /priorityClassName/,
    }],
    ["pods whose PriorityClass is gone", { deployments: [deployment("web", { status: { availableReplicas: 1, conditions: [conditionOf("Available", "True", 900), conditionOf("ReplicaFailure", "True", 50, { reason: "FailedCreate", message: 'pods "web-x" is forbidden: no PriorityClass with name landfall-low was found' })] } })] }, {
        rule: "pods-refused", severity: "failing", object: "Deployment development/web", says: /no PriorityClass/, action: /PriorityClasses again.*npm start/,
    }],
    ["pods that made room for others", { preemptions: [preemption("web-6f7c9-ccccc", 300), preemption("web-6f7c9-ddddd", 200)] }, {
        rule: "pod-preempted", severity: "risk", object: "Pods development/web-6f7c9-ccccc, web-6f7c9-ddddd", since: ago(300),
        says: /preempted: the cluster is full, and production\/web-55d4f-x2x8l of a higher priority/, action: /Add a node/,
    }],
    ["an autoscaler at its maximum whose pods are busy", { autoscalers: [autoscaler({ spec: { metrics: [{ resource: { target: { averageUtilization: 70 } } }] }, status: { desiredReplicas: 5, currentMetrics: [{ resource: { current: { averageUtilization: 140 } } }], conditions: [conditionOf("ScalingLimited", "True", 90, { reason: "TooManyReplicas" })] } })] }, {
        rule: "autoscaler-maximum", severity: "risk", object: "HorizontalPodAutoscaler development/web", says: /asks for more: its pods use 140 % of the CPU they request, and should use 70 %$/, action: /replicas\.max/,
    }],
    ["a volume that is nearly full", { nodeStats: [nodeStats(0.5, 0.913)] }, {
        rule: "volume-full", severity: "risk", object: "PersistentVolumeClaim development/database-data", says: /^91 % of its space is used$/, action: /app\.database\.volume/,
    }],
    ["a volume that is full", { nodeStats: [nodeStats(0.5, 0.985)] }, {
        rule: "volume-full", severity: "failing", object: "PersistentVolumeClaim development/database-data", says: /^98 % of its space/, action: /npm start$/,
    }],
    ["a volume with no room for another file", { nodeStats: [nodeStats(0.5, 0.2, { inodesUsed: 95, inodesFree: 5 })] }, {
        rule: "volume-full", severity: "risk", object: "PersistentVolumeClaim development/database-data", says: /^95 % of its number of files/, action: /Delete/,
    }],
    ["a logs' volume that the store couldn't keep free", { claims: [logClaim], nodeStats: [logStats(0.98)] }, {
        rule: "volume-full", severity: "failing", object: "PersistentVolumeClaim landfall-logs/log-store-data", says: /^98 % of its space/, action: /landfall:logs\.volume/,
    }],
    ["a node whose disk fills up, which a directory on it shows too", { nodeStats: [nodeStats(0.9, 0.9, { capacityBytes: 100 * 2 ** 30 })] }, {
        rule: "node-disk", severity: "risk", object: "Node landfall-dev-worker", says: /^90 % of its disk is used/, action: /describe node landfall-dev-worker/,
    }],
    ["a budget that blocks every drain", { budgets: [budget({ status: { disruptionsAllowed: 0, desiredHealthy: 2, conditions: [conditionOf("DisruptionAllowed", "False", 900, { reason: "InsufficientPods" })] } })] }, {
        rule: "disruption-budget", severity: "risk", object: "PodDisruptionBudget development/web", says: /allows no disruption although all 2 pods/, action: /describe pdb web/,
    }],
    ["a load balancer without an address", { services: [service({ status: { loadBalancer: {} } })].map(each => ({ ...each, status: { loadBalancer: {} } })) }, {
        rule: "load-balancer", severity: "outage", object: "Service landfall-gateway/envoy", says: /no address/, action: /describe service envoy/,
    }],
    ["a gateway that no controller knows", { gateways: [gateway({ status: { conditions: [{ ...conditionOf("Accepted", "Unknown", 0), lastTransitionTime: "1970-01-01T00:00:00Z" }] } })] }, {
        rule: "gateway", severity: "outage", object: "Gateway landfall-gateway/gateway", since: ago(3600), says: /isn't accepted: no controller has answered/, action: /describe gateway/,
    }],
    ["a gateway that isn't programmed", { gateways: [gateway({ status: { conditions: [conditionOf("Accepted", "True", 900), conditionOf("Programmed", "False", 300, { reason: "ListenersNotValid", message: "Listeners are not valid" })] } })] }, {
        rule: "gateway", severity: "outage", object: "Gateway landfall-gateway/gateway", says: /isn't programmed: Listeners are not valid/, action: /describe gateway/,
    }],
    ["a listener without its certificate", { gateways: [gateway({ status: { listeners: [{ name: "https", conditions: [conditionOf("ResolvedRefs", "False", 300, { message: "Secret not found" })] }] } })] }, {
        rule: "gateway", severity: "outage", object: "Gateway landfall-gateway/gateway", says: /listener https doesn't work: Secret not found/, action: /describe gateway/,
    }],
    ["a route that the gateway refuses", { routes: [route({ status: { parents: [{ conditions: [conditionOf("Accepted", "False", 300, { message: "not allowed by listeners" })] }] } })] }, {
        rule: "route", severity: "outage", object: "HTTPRoute development/web", says: /not allowed by listeners/, action: /describe httproute web/,
    }],
    ["a route that no gateway takes", { routes: [route({ status: { parents: [] } })] }, {
        rule: "route", severity: "outage", object: "HTTPRoute development/web", says: /no gateway has taken it/, action: /httproute/,
    }],
    ["a certificate that isn't issued", {
        certificates: [certificate({ status: { notAfter: undefined, renewalTime: undefined, conditions: [conditionOf("Ready", "False", 900, { reason: "DoesNotExist", message: "Issuing certificate as Secret does not exist" })] } })],
        challenges: [{ metadata: { name: "gateway-tls-1-2-3", namespace: "landfall-certificates" }, spec: { dnsName: "www.example.com" }, status: { state: "pending", reason: "Waiting for HTTP-01 challenge propagation: no such host" } }],
    }, {
        rule: "certificate", severity: "outage", object: "Certificate landfall-certificates/gateway-tls", says: /isn't issued for wordpress\.localhost: Waiting for HTTP-01/, action: /Does www\.example\.com lead to the gateway/,
    }],
    ["a host that nobody can reach yet, and nothing about the listener and the route that wait for its certificate", {
        certificates: [certificate(), certificate({
            metadata: { name: "gateway-example.com" }, spec: { dnsNames: ["example.com"] },
            status: { notAfter: undefined, renewalTime: undefined, conditions: [conditionOf("Ready", "False", 900, { message: "Issuing certificate as Secret does not exist" })] },
        })],
        gateways: [gateway({
            spec: { listeners: [{ name: "https-example.com", tls: { certificateRefs: [{ name: "gateway-example.com" }] } }] },
            status: {
                conditions: [conditionOf("Accepted", "True", 900), conditionOf("Programmed", "False", 900, { reason: "ListenersNotValid", message: "Listeners are not valid" })],
                listeners: [{ name: "https-example.com", conditions: [conditionOf("ResolvedRefs", "False", 900, { message: "Secret not found" })] }],
            },
        })],
        routes: [route(), route({ spec: { hostnames: ["example.com"] }, status: { parents: [{ conditions: [conditionOf("Accepted", "False", 900, { message: "No listeners match this parent ref" })] }] } })],
    }, {
        rule: "certificate", severity: "outage", object: "Certificate landfall-certificates/gateway-example.com", says: /isn't issued for example\.com/, action: /describe certificate/,
    }],
    ["a certificate near its end", { certificates: [certificate({ status: { notAfter: ago(-5 * 86_400), renewalTime: ago(25 * 86_400) } })] }, {
        rule: "certificate", severity: "failing", object: "Certificate landfall-certificates/gateway-tls", says: /ends in 5 days, and hasn't been renewed in time$/, action: /describe certificate/,
    }],
    ["a certificate past its end", { certificates: [certificate({ status: { notAfter: ago(60) } })] }, {
        rule: "certificate", severity: "outage", object: "Certificate landfall-certificates/gateway-tls", since: ago(60), says: /has expired/, action: /describe certificate/,
    }],
    ["a certificate of a former host", { certificates: [certificate({ status: { conditions: [conditionOf("Ready", "False", 900, { reason: "RequestChanged", message: "Fields on existing CertificateRequest are out of date" })] } })] }, {
        rule: "certificate", severity: "failing", object: "Certificate landfall-certificates/gateway-tls", says: /isn't the one that is asked for/, action: /describe certificate/,
    }],
    ["a node that is silent", { nodes: [node("one"), node("two", { status: { conditions: [conditionOf("Ready", "Unknown", 200, { reason: "NodeStatusUnknown" })] } })] }, {
        rule: "node-ready", severity: "failing", object: "Node two", since: ago(200), says: /doesn't answer/, action: /kubectl describe node two/,
    }],
    ["no node that is ready", { nodes: [node("one", { status: { conditions: [conditionOf("Ready", "False", 200, { message: "container runtime network not ready" })] } })] }, {
        rule: "node-ready", severity: "outage", object: "Node one", says: /network not ready/, action: /describe node one/,
    }],
    ["a node whose disk is full", { nodes: [node("one", { status: { conditions: [conditionOf("Ready", "True", 900), conditionOf("DiskPressure", "True", 60)] } })] }, {
        rule: "node-pressure", severity: "failing", object: "Node one", says: /disk space/, action: /Free space/,
    }],
    ["a node that was left cordoned", { nodes: [node("one"), node("two", { spec: { unschedulable: true, taints: [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule", timeAdded: ago(7200) }] } })] }, {
        rule: "node-cordoned", severity: "risk", object: "Node two", since: ago(7200), says: /cordoned/, action: /kubectl uncordon two/,
    }],
    ["a task that failed", { cronJobs: [cronJob({ status: { lastSuccessfulTime: ago(600) } })], jobs: [job("scheduled-tasks-2", [conditionOf("Failed", "True", 30, { reason: "DeadlineExceeded" })])] }, {
        rule: "task-failed", severity: "risk", object: "CronJob development/scheduled-tasks", since: ago(30), says: /last run failed \(it took longer than it may\)/, action: /npm run logs -- tasks/,
    }],
    ["a backup that failed", { cronJobs: [cronJob({ metadata: { name: "backup" }, spec: { schedule: "0 3 * * *" }, status: { lastScheduleTime: ago(9 * 3600), lastSuccessfulTime: ago(33 * 3600) } })], jobs: [job("backup-2", [conditionOf("Failed", "True", 8 * 3600, { reason: "BackoffLimitExceeded" })], {}, { kind: "CronJob", name: "backup" })] }, {
        rule: "task-failed", severity: "failing", object: "CronJob development/backup", says: /BackoffLimitExceeded/, action: /logs job\/backup-2/,
    }],
    ["a database that restarted alone on its node", { pods: startedAgain("Error", 1).map(one => ((one.metadata as Fields).name === "database-0" ? one : { ...one, status: pod("", "").status })) }, {
        rule: "pod-restarted", severity: "risk", object: "Pod development/database-0", since: ago(600), says: /the database restarted 3 times/, action: /logs -- database --previous/,
    }],
    ["a task that is late since the cluster was started", { pods: [...wellStack().pods, manager(1200)], cronJobs: [cronJob({ status: { lastScheduleTime: ago(7 * 86_400), lastSuccessfulTime: ago(7 * 86_400) } })] }, {
        rule: "task-late", severity: "risk", object: "CronJob development/scheduled-tasks", since: ago(7 * 86_400 - 60), says: /has been due for 6 days/, action: /describe cronjob/,
    }],
    ["a task that is late", { cronJobs: [cronJob({ status: { lastScheduleTime: ago(1200), lastSuccessfulTime: ago(1190) } })] }, {
        rule: "task-late", severity: "risk", object: "CronJob development/scheduled-tasks", says: /has been due for 19 min and doesn't run/, action: /describe cronjob/,
    }],
    ["a task whose run doesn't end", { cronJobs: [cronJob({ status: { lastScheduleTime: ago(3600), lastSuccessfulTime: ago(3700) } })], jobs: [job("scheduled-tasks-9", [], { metadata: { creationTimestamp: ago(3600) } })] }, {
        rule: "task-late", severity: "risk", object: "CronJob development/scheduled-tasks", says: /scheduled-tasks-9 doesn't end/, action: /describe job scheduled-tasks-9/,
    }],
    ["a task that is suspended", { cronJobs: [cronJob({ spec: { suspend: true } })] }, {
        rule: "task-late", severity: "risk", object: "CronJob development/scheduled-tasks", says: /suspended/, action: /--patch "spec: \{suspend: false\}"$/,
    }],
    ["a Job that failed", { jobs: [job("contour-certgen", [conditionOf("Failed", "True", 30, { reason: "BackoffLimitExceeded" })], {}, {})] }, {
        rule: "job-failed", severity: "failing", object: "Job development/contour-certgen", says: /failed \(BackoffLimitExceeded\)/, action: /logs job\/contour-certgen/,
    }],
    ["a volume's snapshot that failed", { volumeSnapshots: [{ metadata: { name: "nightly", namespace: "development", creationTimestamp: ago(300) }, status: { readyToUse: false, error: { time: ago(200), message: "quota of snapshots reached" } } }] }, {
        rule: "volume-snapshot", severity: "failing", object: "VolumeSnapshot development/nightly", since: ago(200), says: /quota of snapshots/, action: /describe volumesnapshot nightly/,
    }],
];

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
        // These judge what isn't an object, or only with some settings; they are tried below.
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

    it("has no control characters of the cluster in it", () => {
        const [{ matter }] = withPod(unschedulable(300, "0/2 \u001b[2J\u001b]0;title\u0007nodes\r\nare\u202e available"));
        expect(matter).toBe("can't be scheduled: 0/2 nodes are available");
    });
});

/** Anything that JSON can hold in the place of what is expected. */
const oddValue = fc.oneof(fc.constantFrom(null, true, 0, -1, 1e308, "", "True", "x", "2026-11-29T11:00:00Z", [], {}, [null], [[]]), fc.jsonValue({ maxDepth: 2 }));

/** An object with some of its fields taken out or replaced. */
function damaged(value: unknown): fc.Arbitrary<unknown> {
    if (typeof value !== "object" || value === null) return fc.oneof({ weight: 5, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: oddValue });
    const inner = Array.isArray(value)
        ? fc.tuple(...value.map(damaged))
        : fc.record(Object.fromEntries(Object.entries(value).map(([key, each]) => [key, damaged(each)])), { requiredKeys: [] });
    return fc.oneof({ weight: 20, arbitrary: inner as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: oddValue });
}

describe("odd objects", () => {
    const seen = alarms.map(([, changed]): Observed => ("metadata" in changed ? { ...wellStack(), pods: [changed] } : { ...wellStack(), ...changed }));

    it("never keep the others from being judged", () => {
        const some = fc.constantFrom(...seen).chain(objects => damaged(objects));
        fc.assert(fc.property(some, objects => {
            const lists = Object.fromEntries(kinds.map(kind => {
                const found = (objects as Partial<Observed> | null)?.[kind];
                return [kind, Array.isArray(found) ? found.filter(each => typeof each === "object" && each !== null) : []];
            })) as unknown as Observed;
            for (const problem of judge(lists)) {
                expect(problem.matter).not.toMatch(/undefined|NaN|\[object/);
                expect(problem.action).not.toMatch(/undefined|\[object/);
            }
        }), { numRuns: 400 });
    });

    it.each(kinds)("of the kind %s may be anything", (kind: Kind) => {
        fc.assert(fc.property(fc.array(fc.dictionary(fc.constantFrom("metadata", "spec", "status", "type", "involvedObject"), oddValue)), objects => {
            expect(() => judge(observed({ [kind]: objects }))).not.toThrow();
        }), { numRuns: 100 });
    });
});

it.each([
    ["landfall.local/web:2026-11-29-63819a312c80", "2026-11-29"],
    [`registry.example:5000/team/web:2026-11-29-63819a312c80-arm64@sha256:${"0".repeat(64)}`, "2026-11-29"],
    ["registry.example/team/images:database-2026-11-29-63819a312c80", "2026-11-29"],
    ["docker.io/envoyproxy/envoy:v1.36.2", undefined],
    ["x", undefined],
])("the image %s is of %s", (image, date) => expect(imageDate(image)).toBe(date));

describe("a schedule", () => {
    const from = Date.parse("2026-11-29T12:00:30Z"); // a Sunday
    it.each([
        ["* * * * *", "2026-11-29T12:01:00Z"],
        ["*/15 * * * *", "2026-11-29T12:15:00Z"],
        ["0 3 * * *", "2026-11-30T03:00:00Z"],
        ["17 3 1 * *", "2026-12-01T03:17:00Z"],
        ["0 0 * * 1-5", "2026-11-30T00:00:00Z"],
        ["30 6,18 * * 7", "2026-11-29T18:30:00Z"],
        ["0 0 13 * 5", "2026-12-04T00:00:00Z"],
        ["@daily", "2026-11-30T00:00:00Z"],
        ["0 0 29 2 *", undefined],
        ["every day", undefined],
        ["61 * * * *", undefined],
        ["*/0 * * * *", undefined],
    ])("of %s is next due at %s", (schedule, due) => {
        const next = nextRun(schedule, from);
        expect(next === undefined ? undefined : new Date(next).toISOString().replace(".000", "")).toBe(due);
    });
});

describe("snapshots of etcd", () => {
    const notes = (name: string, given: Record<string, string>): Fields => node(name, {
        metadata: { annotations: Object.fromEntries(Object.entries(given).map(([key, value]) => [`landfall.dev/snapshot-${key}`, value])) },
    });
    const told = (nodes: Fields[], pods = wellStack().pods, etcdSnapshots = true): Problem[] =>
        judge({ ...wellStack(), nodes, pods }, "server", { etcdSnapshots });
    const good = { taken: ago(1200), due: ago(-2400) };

    it.each<[what: string, nodes: Fields[]]>([
        ["one was taken", [notes("one", good), node("two")]],
        ["one was taken again after one that failed, by another node too", [
            notes("one", { failed: `${ago(5000)} Fatal: no space`, taken: ago(9000), due: ago(1400) }), notes("two", good),
        ]],
        ["one is due, and may still be under way", [notes("one", { taken: ago(5000), due: ago(1400) })]],
        ["the next isn't known", [notes("one", { taken: ago(86_400) })]],
        ["the nodes couldn't be read", []],
    ])("are well where %s", (_, nodes) => {
        expect(told(nodes)).toEqual([]);
    });

    it.each<[what: string, nodes: Fields[], severity: string, says: RegExp, action: RegExp]>([
        ["the last failed", [notes("one", { ...good, failed: `${ago(60)} Fatal: no space left on device` }), node("two")], "failing",
            /^failed 60 s ago on one: Fatal: no space left on device\. The last good one is 20 min old$/, /take one on one as root: systemctl start landfall-snapshot\./],
        ["the last failed on another node", [notes("one", good), notes("two", { failed: `${ago(60)} refused`, due: ago(-2400) })], "failing",
            /^failed 60 s ago on two: refused\. The last good one is 20 min old$/, /on two as root/],
        ["the last failed, where another machine may lead etcd by now", ["one", "two"].map(name => node(name, { metadata: {
            labels: { "node-role.kubernetes.io/control-plane": "" },
            annotations: name === "one" ? { "landfall.dev/snapshot-failed": `${ago(60)} No snapshot was taken.` } : {},
        } })), "failing", /^failed 60 s ago on one: No snapshot was taken\. There is no good one yet$/, /take one on each control-plane machine as root.* on one$/],
        ["the first failed, without a word", [notes("one", { failed: ago(60) })], "failing", /^failed 60 s ago on one: it gave no reason\. There is no good one yet$/, /on one/],
        ["one has been due for long", [notes("one", { taken: ago(9000), due: ago(5400) })], "failing",
            /^has been due for 90 min\. The last good one is 2 h old$/, /on one\. As root: systemctl status landfall-snapshot\.timer/],
        ["none is recorded", [node("one")], "risk", /^isn't recorded on any machine$/, /^npm start -- --stack server\. If that changes nothing/],
        ["the records can't be read", [notes("one", { taken: "x", failed: "\u001b[31m", due: "y" })], "risk", /^isn't recorded on any machine$/, /npm start/],
    ])("are not well where %s", (_, nodes, severity, says, action) => {
        expect(told(nodes)).toEqual([{
            rule: "etcd-snapshot", object: "The snapshot of etcd", severity, matter: expect.stringMatching(says), action: expect.stringMatching(action),
        }]);
    });

    it("may be late while the cluster has only just been started again", () => {
        const late = [notes("one", { taken: ago(90_000), due: ago(86_400) })];
        expect(told(late, [...wellStack().pods, manager(600)])).toEqual([]);
        expect(told(late, [...wellStack().pods, manager(6000)])).toHaveLength(1);
    });

    it("are nothing to a stack that takes none", () => {
        expect(told([node("one")], wellStack().pods, false)).toEqual([]);
    });
});
