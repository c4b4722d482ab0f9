import * as fs from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { dollars } from "../../../../infra/cli/cost";
import { type Estimate, estimate } from "../../../../infra/cli/cost/estimate";
import { captureAll, file, renderCosts } from "../../../../infra/cli/reference/cost";
import { runStack } from "../../support/program";

let captured: Awaited<ReturnType<typeof captureAll>>;
beforeAll(async () => { captured = await captureAll(); }, 300_000); // nine programs, on three clouds' SDKs

/** The estimate in production of what the program makes, with something in it changed. */
const changed = (stack: string, from: RegExp, to: string): Estimate =>
    estimate(JSON.parse(JSON.stringify(captured[`${stack}, production`]).replace(from, to)))!;

describe.each(["eks", "gke", "aks"])("the cost of %s", stack => {
    it("is less in development than in production, and more in a spike", () => {
        const [production, auto, development] = Object.values(captured).slice(["eks", "gke", "aks"].indexOf(stack) * 3).map(estimate);
        for (const state of ["rest", "spike"] as const) expect(development!.total[state]).toBeLessThan(production!.total[state]);
        for (const { total } of [production!, auto!, development!]) expect(total.spike).toBeGreaterThan(total.rest);
    });

    it("grows with the nodes alone, and with a volume", () => {
        const [one, two, three] = ["10", "20", "30"].map(count => changed(stack, /(?<="(maxSize|totalMaxNodeCount|maxCount)":)\d+/g, count));
        expect(two.nodes.spike).toBeGreaterThan(one.nodes.spike);
        expect(three.total.spike - two.total.spike).toBeCloseTo(two.nodes.spike - one.nodes.spike, 6);
        expect(three.total.rest).toBe(one.total.rest);
        expect(changed(stack, /(?<="storage":")20Gi/g, "200Gi").total.rest).toBeGreaterThan(one.total.rest + 10);
    });

    it("isn't guessed for a machine without a price", () => {
        expect(() => changed(stack, /m6i\.large|e2-standard-4|Standard_D4as_v5/g, "x9.huge"))
            .toThrow("No price is known for the machine type x9.huge, so the cost of the stack can't be estimated.");
    });
});

it("is documented as it is (npm run reference), in two digits, and nobody's without a cloud", async () => {
    expect(fs.readFileSync(file, "utf8").replaceAll("\r\n", "\n")).toBe(renderCosts(captured));
    expect([424.47, 3.169, 0.086, 1003].map(dollars)).toEqual(["$420", "$3.2", "$0.086", "$1,000"]);
    for (const stack of ["dev", "prod"]) expect(estimate(await runStack(stack))).toBeUndefined();
});
