import { describe, expect, it } from "vitest";
import type { Json } from "../../components/cluster/kubernetes-api";
import { others } from "./support/others";
import { OthersCluster } from "./support/others-cluster";

describe("a cluster in which others installed other versions of cert-manager, metrics-server and the Gateway API", () => {
    const cluster = new OthersCluster("others", 18847);

    it("is refused while their cert-manager is scaled to 0, by name and with a way out", async () => {
        const { installed } = cluster;
        await installed.scale("cert-manager", "cert-manager", 0);
        const { code, output } = await cluster.pulumi("preview").ended;
        await installed.scale("cert-manager", "cert-manager", 1);
        expect(code).not.toBe(0);
        expect(output).toMatch(new RegExp(`cert-manager ${others.certManager} .*isn't running`));
        expect(output).toMatch(/way: +start it again/);
        await installed.available("cert-manager", "cert-manager");
        cluster.before = await installed.declared();
    });

    cluster.expectUsed();

    it("has all of theirs as it was when the stack is destroyed, and Contour's CRDs for whoever uses them", async () => {
        await cluster.destroy();
        expect(await cluster.installed.declared()).toEqual(cluster.before);
        const isKept = ({ annotations }: Json) => (annotations as Json | undefined)?.["landfall.dev/kept-for"] === "others/e2e";
        const kept = await cluster.installed.names("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", isKept);
        expect(kept.length).toBeGreaterThan(0);
        expect(kept.filter(name => !name.endsWith(".projectcontour.io"))).toEqual([]);
        expect(await cluster.namespaces()).not.toContain("landfall-gateway");
    });
});
