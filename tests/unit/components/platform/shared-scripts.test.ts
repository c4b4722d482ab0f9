import { spawn } from "node:child_process";
import { once } from "node:events";
import * as path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { nodeArguments } from "../../../../components/project";
import { KubernetesApi, kubeconfigFor } from "../../fixtures/kubernetes-api";

const root = path.resolve(__dirname, "../../../..");
const api = new KubernetesApi();
let server: string;
beforeAll(async () => {
    server = await api.start();
});
afterAll(() => api.stop());
beforeEach(() => {
    api.reset();
    api.kinds.set("/apis/gateway.networking.k8s.io/v1", [["gateways", "Gateway", true]]);
});

/** Runs a script of an environment on another stack's platform. */
async function run(script: string, environment: Record<string, string>): Promise<{ code: number; stderr: string }> {
    const file = `components/platform/shared/${script}.ts`;
    const child = spawn(process.execPath, [...nodeArguments(file), file], {
        cwd: root, env: { ...process.env, CLUSTER_KUBECONFIG: kubeconfigFor(server), ...environment },
    });
    let stderr = "";
    child.stderr.on("data", chunk => (stderr += String(chunk)));
    const [code] = (await once(child, "close")) as [number];
    return { code, stderr };
}

describe("removing an environment's Secrets", () => {
    /** A Secret as cert-manager writes it; an account's has no annotations. */
    const secret = (name: string, issuer?: string) => api.put({
        apiVersion: "v1", kind: "Secret", metadata: {
            name, namespace: "landfall-certificates", ...(issuer && { annotations: { "cert-manager.io/issuer-name": issuer } }),
        },
    });
    const left = (): string[] => api.find("Secret").map(({ metadata }) => metadata.name).sort();

    it("leaves the platform's and other environments', however they are called", async () => {
        secret("ca", "selfsigned");
        secret("acme-account");
        secret("gateway-tls", "ca");
        // Of the platform's host www.example.com, not of an environment gateway-www.
        secret("gateway-www.example.com", "ca");
        secret("uat.gateway-uat.example.com", "uat.ca");
        secret("gateway-www.ca", "gateway-www.selfsigned");
        secret("gateway-www.acme-account");
        secret("gateway-www.gateway-shop.example.com", "gateway-www.ca");
        expect(await run("remove-secrets", { PREFIX: "gateway-www." })).toEqual({ code: 0, stderr: "" });
        expect(left()).toEqual(["acme-account", "ca", "gateway-tls", "gateway-www.example.com", "uat.gateway-uat.example.com"]);
    }, 30_000);

    it("leaves those that a certificate uses, as of an environment that got another name", async () => {
        api.kinds.set("/apis/cert-manager.io/v1", [["certificates", "Certificate", true]]);
        secret("uat.ca", "uat.selfsigned");
        secret("uat.gateway-uat.example.com", "uat.ca");
        api.put({
            apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata: { name: "uat.gateway-uat.example.com", namespace: "landfall-certificates" },
            spec: { secretName: "uat.gateway-uat.example.com" },
        } as never);
        expect(await run("remove-secrets", { PREFIX: "uat." })).toEqual({ code: 0, stderr: "" });
        expect(left()).toEqual(["uat.gateway-uat.example.com"]);
    }, 30_000);

    it("succeeds if there are none", async () => {
        expect(await run("remove-secrets", { PREFIX: "uat." })).toEqual({ code: 0, stderr: "" });
    }, 30_000);
});

describe("adding an environment's listeners", () => {
    it.each([
        ["that another has", { code: 409, message: 'Apply failed with 1 conflict: conflict with "landfall-shop": .spec.listeners[name="https.a"].tls' },
            /Another environment already answers.*the environment shop\. Choose another/],
        ["for which the Gateway has no room", { code: 422, message: "Gateway is invalid: spec.listeners: Too many: 66: must have at most 64 items" },
            /at most 64 listeners, two for each host of all environments.*redirects/],
    ])("fails for hosts %s, and says what to do", async (_, answer, message) => {
        api.put({ apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: { name: "gateway", namespace: "landfall-gateway" } });
        api.intercept = method => (method === "PATCH" ? answer : undefined);
        const { code, stderr } = await run("apply-listeners", { ENVIRONMENT: "uat", LISTENERS: "[]" });
        expect(code).toBe(1);
        expect(stderr).toMatch(message);
        expect(stderr).not.toContain("    at ");
    }, 30_000);
});

describe("ordering the Gateway's listeners", () => {
    const path = "/apis/gateway.networking.k8s.io/v1/namespaces/landfall-gateway/gateways/gateway";
    const listener = (name: string) => ({ name, port: 80, allowedRoutes: { namespaces: { from: "Same" } } });
    const gateway = (...names: string[]) => api.put({
        apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: { name: "gateway", namespace: "landfall-gateway" },
        spec: { gatewayClassName: "landfall", listeners: names.map(listener) },
    });
    const order = () => run("order-listeners", {});
    const now = () => (api.objects.get(path)?.spec?.listeners as object[]);
    const ordered = ["https-www.a", "https", "http-www.a", "http", "http.uat.a", "https.uat.a", "http.shop.a"].map(listener);

    it("puts the platform's own first, in the order in which its stack applies them, and leaves each as it is", async () => {
        gateway("http", "https", "http.uat.a", "https.uat.a", "http-www.a", "https-www.a", "http.shop.a");
        expect(await order()).toEqual({ code: 0, stderr: "" });
        expect(now()).toEqual(ordered);
        expect(api.objects.get(path)?.spec).toMatchObject({ gatewayClassName: "landfall" });
    }, 30_000);

    it("writes nothing where they are in order, or where there is no Gateway yet", async () => {
        const written: string[] = [];
        api.intercept = method => void (method === "GET" || written.push(method));
        expect((await order()).code).toBe(0);
        gateway("https-www.a", "https", "http-www.a", "http", "https.uat.a", "http.uat.a");
        expect((await order()).code).toBe(0);
        expect(written).toEqual([]);
    }, 30_000);

    it("tries again if an environment is added meanwhile, and keeps its listeners", async () => {
        gateway("http", "https", "http.uat.a", "https.uat.a");
        let others = 0;
        api.intercept = method => {
            if (method !== "PUT" || others++ > 0) return undefined;
            gateway("http", "https", "http.uat.a", "https.uat.a", "http.shop.a");
            return { code: 409, message: "the object has been modified" };
        };
        expect(await order()).toEqual({ code: 0, stderr: "" });
        expect(now()).toEqual(ordered.filter(({ name }) => !name.endsWith("www.a")));
    }, 30_000);

    it("fails if it may not, and says so without a stack trace", async () => {
        gateway("http", "https");
        api.intercept = method => (method === "PUT" ? { code: 403, message: "gateways is forbidden" } : undefined);
        expect(await order()).toEqual({ code: 1, stderr: "The listeners of the cluster's Gateway can't be put in order: gateways is forbidden\n" });
    }, 30_000);
});
