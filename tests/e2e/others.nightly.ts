import { describe, expect, it } from "vitest";
import { OthersCluster } from "./support/others-cluster";

describe("a cluster from which others remove their cert-manager, metrics-server and Gateway API", () => {
    const cluster = new OthersCluster("others-gone", 18848);

    cluster.expectUsed();

    it("gets Landfall's own when theirs are removed, with all objects that went with their CRDs", async () => {
        await cluster.installed.remove();
        await cluster.up();
        expect((await cluster.answer()).status).toBe(200);
        expect(await cluster.namespaces()).toContain("landfall-metrics");
        expect(await cluster.installed.names("/apis/apps/v1/namespaces/landfall-certificates/deployments")).toContain("cert-manager");
        await cluster.expectUnchanged();
    });
});
