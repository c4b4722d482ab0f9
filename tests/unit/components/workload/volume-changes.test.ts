import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import "tsx/cjs"; // createCluster loads the target by `require`
import type { Cluster } from "../../../../components/cluster";
import { Database, Environment, WebService } from "../../../../components/workload";
import { runProgram } from "../../../../infra/cli/capture/program";
import { createCluster } from "../../../../infra/library/cluster";
import { KubernetesApi, kubeconfigFor, type Stored } from "../../fixtures/kubernetes-api";

const api = new KubernetesApi();
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-volumes-"));
const kubeconfig = path.join(directory, "kubeconfig");
const ignore = (): void => undefined; // what waits for a refused output is refused a little later

beforeAll(async () => {
    fs.writeFileSync(kubeconfig, kubeconfigFor(await api.start()));
    process.on("unhandledRejection", ignore);
});
afterAll(async () => {
    process.off("unhandledRejection", ignore);
    await api.stop();
    fs.rmSync(directory, { recursive: true });
});
beforeEach(() => {
    api.reset();
    vi.stubEnv("LANDFALL_RENDER", undefined);
    put("/apis/storage.k8s.io/v1/storageclasses/elastic", "StorageClass", {}, { provisioner: "csi.example.org", allowVolumeExpansion: true });
    put("/apis/storage.k8s.io/v1/storageclasses/rigid", "StorageClass", {}, { provisioner: "csi.example.org" });
});

function put(at: string, kind: string, metadata: object, more: object): void {
    api.objects.set(at, { apiVersion: "v1", kind, metadata: { name: at.split("/").pop(), ...metadata }, ...more } as unknown as Stored);
}

