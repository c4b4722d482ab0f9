import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { FoundPlatform } from "../../../components/platform";
import { otherHolders } from "../../../components/platform/shared/hosts";
import { parseSettings, type PlainSettings } from "../../../infra/config";
import { runProgram } from "../../../infra/cli/capture/program";
import { findSharedPlatform } from "../../../infra/shared-platform";
import { compareWith } from "../../../infra/standing";
import { KubernetesApi, kubeconfigFor } from "../fixtures/kubernetes-api";
import { captureStack, type Manifest, object } from "../support/program";

const api = new KubernetesApi();
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-shared-"));
const file = path.join(directory, "kubeconfig");
let kubeconfig = "";
let description: Manifest;
beforeAll(async () => {
    kubeconfig = kubeconfigFor(await api.start());
    fs.writeFileSync(file, kubeconfig);
    description = object((await captureStack("dev")).resources, "ConfigMap", "landfall-platform");
});
afterAll(async () => {
    await api.stop();
    fs.rmSync(directory, { recursive: true });
});
beforeEach(() => {
    api.reset();
    api.put({
        apiVersion: "storage.k8s.io/v1", kind: "StorageClass",
        metadata: { name: "usual", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    });
    api.kinds.set("/apis/gateway.networking.k8s.io/v1", [["gateways", "Gateway", true], ["httproutes", "HTTPRoute", true]]);
    vi.stubEnv("LANDFALL_RENDER", undefined);
});
afterEach(() => void vi.unstubAllEnvs());

const settingsOf = (cluster: object = {}, environment: object = {}): PlainSettings => parseSettings({
    cluster: { target: "existing", kubeconfig: file, sharedPlatform: true, ...cluster },
    environment: { name: "uat", host: "uat.localhost", ...environment },
}, "uat");

function putPlatform(): void {
    api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "landfall-certificates" } });
    api.put({ apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: { name: "gateway", namespace: "landfall-gateway" } });
    api.put(description as unknown as Parameters<typeof api.put>[0]);
}

/** What the program of a stack finds whose state has resources of these types. */
async function find(stack: string, types: string[] = [], cluster: object = {}): Promise<FoundPlatform | undefined> {
    let found: FoundPlatform | undefined;
    await runProgram({ stack, config: {}, program: async () => { found = await findSharedPlatform(settingsOf(cluster).cluster); } }, {
        register: ({ name, inputs }) => ({ id: name, outputs: inputs }),
        read: id => ({ id, outputs: {} }),
        invoke: token => ({
            outputs: token.endsWith("readStackOutputs") ? { version: "0.2.0" }
                : Object.fromEntries(types.map(type => [`urn:pulumi:${stack}::landfall::${type}::x`, {}])),
        }),
    });
    return found;
}

describe("another stack's platform", () => {
    it("is found with nothing but a kubeconfig, by a stack that is to share it", async () => {
        putPlatform();
        expect(await find("uat")).toMatchObject({ stack: "landfall/dev", endpoint: "127.0.0.1:8443" });
        expect(await find("uat", ["landfall:platform:SharedPlatform"])).toBeDefined();
        expect(await find("uat", [], { sharedPlatform: false, registry: "x.example.com", sharedStorageClass: "x" })).toBeUndefined();
    });

    it.each<[string, () => Promise<unknown>, RegExp]>([
        ["was made by this stack, by its state", () => find("uat", ["landfall:platform:Platform"]),
            /This stack made the platform.*would delete it\.\nSet landfall:cluster: \{ sharedPlatform: false \}/],
        ["bears this stack's name", () => find("dev"), /landfall\/dev\. Either this stack made it.*\nSet .*sharedPlatform: false.*another name/],
    ])("is not shared if it %s", async (_, act, message) => {
        putPlatform();
        await expect(act()).rejects.toThrow(message);
    });
});

describe("a stack's settings", () => {
    const sharedBy = (cluster: object) => (settingsOf({ kubeconfig: undefined, sharedPlatform: undefined, ...cluster }).cluster as { sharedPlatform: boolean }).sharedPlatform;

    it("share the platform of a stack of Landfall, and otherwise make their own", () => {
        expect(sharedBy({ stack: "organization/landfall/dev" })).toBe(true);
        expect(sharedBy({ stack: "organization/landfall/dev", sharedPlatform: false, registry: "x.example.com", sharedStorageClass: "x" })).toBe(false);
        expect(sharedBy({ stack: "acme/clusters/prod", registry: "x.example.com", sharedStorageClass: "x" })).toBe(false);
        expect(sharedBy({ kubeconfig: "k", registry: "x.example.com", sharedStorageClass: "x" })).toBe(false);
        expect(sharedBy({ kubeconfig: "k", sharedPlatform: true })).toBe(true);
    });

    it.each([
        { loadBalancer: "NodePort" }, { http: 31080 }, { https: 31443 }, { host: "node1.example.com" }, { metrics: "install" },
        { kubeletInsecureTls: true },
    ])("can't change a gateway that isn't theirs by %o", given => {
        const [key] = Object.keys(given);
        expect(() => settingsOf(given)).toThrow(new RegExp(`landfall:cluster\\.${key}.*has no effect.*platform, which another stack made`));
    });
});

