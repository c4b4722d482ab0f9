import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { connect } from "../../../../../components/cluster/kubernetes-api";
import type { Place } from "../../../../../infra/cli/branch/platform";
import { writeRecord } from "../../../../../infra/cli/branch/records";
import { unloadImages } from "../../../../../infra/cli/branch/unload";
import type { Terminal } from "../../../../../infra/cli/terminal";
import { KubernetesApi, kubeconfigFor, type Manifest } from "../../../fixtures/kubernetes-api";

const api = new KubernetesApi();
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
const [script, result] = [path.join(directory, "unload.cjs"), path.join(directory, "images")];
let place: Place;
let said: string[];
const terminal = { line: (line = "") => void said.push(line) } as unknown as Terminal;

beforeAll(async () => {
    fs.writeFileSync(script, `require("fs").writeFileSync(${JSON.stringify(result)}, process.env.CLUSTER_NAME + process.env.IMAGES)`);
    const kubeconfig = kubeconfigFor(await api.start());
    place = { kubeconfig, connection: await connect(kubeconfig) };
});
afterAll(async () => {
    await api.stop();
    fs.rmSync(directory, { recursive: true });
});
beforeEach(() => {
    api.reset();
    said = [];
    fs.rmSync(result, { force: true });
    api.kinds.set("/apis/gateway.networking.k8s.io/v1", [["gateways", "Gateway", true]]);
    api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "landfall-certificates" } });
    api.put({ apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: { name: "gateway", namespace: "landfall-gateway" } });
    platform({ method: "load", script: "load.cjs", unload: path.relative(process.cwd(), script), environment: { CLUSTER_NAME: "one" } });
});

function platform(images: object): void {
    api.put({
        apiVersion: "v1", kind: "ConfigMap", metadata: { name: "landfall-platform", namespace: "landfall-gateway" },
        data: { format: "1", "cluster.images": JSON.stringify(images) },
    });
}

const pod = (image: string): object => ({ initContainers: [{ image: "other:1" }], containers: [{ image }] });
const using = (kind: string, apiVersion: string, spec: object): Manifest => ({ apiVersion, kind, metadata: { name: "web", namespace: "development" }, spec });
const unload = (...images: string[]): Promise<void> => unloadImages(place, images, "branch-x", terminal);
const unloaded = (): string | undefined => (fs.existsSync(result) ? fs.readFileSync(result, "utf8") : undefined);

it("removes images that nothing names, and says which", async () => {
    await unload("landfall.local/web:1", "landfall.local/database:1");
    expect(unloaded()).toBe('one["landfall.local/web:1","landfall.local/database:1"]');
    expect(said).toEqual(["Removed its images from the cluster's nodes: landfall.local/web:1, landfall.local/database:1."]);
});

it.each([
    using("Pod", "v1", pod("landfall.local/web:1")),
    // It may be asleep.
    using("Deployment", "apps/v1", { replicas: 0, template: { spec: pod("landfall.local/web:1") } }),
    using("StatefulSet", "apps/v1", { template: { spec: pod("landfall.local/web:1") } }),
    using("CronJob", "batch/v1", { jobTemplate: { spec: { template: { spec: pod("landfall.local/web:1") } } } }),
])("leaves an image that another environment's $kind names", async user => {
    api.put(user);
    await unload("landfall.local/web:1", "landfall.local/database:1");
    expect(unloaded()).toBe('one["landfall.local/database:1"]');
});

it("leaves all while another branch is being brought up, which may have them, and says so", async () => {
    const record = { name: "branch-y", branch: "y", repository: "r", used: new Date(), pushed: true, removing: false, by: "jane" };
    await writeRecord(place.connection, record, undefined, { by: "jane", seconds: 60 });
    await unload("landfall.local/web:1");
    expect(unloaded()).toBeUndefined();
    expect(said.join()).toMatch(/! These images stay on the cluster's nodes: landfall\.local\/web:1\..*branch y is changing/);
});

it("has nothing to do where images come from a registry", async () => {
    platform({ method: "push", registry: "registry.example.com" });
    await unload("landfall.local/web:1");
    expect([unloaded(), said]).toEqual([undefined, []]);
});

it.each([
    ["an older platform", () => platform({ method: "load", script: "load.cjs", environment: {} }), /older version of Landfall/],
    ["a platform that doesn't answer", () => { api.intercept = () => ({ code: 403, message: "forbidden" }); }, /forbidden/],
])("fails nobody's removal: %s", async (_, change, message) => {
    change();
    await unload("landfall.local/web:1");
    expect(unloaded()).toBeUndefined();
    expect(said.join()).toMatch(message);
});
