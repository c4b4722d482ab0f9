import * as fs from "node:fs";
import * as path from "node:path";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { clouds, Estimate, estimate, monthWithSpike, totalPerHour } from "../../../../infra/cli/cost/estimate";
import { cheapestFit } from "../../../../infra/cli/cost/fit";
import { Item, Machine, perHour, Price, Quantity } from "../../../../infra/cli/cost/model";
import { ByVariant, captureAll, renderCosts } from "../../../../infra/cli/cost/reference";
import { basis, bill } from "../../../../infra/cli/cost/report";
import { terminal } from "../../../../infra/cli/cost/table";
import { Registered } from "../../../../infra/cli/capture";
import { Values } from "../../../../infra/values";
import { runStack } from "../../support/program";

const file = path.resolve(__dirname, "../../../../components/cluster/COST.md");
const stacks = ["eks", "gke", "aks"];

let captured: ByVariant<Registered[]>;
// Nine programs, on three clouds' SDKs.
beforeAll(async () => {
    captured = await captureAll();
}, 300_000);

/** The one estimate of resources that are all of one cloud. */
function estimateOf(resources: Registered[]): Estimate {
    const found = estimate(resources);
    expect(found).toHaveLength(1);
    return found[0];
}

function totalOf(resources: Registered[]): Quantity {
    return totalPerHour(estimateOf(resources).items);
}

/** The cost of what a pattern names, and of all the rest. */
function split({ items }: Estimate, pattern: RegExp): [Quantity, Quantity] {
    const named = (item: Item): boolean => pattern.test(item.what);
    return [totalPerHour(items.filter(named)), totalPerHour(items.filter(item => !named(item)))];
}

/** The same resources, of which those of one type have other inputs. */
function withInputs(resources: Registered[], type: string, change: (inputs: Values) => void): Registered[] {
    return resources.map(resource => {
        if (resource.type !== type) return resource;
        const inputs = structuredClone(resource.inputs);
        change(inputs);
        return { ...resource, inputs };
    });
}

/** How the pools of a cloud state their limits. */
const pools: Record<string, { type: string; limit(inputs: Values, limits: { min: number; max: number }): void }> = {
    eks: {
        type: "aws:eks/nodeGroup:NodeGroup",
        limit: (inputs, { min, max }) => { inputs.scalingConfig = { minSize: min, maxSize: max, desiredSize: min }; },
    },
    gke: {
        type: "gcp:container/nodePool:NodePool",
        limit: (inputs, { min, max }) => { inputs.autoscaling = { totalMinNodeCount: min, totalMaxNodeCount: max }; },
    },
    aks: {
        type: "azure-native:containerservice:AgentPool",
        limit: (inputs, { min, max }) => { Object.assign(inputs, { minCount: min, maxCount: max }); },
    },
};

