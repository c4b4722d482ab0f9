import "tsx/cjs"; // createCluster loads the target by `require`
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Capabilities, createCluster } from "../../../components/cluster";
import { Database, Environment, WebService } from "../../../components/workload";
import { readEnvironment } from "../../../components/workload/standing";
import type { PlatformGateway } from "../../../components/platform";
import { createLogs } from "../../../components/platform/logs";
import { logsToKeep, parseSettings } from "../../../infra/config";
import { runProgram } from "../../../infra/cli/capture/program";
import { refuseChanges } from "../../../infra/config/errors/refuse";
import { Services } from "../../../infra/services";
import { compared, compareWith } from "../../../infra/standing";
import { KubernetesApi, kubeconfigFor, type Stored } from "../fixtures/kubernetes-api";
import { wordPress } from "../support/application";

const api = new KubernetesApi();
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-standing-"));
const file = path.join(directory, "kubeconfig");
let server = "";
let kubeconfig = "";
beforeAll(async () => {
    server = await api.start();
    kubeconfig = kubeconfigFor(server);
    fs.writeFileSync(file, kubeconfig);
});
afterAll(async () => {
    await api.stop();
    fs.rmSync(directory, { recursive: true });
});
// What waits for a refused output is refused a little later; that is no other test's business.
const ignore = (): void => undefined;
beforeAll(() => void process.on("unhandledRejection", ignore));
afterAll(() => void process.off("unhandledRejection", ignore));
beforeEach(() => {
    api.reset();
    vi.unstubAllEnvs();
    vi.stubEnv("LANDFALL_RENDER", undefined);
});

function put(at: string, kind: string, metadata: object, more: object = {}): void {
    const name = at.split("/").pop();
    api.objects.set(at, { apiVersion: "v1", kind, metadata: { name, ...metadata }, ...more } as unknown as Stored);
}

interface Claim { size?: string; mode?: string; class?: string; capacity?: string; applied?: boolean; going?: boolean }

