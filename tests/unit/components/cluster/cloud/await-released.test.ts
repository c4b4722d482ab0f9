import { spawn } from "node:child_process";
import { once } from "node:events";
import * as path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { nodeArguments } from "../../../../../components/project";
import { KubernetesApi, kubeconfigFor } from "../../../fixtures/kubernetes-api";

const root = path.resolve(__dirname, "../../../../..");
const api = new KubernetesApi();
let server: string;
beforeAll(async () => {
    server = await api.start();
});
afterAll(() => api.stop());
beforeEach(() => {
    api.reset();
    api.kinds.set("/api/v1", [
        ["services", "Service", true],
        ["persistentvolumeclaims", "PersistentVolumeClaim", true],
        ["persistentvolumes", "PersistentVolume", false],
    ]);
});

/** Runs what stands between the objects and the network when a stack is destroyed. */
async function release({ address = server, seconds = "0.3", environment = {}, ending = "ts" } = {}) {
    const script = `components/cluster/cloud/await-released.${ending}`;
    const child = spawn(process.execPath, [...nodeArguments(script), script], {
        cwd: root,
        env: {
            ...process.env,
            CLUSTER_KUBECONFIG: kubeconfigFor(address),
            RELEASE_SECONDS: seconds,
            ...environment,
        },
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", chunk => (stdout += String(chunk)));
    child.stderr.on("data", chunk => (stderr += String(chunk)));
    const [code] = (await once(child, "close")) as [number];
    return { code, stdout, stderr };
}

function put(resource: string, kind: string, name: string, spec: object, namespace?: string): void {
    const directory = namespace ? `/api/v1/namespaces/${namespace}/${resource}` : `/api/v1/${resource}`;
    api.objects.set(`${directory}/${name}`, {
        apiVersion: "v1", kind, metadata: { name, namespace, uid: `uid-${name}` }, spec: { ...spec },
    });
}

function putVolume(name: string, claim: string, reclaim = "Delete"): void {
    put("persistentvolumes", "PersistentVolume", name, {
        capacity: { storage: "5Gi" },
        persistentVolumeReclaimPolicy: reclaim,
        claimRef: { namespace: "production", name: claim, uid: `uid-${claim}` },
        csi: { driver: "disks.example.com", volumeHandle: `handle-${name}` },
    });
}

describe("before the network is deleted", () => {
    it("nothing is waited for where nothing is left", async () => {
        expect(await release()).toEqual({ code: 0, stdout: "", stderr: "" });
    });

    it("load balancers must be gone; one that stays is named", async () => {
        put("services", "Service", "inner", { type: "ClusterIP" }, "production");
        expect((await release()).code).toBe(0);
        put("services", "Service", "stranger", { type: "LoadBalancer" }, "production");
        const { code, stderr } = await release();
        expect(code).toBe(1);
        expect(stderr).toContain("Service production/stranger of type LoadBalancer\nDelete these objects with kubectl");
    });

    it("a disk without a claim is waited for until it is gone", async () => {
        putVolume("pv-1", "gone");
        expect((await release()).stderr).toContain("PersistentVolume pv-1 (production/gone, 5Gi;");
        const running = release({ seconds: "20" });
        setTimeout(() => api.objects.delete("/api/v1/persistentvolumes/pv-1"), 1500);
        expect((await running).code).toBe(0);
    });

    it.each(["ts", "mjs"])("what is kept is said, with the name that the cloud knows it by (.%s)", async ending => {
        put("persistentvolumeclaims", "PersistentVolumeClaim", "data", {}, "production");
        putVolume("pv-1", "data");
        putVolume("pv-2", "gone", "Retain");
        expect(await release({ ending })).toEqual({
            code: 0, stderr: "", stdout:
                "Kept: pv-1 (production/data, 5Gi; disks.example.com handle-pv-1)\n" +
                "Kept: pv-2 (production/gone, 5Gi; disks.example.com handle-pv-2)\n",
        });
    });

    it("a cluster that refuses to tell is an error, in its own words", async () => {
        api.intercept = () => ({ code: 403, message: "persistentvolumes is forbidden" });
        const { code, stderr } = await release();
        expect(code).toBe(1);
        expect(stderr).toContain("persistentvolumes is forbidden");
    });

    it("a cluster that can't be reached is an error, unless the settings say that it is gone", async () => {
        const address = "http://127.0.0.1:1";
        const { code, stderr } = await release({ address });
        expect(code).toBe(1);
        expect(stderr).toMatch(/did not tell[^]*set PULUMI_K8S_DELETE_UNREACHABLE=true/);
        const environment = { PULUMI_K8S_DELETE_UNREACHABLE: "true" };
        expect(await release({ address, environment })).toEqual({ code: 0, stdout: "", stderr: "" });
    });
});
