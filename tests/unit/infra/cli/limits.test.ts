import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { limitRows } from "../../../../infra/cli/limits";
import type { Row } from "../../../../infra/cli/limits/rows";
import { readStack } from "../../../../infra/cli/stack/config";
import { captureStack, object, objects, type Manifest } from "../../support/program";

const root = path.resolve(__dirname, "../../../..");

async function rowsOf(stack: string): Promise<Row[]> {
    return limitRows(readStack(stack, path.join(root, `Pulumi.${stack}.yaml`)), (await captureStack(stack)).resources);
}

const value = (rows: Row[], layer: string, setting: string): Row["value"] | undefined =>
    rows.find(row => row.layer === layer && row.setting === setting)?.value;

describe("the limits of an application of services", () => {
    it("are those that its objects have", async () => {
        const [rows, { resources }] = [await rowsOf("services"), await captureStack("services")];
        type Pod = { terminationGracePeriodSeconds: number; containers: { resources: { limits: Record<string, string> } }[] };
        const { spec: { template: { spec: pod } } } = object<Manifest & { spec: { template: { spec: Pod } } }>(resources, "Deployment", "counter");
        const { limits } = pod.containers[0].resources;
        expect([value(rows, "counter", "memory"), value(rows, "counter", "cpu")]).toEqual([limits.memory, limits.cpu]);
        expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(Number.parseInt(String(value(rows, "counter", "drain")), 10));
        const route = objects<Manifest & { spec: { rules: { timeouts?: { request: string } }[] } }>(resources, "HTTPRoute")
            .find(({ metadata }) => metadata.name.includes("https"));
        expect(route?.spec.rules[0].timeouts?.request).toBe(value(rows, "counter", "request timeout"));
        // Five and a quarter, rounded up, of ten connections each.
        expect([value(rows, "counter", "replicas at most"), value(rows, "counter", "database connections")]).toEqual([7, 70]);
        expect(Number(value(rows, "database", "max_user_connections"))).toBeGreaterThanOrEqual(70);
        expect(rows.find(({ setting }) => setting === "max_user_connections")?.why).toContain("all services' pods open 70");
        expect(value(rows, "gateway", "proxies")).toBe("2 to 4");
    });

    it("say nothing of WordPress", async () => {
        const rows = await rowsOf("services");
        expect(new Set(rows.map(({ layer }) => layer))).toEqual(new Set(["gateway", "counter", "database"]));
        expect(JSON.stringify(rows)).not.toMatch(/PHP|Apache|web pods|app\.web/);
    });
});

describe("the limits of an environment on another stack's cluster", () => {
    it("are its own: the gateway's are the other stack's", async () => {
        const rows = await rowsOf("uat");
        expect(new Set(rows.map(({ layer }) => layer))).toEqual(new Set(["pod", "Apache", "PHP", "tasks", "database"]));
    });
});
