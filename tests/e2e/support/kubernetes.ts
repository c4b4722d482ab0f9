import * as k8s from "@kubernetes/client-node";
import * as net from "node:net";
import { Writable } from "node:stream";
import { run } from "../../../infra/offline/kit/run";
import { Executed } from "./execute";
import { isOurs, names } from "./names";
import { patiently } from "./patience";
import { until } from "./wait";

/** The suite's cluster, with its administrator's rights. */
export class Cluster {
    readonly core: k8s.CoreV1Api;
    readonly apps: k8s.AppsV1Api;
    readonly autoscaling: k8s.AutoscalingV2Api;
    readonly objects: k8s.KubernetesObjectApi;
    private readonly custom: k8s.CustomObjectsApi;

    private constructor(private readonly config: k8s.KubeConfig) {
        this.core = readingPatiently(config.makeApiClient(k8s.CoreV1Api));
        this.apps = readingPatiently(config.makeApiClient(k8s.AppsV1Api));
        this.autoscaling = readingPatiently(config.makeApiClient(k8s.AutoscalingV2Api));
        this.custom = config.makeApiClient(k8s.CustomObjectsApi);
        this.objects = readingPatiently(k8s.KubernetesObjectApi.makeApiClient(config));
    }

    /** Connects by the kubeconfig that kind gives. */
    static async connect(): Promise<Cluster> {
        const config = new k8s.KubeConfig();
        config.loadFromString(await patiently(() => run("kind", ["get", "kubeconfig", "--name", names.cluster])));
        return new Cluster(config);
    }

    /** Connects to another cluster, by the kubeconfig that `npm start` has written. */
    static of(file: string): Cluster {
        const config = new k8s.KubeConfig();
        config.loadFromFile(file);
        return new Cluster(config);
    }

    /** Names of all namespaces of ours. */
    async namespaces(): Promise<string[]> {
        const { items } = await this.core.listNamespace();
        return items.map(nameOf).filter(isOurs).sort();
    }

    /** What the cluster has warned of, for an hour at most. */
    async warnings(): Promise<k8s.CoreV1Event[]> {
        return (await this.core.listEventForAllNamespaces({ fieldSelector: "type=Warning" })).items;
    }

    /** The workload's pods that are not about to end, by name. */
    async pods(workload: string, namespace = names.environment): Promise<k8s.V1Pod[]> {
        const labelSelector = `app.kubernetes.io/name=${workload}`;
        const { items } = await this.core.listNamespacedPod({ namespace, labelSelector });
        const living = items.filter(pod => !pod.metadata?.deletionTimestamp && pod.status?.phase !== "Failed");
        return living.sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
    }

    /** Whether a ServiceAccount may list such objects in a namespace. */
    async mayList({ name, namespace }: { name: string; namespace: string }, resource: string, inside: string): Promise<boolean> {
        const review: k8s.V1SubjectAccessReview = {
            apiVersion: "authorization.k8s.io/v1",
            kind: "SubjectAccessReview",
            metadata: {},
            spec: {
                user: `system:serviceaccount:${namespace}:${name}`,
                groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
                resourceAttributes: { namespace: inside, verb: "list", resource },
            },
        };
        const { status } = await this.objects.create(review) as k8s.V1SubjectAccessReview;
        if (status === undefined) throw new Error("The API server did not review the access");
        return status.allowed;
    }

    /** The one pod of the database. */
    async databasePod(): Promise<k8s.V1Pod> {
        const pods = await this.pods("database");
        if (pods.length !== 1) throw new Error(`There are ${pods.length} pods of the database`);
        return pods[0];
    }

    /** A pod of the workload that gets requests; of several the oldest, which the autoscaler takes away last. */
    readyPod(workload: string, namespace = names.environment): Promise<k8s.V1Pod> {
        const since = ({ metadata }: k8s.V1Pod): number => metadata?.creationTimestamp?.getTime() ?? 0;
        return until(`a ready pod of ${workload}`, async () =>
            (await this.pods(workload, namespace)).filter(isReady).sort((a, b) => since(a) - since(b))[0]);
    }