describe("a host", () => {
    const route = (namespace: string, hostnames: string[], stack?: string, gateway = "landfall-gateway") => api.put({
        apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute",
        metadata: { name: "web", namespace, ...(stack && { annotations: { "landfall.dev/stack": stack } }) },
        spec: { hostnames, parentRefs: [{ name: "gateway", namespace: gateway }] },
    });
    const compare = (environment: object = {}) =>
        compareWith(settingsOf({}, environment)).objects?.(kubeconfig, {} as never);

    it("that another environment has is refused, with who has it", async () => {
        route("development", ["uat.localhost"], "landfall/dev");
        await expect(compare()).rejects.toThrow(
            /environment\.host is taken\n +given: +uat\.localhost\n +taken by: the environment development, of the stack landfall\/dev\n/);
        await expect(compare({ host: "other.localhost" })).resolves.toBeUndefined();
    });

    it("is free if only its own environment, a challenge or another gateway has it, and if the cluster doesn't say", async () => {
        route("uat", ["uat.localhost"], "landfall/uat");
        route("landfall-certificates", ["uat.localhost"]);
        route("elsewhere", ["uat.localhost"], undefined, "another-gateway");
        await expect(compare()).resolves.toBeUndefined();
        api.intercept = (_, at) => (at.endsWith("/httproutes") ? { code: 403, message: "no" } : undefined);
        route("development", ["uat.localhost"]);
        await expect(compare()).resolves.toBeUndefined();
    });

    it("may stay with an environment of this stack that is to be renamed", async () => {
        route("before", ["uat.localhost"], `${pulumi.getProject()}/${pulumi.getStack()}`);
        await expect(compare()).resolves.toBeUndefined();
    });

    it("is held by all that have it, each told once", async () => {
        route("one", ["a.example.com", "b.example.com"], "landfall/one");
        route("two", ["b.example.com"]);
        api.put({ ...route("one", ["a.example.com", "b.example.com"], "landfall/one"), metadata: { name: "web-redirect", namespace: "one" } } as never);
        const holders = await otherHolders(kubeconfig, "three", ["b.example.com", "c.example.com"]);
        expect(holders.map(({ environment, host }) => [environment, host])).toEqual([["one", "b.example.com"], ["two", "b.example.com"]]);
    });
});

describe("a gateway", () => {
    const others = ["http", "https"];
    /** With the platform's own host, and as many of other environments. */
    function putGateway(count: number, own: string[] = []): void {
        const of = (environment: string, host: string) => others.map(scheme => ({
            name: `${scheme}.${host}`, hostname: host,
            allowedRoutes: { namespaces: { from: "Selector", selector: { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: [environment] }] } } },
        }));
        api.put({
            apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: { name: "gateway", namespace: "landfall-gateway" },
            spec: { listeners: [
                ...others.map(name => ({ name, hostname: "dev.localhost" })),
                ...Array.from({ length: count }, (_, index) => of("other", `h${index}.localhost`)).flat(), ...own.flatMap(host => of("uat", host)),
            ] },
        } as never);
    }
    const compare = (settings = settingsOf()) => compareWith(settings).objects?.(kubeconfig, { loadBalancing: { type: "NodePort" } } as never);

    it.each([[30, true], [31, false]])("with %d hosts of other environments and the platform's own has room for one more: %s", async (count, fits) => {
        putGateway(count);
        if (fits) return expect(await compare()).toBeUndefined();
        await expect(compare()).rejects.toThrow(
            /environment\.host is a host too many\n +given: +uat\.localhost\n +allowed: none: a gateway can have 32 hosts.* other environments have 32\./);
    });

    it("counts an environment's own hosts once, whether they are there already or new", async () => {
        putGateway(29, ["uat.localhost"]);
        await expect(compare(settingsOf({}, { redirects: ["a.localhost"] }))).resolves.toBeUndefined();
        await expect(compare(settingsOf({}, { redirects: ["a.localhost", "b.localhost"] }))).rejects.toThrow(
            /environment\.redirects makes hosts too many\n +given: +3 hosts\n +allowed: at most 2:/);
    });

    it("has room for the platform's own hosts beside those of environments", async () => {
        const own = (redirects: string[]) => parseSettings({ cluster: { target: "kind" }, environment: { redirects } }, "dev");
        putGateway(30);
        await expect(compare(own(["a.localhost"]))).resolves.toBeUndefined();
        await expect(compare(own(["a.localhost", "b.localhost"]))).rejects.toThrow(/redirects makes hosts too many\n.*3 hosts\n +allowed: at most 2:/);
    });

    it("is not counted if the cluster doesn't say", async () => {
        putGateway(40);
        api.intercept = (_, at) => (at.endsWith("/gateways/gateway") ? { code: 403, message: "no" } : undefined);
        await expect(compare()).resolves.toBeUndefined();
    });
});
