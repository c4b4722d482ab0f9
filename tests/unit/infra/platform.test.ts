import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FoundPlatform } from "../../../components/platform";
import { lowLimits } from "../../../components/platform/shared";
import { type Capture, captureProgram } from "../../../infra/cli/capture";
import { estimate } from "../../../infra/cli/cost/estimate";
import { limitRows } from "../../../infra/cli/limits";
import { affectedStacks } from "../../../infra/cli/preview/affected";
import { renderYaml } from "../../../infra/cli/render";
import { readSettings, readStack, readStackConfig } from "../../../infra/cli/stack/config";
import { partsOf } from "../../../infra/cli/stack/parts";
import { describePlatform } from "../../../infra/cli/start";
import { needsOf } from "../../../infra/cli/computer/needs";
import { parseSettings } from "../../../infra/config";
import { trafficOf } from "../../../infra/limits";
import { captureStack, type Manifest, object, objects } from "../support/program";

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-platform-"));
afterAll(() => fs.rmSync(directory, { recursive: true }));

const capture = (target: string, more: Record<string, string> = {}): Promise<Capture> => captureProgram({
    stack: "cluster", config: { "landfall:cluster": target, "landfall:environment": "none", ...more },
});

describe("a stack that is only a cluster with its platform", () => {
    let found: Capture;
    let dev: Capture;
    beforeAll(async () => {
        found = await capture(JSON.stringify({ target: "kind", nodes: 2 }));
        dev = await captureStack("dev");
    });

    it("has the platform of any stack, and nothing of an environment", async () => {
        const names = (of: Capture) => of.resources.filter(({ type }) => type.startsWith("kubernetes:"))
            .map(({ inputs }) => inputs as unknown as Manifest)
            .filter(({ metadata }) => metadata?.namespace !== "development" && metadata?.name !== "development")
            .map(({ kind, metadata }) => `${kind} ${metadata?.namespace ?? ""}/${metadata?.name.replace(/-[0-9a-f]{8}$/, "")}`).sort();
        const lacking = names(dev).filter(name => !names(found).includes(name));
        // What signs for the host, lets the gateway use that, and lets it reach the web pods.
        const ofHost = /^((Certificate|Issuer|ReferenceGrant) landfall-certificates\/|NetworkPolicy landfall-gateway\/envoy-to-web-egress$)/;
        expect(lacking.filter(name => !ofHost.test(name))).toEqual([]);
        expect(objects(found.resources, "Namespace").map(({ metadata }) => metadata.name).every(name => name.startsWith("landfall-"))).toBe(true);
        for (const kind of ["Certificate", "Issuer", "HTTPRoute", "ResourceQuota", "StatefulSet"]) expect(objects(found.resources, kind)).toEqual([]);
        expect(found.resources.filter(({ type }) => type.startsWith("docker:"))).toEqual([]);
    });

    it("has a Gateway that the API takes, with one listener that no request can be for", () => {
        const { spec } = object<Manifest & { spec: { listeners: { hostname: string; protocol: string; allowedRoutes: object }[] } }>(found.resources, "Gateway", "gateway");
        expect(spec.listeners).toHaveLength(1);
        expect(spec.listeners[0]).toMatchObject({ hostname: expect.stringMatching(/\.invalid$/), protocol: "HTTP", allowedRoutes: { namespaces: { from: "Same" } } });
    });

    it("gives no other environment the requests for the hosts of its own stack", () => {
        const { spec } = object<Manifest & { spec: { listeners: { protocol: string; allowedRoutes: object }[] } }>(dev.resources, "Gateway", "gateway");
        const from = (...values: string[]) => ({ namespaces: { from: "Selector", selector: { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values }] } } });
        expect(spec.listeners.map(({ protocol, allowedRoutes }) => [protocol, allowedRoutes])).toEqual([
            ["HTTPS", from("development")], ["HTTP", from("development", "landfall-certificates")],
        ]);
    });

    it("puts out where the gateway is, and no address", () => {
        expect(Object.keys(found.outputs).sort()).toEqual(["endpoint", "kubeconfig", "version"]);
    });

    const platformOf = ({ resources }: Capture): FoundPlatform => {
        const { data } = object<Manifest & { data: Record<string, string> }>(resources, "ConfigMap", "landfall-platform");
        return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, JSON.parse(value)])) as unknown as FoundPlatform;
    };

    it("lets environments have either issuer, and WordPress with its defaults without a warning", () => {
        const platform = platformOf(found);
        expect(platform).toMatchObject({ stack: "landfall/cluster", issuers: ["ca", "acme"] });
        const { app } = parseSettings({ cluster: { target: "kind" } }, "dev");
        expect(lowLimits(platform, trafficOf(app))).toEqual([]);
    });

    it("is ready for what landfall:gateway says, of each limit", async () => {
        const gateway = { pods: 80, requests: 9000, requestSeconds: 200, largestTransfer: "600Mi" };
        const { limits } = platformOf(await capture(JSON.stringify({ target: "kind" }), { "landfall:gateway": JSON.stringify(gateway) }));
        expect(limits).toMatchObject({ requests: 9000, replicas: { max: 40 } });
        const traffic = trafficOf(parseSettings({
            cluster: { target: "kind" }, app: { web: { replicas: { max: 20 }, requestSeconds: 200, uploads: { maxFile: "512Mi" }, memory: { limit: "2Gi" } },
                database: { memory: { limit: "8Gi" } } },
        }, "dev").app);
        expect(lowLimits({ limits }, traffic)).toEqual([]);
        expect(lowLimits(platformOf(found), traffic).length).toBeGreaterThan(3);
    });

    it.each(["eks", "gke", "aks"])("on %s has a registry for the environments' images, and costs what its cluster does", async target => {
        const whole = await captureStack(target);
        const { "landfall:cluster": cluster } = readStackConfig(path.resolve(__dirname, `../../../Pulumi.${target}.yaml`), { standIns: true }).config;
        const alone = await capture(cluster);
        expect(platformOf(alone)).toHaveProperty(["cluster.images", "registry"]);
        const [less, more] = [alone, whole].map(({ resources }) => estimate(resources)!.total.rest);
        expect(less).toBeGreaterThan(0);
        expect(less).toBeLessThan(more);
    });

    describe("is what the commands make of it:", () => {
        const file = path.join(directory, "Pulumi.cluster.yaml");
        beforeAll(() => fs.writeFileSync(file, "config:\n    landfall:cluster: { target: kind }\n    landfall:environment: none\n"));

        it("the limits are the gateway's", () => {
            const rows = limitRows(readStack("cluster", file), found.resources);
            expect(new Set(rows.map(({ layer }) => layer))).toEqual(new Set(["gateway"]));
            expect(rows.find(({ setting }) => setting === "max_requests")).toMatchObject({ value: 4420, why: expect.stringContaining("gateway.requests") });
        });

        it("the rendered objects are those", () => {
            expect(renderYaml(found.resources)).toContain("unused.invalid");
        });

        it("the only part with logs is the gateway", () => {
            expect(Object.keys(partsOf(readStack("cluster", file)))).toEqual(["gateway"]);
        });

        it("no image is built, so an existing cluster needs no Docker", () => {
            expect(needsOf(readStack("cluster", file))).toMatchObject({ docker: true, target: "kind" });
            fs.writeFileSync(path.join(directory, "e.yaml"), "config:\n    landfall:cluster: { target: existing, context: x }\n    landfall:environment: none\n");
            expect(needsOf(readStack("e", path.join(directory, "e.yaml")))).toMatchObject({ docker: false, disk: false });
        });

        it("what is about an application says why it has nothing to do", () => {
            expect(() => readSettings("cluster", file)).toThrow(/"cluster" is only a cluster with its platform .*it has no application.*Nothing was changed/);
        });

        it("a change is previewed where it can touch it", () => {
            const candidates = [{ stack: "cluster", settings: readStack("cluster", file) }];
            expect(affectedStacks(["components/platform/index.ts"], candidates)).toEqual(["cluster"]);
            expect(affectedStacks(["components/cluster/kind/index.ts"], candidates)).toEqual(["cluster"]);
            expect(affectedStacks(["infra/images/web/Dockerfile"], candidates)).toEqual([]);
        });

        it("the start ends with the way to an environment", () => {
            const text = describePlatform("cluster", "127.0.0.1:8443");
            expect(text).toContain("the gateway is at 127.0.0.1:8443");
            expect(text).toContain("landfall:cluster: { target: existing, stack: organization/landfall/cluster }");
        });
    });
});