describe.each(stacks)("the cost of %s", stack => {
    const of = (variant: string): Registered[] => captured[stack][variant];
    const limited = (min: number, max: number): Registered[] =>
        withInputs(of("production"), pools[stack].type, inputs => pools[stack].limit(inputs, { min, max }));

    it("has a price for everything, whatever the size and whoever chooses the machines", () => {
        for (const resources of Object.values(captured[stack])) expect(estimateOf(resources).gaps).toEqual([]);
    });

    it("of the nodes goes with their number, and leaves the rest alone", () => {
        // Google bills its NAT for each node too.
        const nodes = /of cluster-pool-|^NAT$/;
        const [one, others] = split(estimateOf(limited(1, 1)), nodes);
        fc.assert(fc.property(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 16 }), (min, more) => {
            const [many, same] = split(estimateOf(limited(min, min + more)), nodes);
            expect(many.rest).toBeCloseTo(one.rest * min, 6);
            expect(many.spike).toBeCloseTo(one.spike * (min + more), 6);
            expect(same).toEqual(others);
        }), { numRuns: 30 });
    });

    it("is less in development than in production, at rest and in the spike", () => {
        const [development, production] = [totalOf(of("development")), totalOf(of("production"))];
        expect(development.rest).toBeLessThan(production.rest);
        expect(development.spike).toBeLessThan(production.spike);
    });

    it("grows in the spike, and falls back", () => {
        for (const resources of Object.values(captured[stack])) {
            const { rest, spike } = totalOf(resources);
            expect(rest).toBeGreaterThan(0);
            expect(spike).toBeGreaterThan(rest);
        }
    });

    it("has an item for every type that is said to bill, in one variant or another", () => {
        const { cloud } = estimateOf(of("production"));
        const made = new Set(Object.values(captured[stack]).flat().map(({ type }) => type));
        const said = [...Object.keys(cloud.billed), ...Object.keys(cloud.byUse)];
        expect(said.filter(type => !made.has(type))).toEqual([]);
    });

    it("counts the balancer and the volumes that the cluster orders", () => {
        const without = (type: string): Quantity =>
            totalOf(of("production").filter(resource => resource.type !== `kubernetes:core/v1:${type}`));
        const whole = totalOf(of("production"));
        expect(without("Service").rest).toBeLessThan(whole.rest);
        expect(without("PersistentVolumeClaim").rest).toBeLessThan(whole.rest);
    });

    it("knows of volumes that are hundreds of times as large", () => {
        const large = withInputs(of("production"), "kubernetes:core/v1:PersistentVolumeClaim", inputs => {
            (inputs.spec as Values).resources = { requests: { storage: "250Gi" } };
        });
        expect(estimateOf(large).gaps).toEqual([]);
        expect(totalOf(large).rest).toBeGreaterThan(totalOf(of("production")).rest);
    });

    it("says so where a machine has no price, and where to enter it", () => {
        const odd = withInputs(of("production"), pools[stack].type, inputs => {
            if (inputs.instanceTypes) inputs.instanceTypes = ["x9.huge"];
            if (inputs.nodeConfig) (inputs.nodeConfig as Values).machineType = "x9.huge";
            if (inputs.vmSize) inputs.vmSize = "x9.huge";
        });
        const found = estimateOf(odd);
        expect(found.gaps.map(({ missing }) => missing))
            .toContain(`a price of x9.huge in ${found.cloud.file}`);
        const text = bill(found, terminal);
        expect(text).toMatch(/NOT PRICED: Nodes of cluster-pool-\w+; there has to be a price of x9\.huge/);
        expect(text).toMatch(/An hour +more than \$/);
    });

    it("says so where nobody has decided whether a type bills", () => {
        const { cloud } = estimateOf(of("production"));
        const [some] = of("production").filter(({ type }) => type.startsWith(cloud.prefix));
        const unknown = { ...some, type: `${cloud.prefix}new/thing:Thing` };
        const ingress = { ...some, type: "kubernetes:networking.k8s.io/v1:Ingress" };
        expect(estimateOf([...of("production"), unknown, ingress]).gaps.map(({ what }) => what)).toEqual([
            `Resources of the type ${unknown.type}`, `Resources of the type ${ingress.type}`,
        ]);
    });

    it("says which prices were compared with nothing, of when the others are, and what isn't counted", () => {
        const found = estimateOf(of("production"));
        const text = basis([found], terminal);
        expect(text).toContain(`in ${found.cloud.region}`);
        expect(text).toMatch(/of 20\d\d-\d\d-\d\d to 20\d\d-\d\d-\d\d; those with \* were entered from knowledge/);
        for (const { what } of found.byUse) expect(text).toContain(`- ${what}: $`);
    });
});

describe("the cost", () => {
    it("is documented as it is (npm run reference)", () => {
        expect(fs.readFileSync(file, "utf8").replaceAll("\r\n", "\n")).toBe(renderCosts(captured));
    });

    it("of a month with a spike is that of a month at rest and of what the spike's hours add", () => {
        expect(monthWithSpike({ rest: 1, spike: 1 })).toBe(730);
        expect(monthWithSpike({ rest: 1, spike: 11 })).toBe(750);
    });

    it("of a stack without a cloud is nobody's", async () => {
        for (const stack of ["dev", "prod"]) expect(estimate(await runStack(stack))).toEqual([]);
    });

    it("by the hour is the same whatever time the price is for", () => {
        const item = (usd: number, per: Price["per"]): Item =>
            ({ what: "a thing", quantity: { rest: 1, spike: 2 }, price: { usd, per, unit: "thing", source: "" } });
        for (const price of [item(1, "hour"), item(24, "day"), item(730, "month")]) {
            expect(perHour(price)).toEqual({ rest: 1, spike: 2 });
        }
        expect(() => perHour(item(1, "use"))).toThrow(/no hour/);
    });

    it("takes as many machines as requests fill, and of two kinds the cheaper in all", () => {
        const machine = (usd: number, cpu: number, memory: number): Machine =>
            ({ price: { usd, per: "hour", unit: "node", source: "" }, cpu, memory });
        const requests = { cpu: { rest: 3, spike: 30 }, memory: { rest: 10, spike: 20 } };
        const kinds = { thin: machine(1, 2, 4), fat: machine(2, 2, 16), dear: machine(9, 64, 64) };
        const { type, count } = cheapestFit(kinds, requests);
        expect({ type, count }).toEqual({ type: "thin", count: { rest: 3, spike: 15 } });
    });

    it("is reckoned with prices that name the provider's own page", () => {
        const hosts = /^https:\/\/(aws\.amazon\.com|cloud\.google\.com|azure\.microsoft\.com)\//;
        const estimates = stacks.flatMap(stack => Object.values(captured[stack])).flatMap(estimate);
        expect(new Set(estimates.map(({ cloud }) => cloud))).toEqual(new Set(clouds));
        for (const { items, byUse } of estimates) {
            for (const { price } of [...items, ...byUse]) {
                expect(price.usd).toBeGreaterThan(0);
                expect(price.source).toMatch(hosts);
                expect(price.seen ?? "2024-01-01").toMatch(/^20\d\d-\d\d-\d\d$/);
            }
        }
    });
});