/** The claim of a workload in a namespace. */
function claim(owner: "database" | "web" | "log-store" | "cache", given: Claim = {}, namespace = "shop"): void {
    const { size = "7Gi", mode = owner === "web" ? "ReadWriteMany" : "ReadWriteOnce", class: name = "fast", capacity = size, applied = true } = given;
    put(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${owner === "web" ? "web-uploads" : `${owner}-data`}`, "PersistentVolumeClaim", {
        namespace, labels: { "app.kubernetes.io/name": owner }, ...(given.going && { deletionTimestamp: "2026-11-29T00:00:00Z" }),
        managedFields: [
            { manager: "x", operation: "Apply", fieldsV1: { "f:spec": applied ? { "f:storageClassName": {} } : { "f:resources": {} } } },
            { manager: "y", operation: "Update", fieldsV1: { "f:spec": { "f:volumeName": {} } } },
        ],
    }, { spec: { accessModes: [mode], storageClassName: name, resources: { requests: { storage: size } } }, status: { capacity: { storage: capacity } } });
}

function storageClass(name: string, provisioner: string, allowVolumeExpansion?: boolean): void {
    put(`/apis/storage.k8s.io/v1/storageclasses/${name}`, "StorageClass", {}, { provisioner, allowVolumeExpansion });
}

function environment(namespace: string, stack = "landfall/prod"): void {
    put(`/api/v1/namespaces/${namespace}/resourcequotas/quota`, "ResourceQuota", { namespace, annotations: { "landfall.dev/stack": stack } });
}

interface Given { cluster?: object; environment?: object; app?: object; logs?: object }

/** Runs a program on the existing cluster; why not, and the provider if it was registered, without which nothing in the cluster is. */
async function change({ cluster = {}, environment: env = {}, app = {}, logs = {} }: Given) {
    const settings = parseSettings({
        cluster: { target: "existing", kubeconfig: file, sharedStorageClass: "fast", storageClass: "fast", registry: "example.org/x", ...cluster },
        environment: { name: "shop", host: "www.example.org", quota: { storage: "1Ti" }, ...env },
        app: "type" in app ? app : { database: { volume: "7Gi" }, web: { uploads: { size: "7Gi" } }, ...app },
        logs,
    }, "prod");
    const registered: string[] = [];
    const message = await runProgram({
        stack: "prod",
        config: {},
        program: async () => {
            const cluster = createCluster(settings.cluster, { comparisons: compareWith(settings) });
            const { name, volumes } = settings.environment;
            const environment = new Environment("environment", { cluster, namespace: name, volumes });
            const kept = logsToKeep(settings);
            if (kept !== undefined) createLogs(cluster, { storageClasses: [], priorityClasses: [] }, kept, environment);
            if (settings.app.type === "services") {
                const { app, ...others } = settings;
                const gateway: PlatformGateway = {
                    name: "envoy", namespace: "landfall-gateway", cluster, gatewayName: "gateway", publishedHttps: 443, portSuffix: "", seesClients: true,
                };
                return void new Services("services", { settings: { ...others, app, secrets: {} }, environment, gateway });
            }
            const { database, web } = wordPress(settings);
            new Database("database", { ...database, environment, image: "example.org/database:1", database: "shop" });
            new WebService("web", {
                ...web, environment, image: "example.org/web:1", port: 8080, volumes: { "/uploads": { name: "uploads", ...web.uploads } },
            });
        },
    }, {
        register({ type, name, inputs }) {
            if (type === "pulumi:providers:kubernetes") registered.push(name);
            const spec = { clusterIP: "198.18.0.9", ...inputs.spec as object };
            return { id: name, outputs: { ...inputs, spec, ...(type.startsWith("random:") && { result: "generated" }) } };
        },
        read: id => ({ id, outputs: {} }),
        invoke: () => ({}), // the stack has never been up
    }).then(() => undefined, (error: Error) => error.message);
    if (message !== undefined) await new Promise(resolve => setTimeout(resolve, 100));
    return { message, registered };
}

const accepted = { message: undefined, registered: ["cluster-provider"] };

describe("data that stands", () => {
    beforeEach(() => {
        storageClass("fast", "ebs.csi.aws.com", true);
        storageClass("slow", "nfs.example.org");
        storageClass("paths", "rancher.io/local-path");
        environment("shop");
        claim("database");
        claim("web");
    });

    it.each<[string, Given]>([
        ["as it is", {}],
        ["larger", { app: { database: { volume: "8Gi" }, web: { uploads: { size: "70Gi" } } } }],
        ["the same in another notation", { app: { database: { volume: "7168Mi" }, web: { uploads: { size: "7Gi", storageClass: "fast" } } } }],
    ])("may be %s", async (_, given) => {
        expect(await change(given)).toEqual(accepted);
    });

    it.each<[string, Given, RegExp]>([
        ["smaller", { app: { database: { volume: "6.9Gi" } } }, /app\.database\.volume .*\n.*exists: 7Gi\n.*6\.9Gi\n/],
        ["of another class", { app: { database: { volume: "7Gi", storageClass: "slow" } } }, /app\.database\.storageClass .*\n.*fast\n.*slow\n/],
        ["of the cluster's other class", { cluster: { storageClass: "slow" } }, /cluster\.storageClass .*\n.*fast\n.*slow\n/],
        ["of a class that is left to the cluster", { cluster: { storageClass: undefined } }, /cluster\.storageClass .*\n.*fast\n.*nothing\n/],
        ["of another shared class", { cluster: { sharedStorageClass: "paths" } }, /cluster\.sharedStorageClass .*\n.*fast\n.*paths\n/],
        ["for one pod", { app: { web: { replicas: { max: 1 }, uploads: { size: "7Gi", accessMode: "ReadWriteOnce" } } } },
            /app\.web\.uploads\.accessMode .*\n.*ReadWriteMany\n.*ReadWriteOnce\n/],
        ["left behind by a new name", { environment: { name: "store" } }, /environment\.name .*\n.*shop\n.*store\n.*a stack of its own/],
    ])("can't be %s, and nothing in the cluster is made", async (_, given, expected) => {
        const { message, registered } = await change(given);
        expect(message).toMatch(expected);
        expect(registered).toEqual([]);
    });

    it("can't grow on a class that can't, and says so of directories", async () => {
        claim("database", { class: "slow" });
        claim("web", { class: "paths" });
        const classes = { cluster: { storageClass: "slow", sharedStorageClass: "paths" } };
        expect(await change(classes)).toEqual(accepted);
        const { message } = await change({ ...classes, app: { database: { volume: "8Gi" }, web: { uploads: { size: "8Gi" } } } });
        expect(message).toMatch(/exists: 7Gi, and its class slow can't grow a volume\n/);
        expect(message).toMatch(/exists: 7Gi, and its class paths can't grow a volume; its volumes are directories, which may hold more/);
    });

    it("is the logs' volume too, which may grow and may be given up", async () => {
        claim("log-store", { size: "12Gi" }, "landfall-logs");
        for (const logs of [{ keepDays: 9, volume: "12Gi" }, { keepDays: 400, volume: "13Gi" }, { keepDays: 0, volume: "1Gi" }]) {
            expect(await change({ logs })).toEqual(accepted);
        }
    });

    it.each<[string, object, RegExp]>([
        ["smaller", {}, /landfall:logs\.volume can't be changed in place\n.*exists: 12Gi\n.*10Gi\n.*way: .*save the logs \(`npm run logs -- --since/],
        ["of another class", { volume: "12Gi", storageClass: "slow" }, /logs\.storageClass .*\n.*fast\n.*slow\n/],
        ["of one that the cluster lacks", { volume: "12Gi", storageClass: "none" }, /logs\.storageClass can't be changed in place\n.*fast\n.*none\n/],
    ])("of logs can't be %s", async (_, logs, expected) => {
        claim("log-store", { size: "12Gi" }, "landfall-logs");
        const { message, registered } = await change({ logs: { keepDays: 9, ...logs } });
        expect(message).toMatch(expected);
        expect(registered).toEqual([]);
    });

    it("of logs needs a class of the cluster until it exists", async () => {
        const logs = { keepDays: 9, volume: "12Gi", storageClass: "gone" };
        expect((await change({ logs })).message).toMatch(/logs\.storageClass is no class of the cluster/);
        claim("log-store", { size: "12Gi", class: "gone" }, "landfall-logs");
        expect(await change({ logs })).toEqual(accepted);
    });

    it.each<[string, object, string, RegExp | undefined]>([
        ["as it is", { size: "7Gi" }, "10Gi", undefined],
        ["larger", { size: "9Gi" }, "10Gi", undefined],
        ["smaller", { size: "6Gi" }, "10Gi", /app\.services\.cache\.volumes\.\/data\.size .*\n.*exists: 7Gi\n.*6Gi\n/],
        ["of another class", { size: "7Gi", storageClass: "slow" }, "10Gi", /app\.services\.cache\.volumes\.\/data\.storageClass .*\n.*fast\n.*slow\n/],
        ["beside smaller logs", { size: "7Gi" }, "9Gi", /landfall:logs\.volume can't be changed in place/],
    ])("of a service: %s", async (_, data, volume, expected) => {
        claim("cache");
        claim("log-store", { size: "10Gi" }, "landfall-logs");
        const cache = { image: "example.org/cache:1", port: 6379, exposed: true, volumes: { "/data": data } };
        const { message } = await change({ app: { type: "services", services: { cache } }, logs: { keepDays: 9, volume } });
        if (expected === undefined) expect(message).toBeUndefined();
        else expect(message).toMatch(expected);
    });

    it("is let alone by another stack's name and by a name whose data is to go", async () => {
        environment("shop", "landfall/other");
        expect(await change({ environment: { name: "store" } })).toEqual(accepted);
        environment("shop");
        expect(await change({ environment: { name: "store", volumes: "delete" } })).toEqual(accepted);
        environment("store");
        expect(await change({ environment: { name: "store" } })).toEqual(accepted);
    });

    it("isn't compared if it is another stack's, whose namespace is refused as such", async () => {
        environment("shop", "landfall/other");
        expect(await change({ app: { database: { volume: "1Gi" } } })).toEqual(accepted);
    });

    it("may ask for less than it never got, but not for less than it has", async () => {
        claim("database", { size: "1Ti", capacity: "7Gi" });
        expect(await change({ app: { database: { volume: "20Gi" } } })).toEqual(accepted);
        expect((await change({ app: { database: { volume: "6Gi" } } })).message).toMatch(/exists: 7Gi\n/);
        claim("database", { size: "7Gi", capacity: "8Gi" });
        expect(await change({})).toEqual(accepted);
    });

    it("keeps a class that was left to the cluster unnamed", async () => {
        claim("database", { applied: false });
        expect(await change({ cluster: { storageClass: undefined } })).toEqual(accepted);
        expect((await change({})).message).toMatch(/cluster\.storageClass .*\n.*exists: nothing\n.*fast\n/);
    });

    it("is not what is going already", async () => {
        claim("database", { going: true });
        expect(await change({ app: { database: { volume: "1Gi" } } })).toEqual(accepted);
    });

    it("is not looked for where the program is only rendered", async () => {
        vi.stubEnv("LANDFALL_RENDER", "1");
        expect(await change({ app: { database: { volume: "1Gi" } } })).toEqual(accepted);
    });
});

