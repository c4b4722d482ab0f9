import * as fs from "node:fs";
import * as path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { differences, renderAll, renderDifferences, Row } from "../../../../../infra/cli/reference/differences";
import { Registered } from "../../../../../infra/cli/capture";

const file = path.resolve(__dirname, "../../../../../components/cluster/DIFFERENCES.md");

let resources: Record<string, Registered[]>;
let rows: Row[];
beforeAll(async () => {
    resources = await renderAll();
    rows = differences(resources);
});

describe("the same application on every target", () => {
    it("differs as the committed table says, and in nothing else (npm run reference)", () => {
        expect(fs.readFileSync(file, "utf8").replaceAll("\r\n", "\n")).toBe(renderDifferences(rows));
    });

    it("has the same objects in its environment, which differ only in where images, volumes and the gateway are", () => {
        const own = rows.filter(({ object }) => / production(\/|$)/.test(object));
        expect(own.filter(({ field }) => field === "")).toEqual([]);
        // On a cluster that isn't the stack's own every object says which stack made it.
        const marked = "metadata.annotations.landfall.dev/stack-id";
        expect(own.filter(({ field }) => field === marked).length).toBeGreaterThan(20);
        expect([...new Set(own.filter(({ field }) => field !== marked).map(({ object, field }) => `${object}: ${field.replace(/\[\d\]/g, "[]")}`))].sort()).toEqual([
            "ConfigMap production/scheduled-tasks-environment: data.WORDPRESS_URL",
            // Where the gateway sees its clients' addresses, the requests and the wrong passwords of each are bounded.
            "ConfigMap production/web-environment: data.WEB_CLIENT_REQUESTS",
            "ConfigMap production/web-environment: data.WORDPRESS_SEES_CLIENTS",
            "ConfigMap production/web-environment: data.WORDPRESS_URL",
            "CronJob production/scheduled-tasks: spec.jobTemplate.spec.template.spec.containers[].image",
            ...["effect", "key", "operator", "value"]
                .map(field => `CronJob production/scheduled-tasks: spec.jobTemplate.spec.template.spec.tolerations[].${field}`),
            // The digest of the web's environment.
            "Deployment production/web: spec.template.metadata.annotations.landfall.dev/config",
            "Deployment production/web: spec.template.spec.containers[].image",
            "Deployment production/web: spec.template.spec.initContainers[].image",
            // Stateless pods bear the taint of machines that may be taken away, where a pool has such.
            ...["effect", "key", "operator", "value"]
                .map(field => `Deployment production/web: spec.template.spec.tolerations[].${field}`),
            "HTTPRoute production/web-http-www.example.com: spec.rules[].filters[].requestRedirect.port",
            // Where DNS answers at an address that is no pod's.
            "NetworkPolicy production/allow-dns: spec.egress[].to[].ipBlock.cidr",
            "PersistentVolumeClaim production/database-data: spec.storageClassName",
            "PersistentVolumeClaim production/web-uploads: spec.storageClassName",
            "StatefulSet production/database: spec.template.spec.containers[].image",
        ]);
    });

    it("would be told apart by a single field", () => {
        const [first, ...others] = Object.keys(resources);
        const changed = structuredClone(resources[first].map(({ custom, type, inputs }) => ({ custom, type, inputs })));
        const budget = changed.find(({ inputs }) => inputs.kind === "PodDisruptionBudget");
        (budget?.inputs.spec as { maxUnavailable: number }).maxUnavailable = 2;
        const again = differences({ ...resources, [first]: changed as unknown as Registered[] });
        expect(again).toHaveLength(rows.length + 1);
        expect(again.find(row => row.field === "spec.maxUnavailable")?.values[others[0]]).toBe("1");
    });
});
