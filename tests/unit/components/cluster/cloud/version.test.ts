import * as random from "@pulumi/random";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkedVersion, stepProblem } from "../../../../../components/cluster/cloud/version";
import { captureProgram } from "../../../../../infra/cli/capture";

describe("the version of Kubernetes", () => {
    const minor = fc.integer({ min: 20, max: 60 });
    const patch = fc.constantFrom("", ".0", ".7", ".3-gke.1000", ".12-eks-a1b2c3");

    it("stays or goes up by one minor version, and no other way", () => {
        fc.assert(fc.property(minor, minor, patch, (from, to, suffix) => {
            const problem = stepProblem(`1.${from}${suffix}`, `1.${to}`);
            expect(problem === undefined).toBe(to === from || to === from + 1);
        }));
    });

    it("is refused with the next step that can be taken", () => {
        expect(stepProblem("1.34.1", "1.36")).toBe("The cluster runs Kubernetes 1.34, and " +
            "landfall:cluster.kubernetesVersion asks for 1.36. Kubernetes goes up one minor version at a time: set it " +
            "to \"1.35\" and run the program, then go on to the next.");
        expect(stepProblem("1.36", "1.35")).toContain("can't go back to an older version. Set it to \"1.36\", or create another cluster");
    });

    it("is checked before the cluster is registered; of one that is not there yet it may be any", async () => {
        const made = (current: string | undefined) => captureProgram({
            stack: "test",
            config: {},
            program: async () => new random.RandomUuid("cluster", {
                keepers: { version: checkedVersion(Promise.resolve(current), "1.36") },
            }),
        });
        const { resources } = await made(undefined);
        expect(resources.find(({ name }) => name === "cluster")?.inputs.keepers).toEqual({ version: "1.36" });
        await expect(made("1.34.7")).rejects.toThrow(/set it to "1\.35"/);
    });
});