describe("volumes on the disk of the only machine", () => {
    const several = { storageClass: "landfall-local", localDirectory: "/var/lib/volumes" } as Capabilities;
    const shares = { ...several, sharedStorageClass: "landfall-shared", sharedDirectory: "/srv/shared" };
    const single = { storageClass: "landfall-local", sharedStorageClass: "landfall-local", sharedDirectory: "/var/lib/volumes" } as Capabilities;

    /** Why the settings are refused where the database's volume is so. */
    async function refusalOf(capabilities: Capabilities, spec: object): Promise<string | undefined> {
        const settings = parseSettings({
            cluster: { target: "baremetal", nodes: { one: { host: "192.0.2.1" }, two: { host: "192.0.2.2", role: "worker" } } },
            environment: { name: "shop", host: "www.example.org", tls: { issuer: "ca" } },
            app: { database: { volume: "7Gi" }, web: { replicas: { min: 1, max: 1 }, uploads: { accessMode: "ReadWriteOnce" } } },
        }, "prod");
        environment("shop");
        claim("database", { class: "landfall-local" });
        (api.objects.get("/api/v1/namespaces/shop/persistentvolumeclaims/database-data") as unknown as { spec: { volumeName: string } }).spec.volumeName = "pv";
        put("/api/v1/persistentvolumes/pv", "PersistentVolume", {}, { spec });
        try {
            refuseChanges(settings, ...compared(settings, await readEnvironment(kubeconfig, "shop", "landfall/prod"), capabilities));
        } catch (error) {
            return (error as Error).message;
        }
        return undefined;
    }

    it("keep a second one out, whose pods would find them empty", async () => {
        const hostPath = { path: "/var/lib/volumes/shop/database" };
        for (const capabilities of [several, shares]) {
            expect(await refusalOf(capabilities, { hostPath })).toMatch(
                /cluster\.nodes can't be .*\n.*one machine, whose disk has the volumes of database\n.*several, each with .*\n.*way: .*back the data up/);
        }
        expect(await refusalOf(single, { hostPath })).toBeUndefined();
    });

    it("don't where their pods stay on their node, or all machines have the directory", async () => {
        expect(await refusalOf(several, { hostPath: { path: "/var/lib/volumes/shop/database" }, nodeAffinity: { required: {} } })).toBeUndefined();
        expect(await refusalOf(shares, { hostPath: { path: "/srv/shared/shop/database" } })).toBeUndefined();
    });
});

describe("a cluster", () => {
    it("without the class of a volume is refused, with those that it has", async () => {
        storageClass("slow", "nfs.example.org");
        const missing = await change({ cluster: { storageClass: "slow" } });
        expect(missing.message).toMatch(/landfall:cluster\.sharedStorageClass is no class of the cluster\n +given: +fast\n +allowed: slow$/);
        expect(missing.registered).toEqual([]);
        const named = await change({ cluster: { storageClass: "slow", sharedStorageClass: "slow" }, app: { database: { storageClass: "gp3", volume: "7Gi" } } });
        expect(named.message).toMatch(/landfall:app\.database\.storageClass is no class of the cluster\n +given: +gp3\n/);
        const byDefault = { cluster: { storageClass: undefined, sharedStorageClass: "slow" } };
        expect((await change(byDefault)).message).toMatch(/cluster\.storageClass is missing: the cluster has no default class\n +given: +nothing\n/);
        put("/apis/storage.k8s.io/v1/storageclasses/usual", "StorageClass",
            { annotations: { "storageclass.kubernetes.io/is-default-class": "true" } }, { provisioner: "x" });
        expect(await change(byDefault)).toEqual(accepted);
    });

    it("without the class of a volume that stands has it nevertheless", async () => {
        environment("shop");
        claim("database");
        claim("web");
        expect(await change({})).toEqual(accepted);
    });

    it("that answers late is waited for by an update: it would be changed once it does", async () => {
        claim("database");
        const gate = http.createServer((request, response) => {
            http.get(`${server}${request.url}`, answer => void answer.pipe(response.writeHead(answer.statusCode ?? 500)));
        });
        await new Promise<void>(resolve => gate.listen(0, "127.0.0.1", resolve));
        const { port } = gate.address() as AddressInfo;
        await new Promise(resolve => gate.close(resolve));
        const reading = readEnvironment(kubeconfigFor(`http://127.0.0.1:${port}`), "shop", "landfall/prod");
        setTimeout(() => gate.listen(port, "127.0.0.1"), 500);
        expect((await reading).volumes).toHaveLength(1);
        gate.closeAllConnections();
        await new Promise(resolve => gate.close(resolve));
    });

    it("that is empty, doesn't answer or doesn't tell has nothing to compare", async () => {
        storageClass("fast", "ebs.csi.aws.com", true);
        expect(await change({})).toEqual(accepted);
        claim("database");
        expect((await readEnvironment(kubeconfig, "shop", "landfall/prod")).volumes).toHaveLength(1);
        api.intercept = () => ({ code: 403, message: "no" });
        expect(await readEnvironment(kubeconfig, "shop", "landfall/prod")).toEqual({ volumes: [] });
        expect(await readEnvironment(kubeconfigFor("http://127.0.0.1:1"), "shop", "landfall/prod", 0)).toEqual({ volumes: [] });
    });
});

describe("an environment that sleeps", () => {
    const scaled = (kind: "StatefulSet" | "Deployment", name: string, replicas: number) =>
        put(`/apis/apps/v1/namespaces/shop/${kind.toLowerCase()}s/${name}`, kind, {
            namespace: "shop", labels: { "app.kubernetes.io/part-of": "landfall" },
        }, { spec: { replicas } });
    beforeEach(() => {
        storageClass("fast", "example.org/csi", true);
        environment("shop");
    });

    it.each(["StatefulSet", "Deployment"] as const)("doesn't lose what wakes its %s", async kind => {
        scaled("Deployment", "activator", 1);
        scaled(kind, "web", 0);
        const { message, registered } = await change({});
        expect(message).toMatch(/sleepAfter is left out, and the environment shop sleeps[^]*open www\.example\.org/);
        expect(registered).toEqual([]);
        expect(await change({ environment: { sleepAfter: 60 } })).toEqual(accepted);
    });

    it("may stay awake once it is, or if it has nothing that wakes it", async () => {
        scaled("Deployment", "web", 1);
        scaled("StatefulSet", "database", 0);
        scaled("Deployment", "activator", 1);
        expect(await change({})).toEqual(accepted);
        scaled("Deployment", "web", 0);
        api.objects.delete("/apis/apps/v1/namespaces/shop/deployments/activator");
        expect(await change({})).toEqual(accepted);
    });
});

describe("the gateway's load balancer", () => {
    const stands = (loadBalancerClass: string | undefined, manager = "pulumi-kubernetes-1", type = "LoadBalancer") => {
        put("/api/v1/namespaces/landfall-gateway/services/envoy", "Service", {
            namespace: "landfall-gateway",
            managedFields: [{ manager, operation: "Apply", fieldsV1: { "f:spec": loadBalancerClass ? { "f:loadBalancerClass": {} } : {} } }],
        }, { spec: { type, loadBalancerClass } });
        storageClass("fast", "ebs.csi.aws.com", true);
    };

    it.each<[string, () => void, object]>([
        ["keeps its class", () => stands("example.com/a"), { loadBalancerClass: "example.com/a" }],
        ["keeps the class that the cluster chose", () => stands("example.com/a", "webhook"), {}],
        ["may get the class that the cluster chose as a setting", () => stands("example.com/a", "webhook"), { loadBalancerClass: "example.com/a" }],
        ["may get any class when it is made", () => stands(undefined, "x", "NodePort"), { loadBalancerClass: "example.com/b" }],
        ["may get other annotations", () => stands("example.com/a"),
            { loadBalancerClass: "example.com/a", loadBalancerAnnotations: { "example.com/scheme": "internal" } }],
    ])("%s", async (_, make, cluster) => {
        make();
        expect(await change({ cluster })).toEqual(accepted);
    });

    it.each<[string, () => void, object, RegExp]>([
        ["another", () => stands("example.com/a"), { loadBalancerClass: "example.com/b" }, /exists: example.com\/a\n.*example.com\/b\n/],
        ["one", () => stands(undefined), { loadBalancerClass: "example.com/b" }, /exists: nothing\n.*example.com\/b\n/],
        ["none", () => stands("example.com/a"), {}, /exists: example.com\/a\n.*nothing\n/],
    ])("can't get %s class in place, and the refusal says how", async (_, make, cluster, expected) => {
        make();
        const { message, registered } = await change({ cluster });
        expect(message).toMatch(/cluster\.loadBalancerClass can't be changed in place/);
        expect(message).toMatch(expected);
        expect(message).toMatch(/delete service envoy/);
        expect(registered).toEqual([]);
    });
});