function claim(name: string, size: string, storageClassName = "elastic", mode = "ReadWriteOnce", namespace = "books"): void {
    put(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`, "PersistentVolumeClaim", { namespace, labels: {} }, {
        spec: { accessModes: [mode], storageClassName, resources: { requests: { storage: size } } }, status: { capacity: { storage: size } },
    });
}

/** Previews a program with the library on an existing cluster; what it registers in the cluster, and why it stops. */
async function preview(create: (environment: Environment, cluster: Cluster) => void | Promise<void>) {
    const registered: string[] = [];
    const message = await runProgram({
        stack: "reading", config: {}, preview: true,
        program: async () => {
            const cluster = createCluster({ target: "existing", kubeconfig, storageClass: "elastic", registry: "example.org/books" });
            await create(new Environment("environment", { cluster, namespace: "books" }), cluster);
        },
    }, {
        register({ type, name, inputs }) {
            if (type.startsWith("kubernetes:")) registered.push(name);
            return { id: name, outputs: { spec: {}, ...inputs } };
        },
        read: id => ({ id, outputs: {} }),
        invoke: () => ({}), // the stack has never been up
    }).then(() => undefined, (error: Error) => error.message);
    if (message !== undefined) await new Promise(resolve => setTimeout(resolve, 100));
    return { message, registered };
}

type Given = Partial<ConstructorParameters<typeof Database>[1]>;

const previewDatabase = (given: Given) => preview(environment => {
    new Database("ledger", { environment, image: "example.org/db:1", database: "ledger", ...given });
});

describe("a program with the library", () => {
    it.each<[string, Given]>([
        ["the same size, in another notation", { volume: "11264Mi" }],
        ["more on a class that can grow", { volume: "12Gi" }],
    ])("may give the database %s", async (_, given) => {
        claim("ledger-data", "11Gi");
        const { message, registered } = await previewDatabase(given);
        expect(message).toBeUndefined();
        expect(registered).toContain("ledger-data");
    });

    it.each<[string, Given, string, RegExp]>([
        ["less", { volume: "10.5Gi" }, "elastic", /The size of the volume "ledger-data" .*\n.*11Gi\n.*10\.5Gi\n.*volumes: "delete"/],
        ["the default, which is less", {}, "elastic", /The size of the volume "ledger-data" .*\n.*11Gi\n.*5Gi\n/],
        ["more on a class that can't grow", { volume: "13Gi", storageClass: "rigid" }, "rigid",
            /The size of .*\n.*11Gi, and its class rigid can't grow a volume\n.*13Gi\n/],
        ["another class", { volume: "11Gi", storageClass: "rigid" }, "elastic", /The StorageClass of the volume "ledger-data" .*\n.*elastic\n.*rigid\n/],
    ])("can't give the database %s: the preview stops before it registers anything in the cluster", async (_, given, storageClass, expected) => {
        claim("ledger-data", "11Gi", storageClass);
        const { message, registered } = await previewDatabase(given);
        expect(message).toMatch(expected);
        expect(message).not.toContain("landfall:");
        expect(registered).toEqual([]);
    });

    it.each(["/apis/storage.k8s.io/v1/storageclasses", "/api/v1/resourcequotas", "/api/v1/persistentvolumes"])(
        "can't shrink a volume either where the kubeconfig's user may not read %s", async forbidden => {
            claim("ledger-data", "11Gi");
            api.intercept = (_, path) => (path === forbidden ? { code: 403, message: "forbidden" } : undefined);
            const { message, registered } = await previewDatabase({ volume: "11G" });
            expect(message).toMatch(/The size of the volume "ledger-data" .*\n.*11Gi\n.*11G\n/);
            expect(registered).toEqual([]);
        });

    it("may leave a size as it is that the class no longer grows to", async () => {
        claim("ledger-data", "11Gi", "rigid");
        const stored = api.objects.get("/api/v1/namespaces/books/persistentvolumeclaims/ledger-data");
        Object.assign(stored ?? {}, { status: { capacity: { storage: "8Gi" } } });
        expect((await previewDatabase({ volume: "11Gi", storageClass: "rigid" })).message).toBeUndefined();
        expect((await previewDatabase({ volume: "8Gi", storageClass: "rigid" })).message).toBeUndefined();
        expect((await previewDatabase({ volume: "10Gi", storageClass: "rigid" })).message).toMatch(/8Gi, and its class rigid can't grow/);
    });

    it("compares each volume with its own claim, and names all that can't change", async () => {
        claim("portal-covers", "3Gi", "elastic", "ReadWriteMany");
        claim("portal-scans", "9Gi", "elastic");
        claim("ledger-data", "2Gi", "elastic", "ReadWriteOnce", "elsewhere");
        const { message } = await preview(environment => {
            new Database("ledger", { environment, image: "example.org/db:1", database: "ledger", volume: "1Gi" });
            new WebService("portal", { environment, image: "example.org/portal:1", port: 3000, volumes: {
                "/covers": { name: "covers", size: "4Gi", accessMode: "ReadWriteOnce" },
                "/scans": { name: "scans", size: "8Gi", accessMode: "ReadWriteOnce" },
            } });
        });
        expect(message).toMatch(/The access mode of the volume "portal-covers" .*\n.*ReadWriteMany\n.*ReadWriteOnce\n/);
        expect(message).toMatch(/The size of the volume "portal-scans" .*\n.*9Gi\n.*8Gi\n/);
        expect(message).not.toMatch(/size of the volume "(portal-covers|ledger-data)"/);
    });

    it.each<[string, (environment: Environment) => void | Promise<void>]>([
        ["is known late", environment => {
            const volume = pulumi.output(new Promise<string>(resolve => setTimeout(resolve, 300, "6Gi")));
            new Database("ledger", { environment, image: "example.org/db:1", database: "ledger", volume });
        }],
        ["is created late", async environment => {
            await new Promise(resolve => setTimeout(resolve, 600));
            new Database("ledger", { environment, image: "example.org/db:1", database: "ledger", volume: "6Gi" });
        }],
    ])("can't shrink a volume that %s either", async (_, create) => {
        claim("ledger-data", "7Gi");
        const { message, registered } = await preview(create);
        expect(message).toMatch(/The size of the volume "ledger-data" .*\n.*7Gi\n.*6Gi\n/);
        expect(registered).not.toContain("ledger-data");
    });

    it("says what to do if the cluster has no class for a volume that many nodes write", async () => {
        const { message } = await preview(environment => {
            new WebService("portal", { environment, image: "example.org/portal:1", port: 3000, volumes: {
                "/covers": { name: "covers", size: "4Gi", accessMode: "ReadWriteMany" },
            } });
        });
        expect(message).toMatch(/volume "portal-covers" \(ReadWriteMany\).*\n.*storageClass.*sharedStorageClass.*ReadWriteOnce/);
        expect(message).not.toContain("landfall:");
    });
});
