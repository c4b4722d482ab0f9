import { beforeAll, describe, expect, it } from "vitest";
import { Cluster, nameOf } from "./support/kubernetes";
import { names } from "./support/names";
import { npm } from "./support/npm";
import { ask as askSite } from "./support/site";
import { ensureUp, figure } from "./support/stack";
import { until } from "./support/wait";

const namespace = "landfall-logs";
const port = 9428;
const day = 24 * 60 * 60 * 1000;

let cluster: Cluster;
let authorization: string;

beforeAll(async () => {
    await ensureUp();
    cluster = await Cluster.connect();
    const { data } = await cluster.core.readNamespacedSecret({ name: "log-store", namespace });
    const password = Buffer.from(data?.password ?? "", "base64").toString();
    authorization = `Basic ${Buffer.from(`landfall:${password}`).toString("base64")}`;
});

describe("npm run logs", () => {
    it("prints a request that was just made, with the pod that answered it", async () => {
        const page = `/no-such-page-${Date.now()}`;
        expect((await askSite({ path: page })).status).toBe(404);
        const web = (await cluster.pods("web")).map(nameOf);
        const line = await until("the request in the logs", async () => {
            const { stdout } = await npm(["run", "--silent", "logs", "--", "web", "--since", "5m", "--stack", names.stack], {}, false);
            return stdout.split("\n").find(each => each.includes(page));
        }, 60, 2);
        expect(web).toContain(line.split("  ")[0]);
    });
});

describe("kept logs", () => {
    const ask = async (path: string, request: RequestInit = {}): Promise<string> => {
        const pod = await cluster.readyPod("log-store", namespace);
        return cluster.get(pod, port, path, { ...request, headers: { ...request.headers as object, authorization } });
    };

    it("need the password", async () => {
        const pod = await cluster.readyPod("log-store", namespace);
        await expect(cluster.get(pod, port, "/select/logsql/query?query=*")).rejects.toThrow(/: 401$/);
    });

    // Days aren't waited for: the store says what it has understood, and treats lines that come late by the same rule.
    it("are bounded by age and size, as the settings say, and refused when too old", async () => {
        const flags = await ask("/flags");
        expect(flags).toMatch(/^-retentionPeriod="7d"$/m);
        expect(flags).toMatch(/^-retention\.maxDiskSpaceUsageBytes="8589934592"$/m);
        const marker = `marker-${Date.now()}`;
        const line = (age: number) => JSON.stringify({
            "_time": new Date(Date.now() - age * day).toISOString(), "_msg": `${marker} of ${age} days`,
            "kubernetes.pod_namespace": names.environment, "kubernetes.pod_name": "web-past", "kubernetes.container_name": "web",
            "kubernetes.pod_labels.app.kubernetes.io/name": "web",
        });
        const fields = "_stream_fields=kubernetes.pod_namespace,kubernetes.pod_name,kubernetes.container_name";
        await ask(`/insert/jsonline?${fields}`, {
            method: "POST", body: [0.1, 6, 8, 30].map(line).join("\n"), headers: { "Content-Type": "application/stream+json" },
        });
        const found = await until("the lines", async () => {
            const { stdout } = await npm(["run", "--silent", "logs", "--", "--since", "365d", "--grep", marker, "--stack", names.stack], {}, false);
            return stdout.includes("of 0.1 days") && stdout.trimEnd().split("\n");
        }, 60, 2);
        expect(found).toEqual([6, 0.1].map(age => `web-past  ${marker} of ${age} days`));
    });

    it("cost little", async () => {
        const metrics = await ask("/metrics");
        const value = (name: string) => Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(metrics)?.[1]);
        figure("memory of the logs' store", `${Math.round(value("process_resident_memory_bytes") / 2 ** 20)} MiB`);
        expect(value("vl_storage_is_read_only")).toBe(0);
    });
});