    /** Waits until the web's Deployment is as it is declared, with no old pod left; returns its pods. */
    settled(seconds = 600): Promise<k8s.V1Pod[]> {
        return until("the web's rollout to end", async () => {
            const { metadata, spec, status } = await this.webDeployment();
            const pods = await this.pods("web");
            const wanted = spec?.replicas ?? 1;
            const done = status?.observedGeneration === metadata?.generation && status?.updatedReplicas === wanted
                && status?.availableReplicas === wanted && status?.replicas === wanted;
            return done && pods.length === wanted && pods.every(isReady) && pods;
        }, seconds);
    }

    webDeployment(): Promise<k8s.V1Deployment> {
        return this.apps.readNamespacedDeployment({ name: "web", namespace: names.environment });
    }

    /** Changes the status of a custom resource, as its controller does. */
    async patchStatus(
        group: string, version: string, plural: string, { name, namespace }: { name: string; namespace: string },
        status: object,
    ): Promise<void> {
        await this.custom.patchNamespacedCustomObjectStatus(
            { group, version, namespace, plural, name, body: { status } },
            k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.MergePatch),
        );
    }

    /** Asks a pod by HTTP at one of its ports, also one that answers inside the pod alone; returns the body. */
    get(pod: k8s.V1Pod, port: number, path: string, request: RequestInit = {}): Promise<string> {
        return patiently(() => this.getOnce(pod, port, path, request));
    }

    private async getOnce(pod: k8s.V1Pod, port: number, path: string, request: RequestInit): Promise<string> {
        const forward = new k8s.PortForward(this.config);
        const server = net.createServer(socket => {
            socket.on("error", () => undefined);
            forward.portForward(pod.metadata?.namespace ?? "", nameOf(pod), [port], socket, null, socket)
                .catch((error: Error) => socket.destroy(error));
        });
        await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
        try {
            const answer = await fetch(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}${path}`, {
                ...request, headers: { ...request.headers, Connection: "close" },
            });
            if (!answer.ok) throw new Error(`${path} of ${nameOf(pod)}: ${answer.status}`);
            return await answer.text();
        } finally {
            server.close();
        }
    }

    /** Runs a command in a pod's first container. */
    async exec(pod: k8s.V1Pod, ...command: string[]): Promise<Executed> {
        const [stdout, stderr] = [new Collector(), new Collector()];
        const namespace = pod.metadata?.namespace ?? "";
        const container = pod.spec?.containers[0].name ?? "";
        const status = await new Promise<k8s.V1Status>((resolve, reject) => {
            // As long as there is no connection, the command hasn't begun.
            patiently(() => new k8s.Exec(this.config)
                .exec(namespace, nameOf(pod), container, command, stdout, stderr, null, false, resolve))
                .then(socket => {
                    socket.on("error", reject);
                    socket.on("close", () => reject(new Error(`exec in ${nameOf(pod)} broke off`)));
                }, ({ message }: { message: string }) => reject(new Error(`exec in ${nameOf(pod)}: ${message}`)));
        });
        const cause = status.details?.causes?.find(({ reason }) => reason === "ExitCode");
        if (status.status !== "Success" && !cause) throw new Error(`exec in ${nameOf(pod)}: ${status.message}`);
        return { code: cause ? Number(cause.message) : 0, stdout: stdout.text(), stderr: stderr.text() };
    }
}

/** The same client, which reads again where the API server is too busy. It doesn't write again: that may have been done. */
function readingPatiently<T extends object>(api: T): T {
    return new Proxy(api, {
        get(target, name) {
            const value: unknown = Reflect.get(target, name, target);
            if (typeof value !== "function" || !/^(read|list)/.test(String(name))) return value;
            return (...args: unknown[]) => patiently(() => Reflect.apply(value, target, args) as Promise<unknown>);
        },
    });
}

/** Keeps what is written to it. */
class Collector extends Writable {
    private readonly parts: Buffer[] = [];

    override _write(part: Buffer, _encoding: BufferEncoding, done: () => void): void {
        this.parts.push(part);
        done();
    }

    text(): string {
        return Buffer.concat(this.parts).toString();
    }
}

export function nameOf(object: k8s.KubernetesObject): string {
    return object.metadata?.name ?? "";
}

/** Whether a pod runs a task to its end: such come and go with the clock. */
export function isTask(pod: k8s.V1Pod): boolean {
    return pod.metadata?.ownerReferences?.some(({ kind }) => kind === "Job") ?? false;
}

/** Whether a pod gets requests. */
export function isReady(pod: k8s.V1Pod): boolean {
    return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}
